#include "conformance/shortage.h"

#include <errno.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "conformance/command.h"

static const char *seen;

const char *shortage_seen(void)
{
	return seen;
}

int shortage_note(int error)
{
	if (!seen && error == ENOMEM)
		seen = "out of memory";
	else if (!seen && (error == EMFILE || error == ENFILE))
		seen = "too many open files";
	return error;
}

static void *noted(void *memory)
{
	if (!memory)
		shortage_note(ENOMEM);
	return memory;
}

/* --- what the linker leads here ---------------------------------------------------------------------------------- */

/* The functions themselves; weak, for programs that are linked without --wrap have none under these names. */
#define LED(type, name, declared)                                                                                      \
	type __real_##name declared __attribute__((weak));                                                             \
	type __wrap_##name declared

LED(void *, malloc, (size_t size));
LED(void *, calloc, (size_t count, size_t size));
LED(void *, realloc, (void *old, size_t size));
LED(char *, strdup, (const char *text));
LED(char *, strndup, (const char *text, size_t most));
LED(int, vasprintf, (char **text, const char *format, va_list arguments)) __attribute__((format(printf, 2, 0)));
LED(int, asprintf, (char **text, const char *format, ...)) __attribute__((format(printf, 2, 3)));
/* what they are with _FORTIFY_SOURCE */
LED(int, __vasprintf_chk, (char **text, int flag, const char *format, va_list arguments))
	__attribute__((format(printf, 3, 0)));
LED(int, __asprintf_chk, (char **text, int flag, const char *format, ...)) __attribute__((format(printf, 3, 4)));
LED(FILE *, fopen, (const char *path, const char *mode));
LED(ssize_t, getline, (char **line, size_t *room, FILE *in));
LED(ssize_t, __getdelim, (char **line, size_t *room, int end, FILE *in)); /* what getline() is when it is inline */
LED(FILE *, open_memstream, (char **text, size_t *length));
LED(int, socket, (int domain, int type, int protocol));
LED(int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags));
LED(int, pipe, (int ends[2]));
LED(int, pipe2, (int ends[2], int flags));
LED(int, memfd_create, (const char *name, unsigned flags));
LED(int, pidfd_open, (pid_t pid, unsigned flags));
LED(pcap_t *, pcap_fopen_offline_with_tstamp_precision, (FILE *in, u_int precision, char *reason));

void *__wrap_malloc(size_t size)
{
	return noted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return noted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	return noted(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
	return noted(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t most)
{
	return noted(__real_strndup(text, most));
}

int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	int length = __real_vasprintf(text, format, arguments);

	if (length < 0)
		shortage_note(ENOMEM);
	return length;
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = __wrap_vasprintf(text, format, arguments);
	va_end(arguments);
	return length;
}

int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list arguments)
{
	int length = __real___vasprintf_chk(text, flag, format, arguments);

	if (length < 0)
		shortage_note(ENOMEM);
	return length;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = __wrap___vasprintf_chk(text, flag, format, arguments);
	va_end(arguments);
	return length;
}

/* --- what makes a descriptor ------------------------------------------------------------------------------------- */

#define NOTES(name, declared, given)                                                                                   \
	int __wrap_##name declared                                                                                     \
	{                                                                                                              \
		int result = __real_##name given;                                                                      \
                                                                                                                       \
		if (result < 0)                                                                                        \
			shortage_note(errno);                                                                          \
		return result;                                                                                         \
	}

NOTES(socket, (int domain, int type, int protocol), (domain, type, protocol))
NOTES(accept4, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags), (fd, address, size, flags))
NOTES(pipe, (int ends[2]), (ends))
NOTES(pipe2, (int ends[2], int flags), (ends, flags))
NOTES(memfd_create, (const char *name, unsigned flags), (name, flags))
NOTES(pidfd_open, (pid_t pid, unsigned flags), (pid, flags))

/* --- streams ----------------------------------------------------------------------------------------------------- */

FILE *__wrap_fopen(const char *path, const char *mode)
{
	FILE *file = __real_fopen(path, mode);

	if (!file)
		shortage_note(errno);
	return file;
}

static ssize_t noted_line(ssize_t length)
{
	if (length < 0)
		shortage_note(errno);
	return length;
}

ssize_t __wrap_getline(char **line, size_t *room, FILE *in)
{
	errno = 0;
	return noted_line(__real_getline(line, room, in));
}

ssize_t __wrap___getdelim(char **line, size_t *room, int end, FILE *in)
{
	errno = 0;
	return noted_line(__real___getdelim(line, room, end, in));
}

/* --- a stream into memory: that of glibc loses what it has no room for, and does not tell ------------------------- */

struct stream {
	char **text;
	size_t *length;
	size_t room;
};

static ssize_t stream_write(void *cookie, const char *octets, size_t count)
{
	struct stream *stream = cookie;

	if (*stream->length + count >= stream->room) {
		size_t room = 2 * stream->room + count;
		char *text = __wrap_realloc(*stream->text, room);

		if (!text)
			return 0; /* the stream has an error from now on */
		*stream->text = text;
		stream->room = room;
	}
	memcpy(*stream->text + *stream->length, octets, count);
	*stream->length += count;
	(*stream->text)[*stream->length] = '\0';
	return (ssize_t)count;
}

static int stream_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *__wrap_open_memstream(char **text, size_t *length)
{
	static const cookie_io_functions_t functions = { .write = stream_write, .close = stream_close };
	struct stream *stream = __wrap_malloc(sizeof *stream);
	FILE *out = NULL;

	*text = __wrap_calloc(1, BUFSIZ);
	*length = 0;
	if (stream && *text) {
		*stream = (struct stream){ .text = text, .length = length, .room = BUFSIZ };
		out = noted(fopencookie(stream, "w", functions));
	}
	if (out)
		return out;
	free(stream);
	free(*text);
	*text = NULL;
	return NULL;
}

/* --- libraries --------------------------------------------------------------------------------------------------- */

pcap_t *__wrap_pcap_fopen_offline_with_tstamp_precision(FILE *in, u_int precision, char *reason)
{
	pcap_t *pcap = __real_pcap_fopen_offline_with_tstamp_precision(in, precision, reason);

	if (!pcap && strstr(reason, "memory")) /* "malloc: Cannot allocate memory", "out of memory" */
		shortage_note(ENOMEM);
	return pcap;
}

static void *jansson_malloc(size_t size)
{
	void *memory = (malloc)(size);

	if (!memory)
		shortage_end();
	return memory;
}

void shortage_watch(void)
{
	json_set_alloc_funcs(jansson_malloc, free);
}

void shortage_end(void)
{
	fflush(stdout);
	fprintf(stderr, "iperf-conform: out of memory\n");
	exit(STATUS_UNTESTED);
}
