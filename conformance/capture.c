#include "conformance/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/decode.h"

/* What one read(2) asks for: enough that its cost does not show, little enough to stay in the processor's cache. */
#define BUFFER_SIZE (128 * 1024)

struct capture {
	pcap_t *pcap;                   /* owns the file */
	FILE *file;
	bool seekable;                  /* so that the offset is known */
	uint64_t packets;               /* delivered so far */
	enum capture_result last;       /* what capture_next() returned */
	char name[300];                 /* the file, for sentences */
	char error[CAPTURE_ERROR_SIZE]; /* "" or why it is damaged */
	char buffer[BUFFER_SIZE];       /* of the file */
};

/* How the file begins. */
struct beginning {
	uint8_t octets[6];
	size_t length;
};

/* Opens the file, or a duplicate of standard input, so that closing is the same for both. */
static FILE *open_file(const char *path)
{
	FILE *file;
	int fd;

	if (strcmp(path, "-") != 0)
		return fopen(path, "rb");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "rb");
	if (!file)
		close(fd);
	return file;
}

static void say_not_opened(const char *name, int reason, char *error)
{
	const char *advice = "see whether it can be read at all";

	if (reason == ENOENT || reason == ENOTDIR)
		advice = "check the path";
	else if (reason == EACCES)
		advice = "ask for the permission to read it, or run as its owner";
	else if (reason == EBADF)
		advice = "redirect a capture to it";
	snprintf(error, CAPTURE_ERROR_SIZE, "%s: cannot be opened (%s); %s", name, strerror(reason), advice);
}

/* Reads the first octets and puts them back: pcap_fopen_offline() needs them, and a pipe cannot be rewound. */
static struct beginning peek(FILE *file)
{
	struct beginning b = {.length = 0};

	b.length = fread(b.octets, 1, sizeof b.octets, file);
	/* With a buffer of our own all of it is there, and glibc and musl take back what they have just given. */
	for (size_t i = b.length; i > 0; i--)
		ungetc(b.octets[i - 1], file);
	return b;
}

/* The program that unpacks what begins like this, or NULL if it is not compressed. */
static const char *unpacker(const struct beginning *b)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *program;
	} formats[] = {
		{"\x1f\x8b", 2, "gunzip"},
		{"BZh", 3, "bunzip2"},
		{"\xfd" "7zXZ", 5, "unxz"},
		{"\x28\xb5\x2f\xfd", 4, "unzstd"},
		{"\x04\x22\x4d\x18", 4, "unlz4"},
	};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (b->length >= formats[i].length && memcmp(b->octets, formats[i].magic, formats[i].length) == 0)
			return formats[i].program;
	return NULL;
}

/* True if the file may be a capture; else the error says why not. */
static bool check_file(struct capture *c, char *error)
{
	struct stat st;
	struct beginning b;

	if (fstat(fileno(c->file), &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: is a directory; give one capture file", c->name);
		return false;
	}
	errno = 0;
	b = peek(c->file);
	if (ferror(c->file))
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: cannot be read (%s); see whether another program can read it",
			 c->name, strerror(errno));
	else if (b.length == 0)
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: is empty; let the capturing program end before reading its file",
			 c->name);
	else if (unpacker(&b))
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: is compressed; run %s first", c->name, unpacker(&b));
	else
		return true;
	return false;
}

static void say_no_capture(const char *name, const char *reason, char *error)
{
	if (strncmp(reason, "truncated", 9) == 0)
		snprintf(error, CAPTURE_ERROR_SIZE,
			 "%s: ends within its file header and holds no packet; capture again (libpcap: %s)", name, reason);
	else if (strcmp(reason, "unknown file format") == 0)
		snprintf(error, CAPTURE_ERROR_SIZE,
			 "%s: is no capture, neither pcap nor pcapng; make one with tcpdump -w", name);
	else
		snprintf(error, CAPTURE_ERROR_SIZE, "%s: cannot be read as a capture; make one with tcpdump -w (libpcap: %s)",
			 name, reason);
}

/* Hands the file to libpcap. True if it can be read; else the error says why not. */
static bool start_pcap(struct capture *c, char *error)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	const char *type;
	int linktype;

	c->pcap = pcap_fopen_offline_with_tstamp_precision(c->file, PCAP_TSTAMP_PRECISION_NANO, reason);
	if (!c->pcap) {
		say_no_capture(c->name, reason, error);
		return false;
	}
	linktype = pcap_datalink(c->pcap);
	if (decode_knows(linktype))
		return true;
	type = pcap_datalink_val_to_name(linktype);
	snprintf(error, CAPTURE_ERROR_SIZE, "%s: link type %s (%d) is not supported; capture with one of these: %s",
		 c->name, type ? type : "unknown", linktype, decode_known());
	return false;
}

struct capture *capture_open(const char *path, char error[static CAPTURE_ERROR_SIZE])
{
	struct capture *c = calloc(1, sizeof *c);
	int fd;

	error[0] = '\0';
	if (!c) {
		snprintf(error, CAPTURE_ERROR_SIZE, "%.299s: cannot be opened (out of memory); free some", path);
		return NULL;
	}
	snprintf(c->name, sizeof c->name, "%s", strcmp(path, "-") == 0 ? "standard input" : path);
	c->file = open_file(path);
	if (!c->file) {
		say_not_opened(c->name, errno, error);
		goto failed;
	}
	setvbuf(c->file, c->buffer, _IOFBF, sizeof c->buffer);
	if (!check_file(c, error))
		goto failed;
	fd = fileno(c->file);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only advice: it may fail */
	c->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	if (!start_pcap(c, error))
		goto failed;
	return c;
failed:
	capture_close(c);
	return NULL;
}

/* Makes the sentence for a capture that cannot be read beyond the given offset, -1 if that is not known. */
static void say_damaged(struct capture *c, off_t offset)
{
	const char *reason = pcap_geterr(c->pcap);
	char where[96];

	if (offset >= 0)
		snprintf(where, sizeof where, "after packet %" PRIu64 ", at octet %jd of the file", c->packets,
			 (intmax_t)offset);
	else
		snprintf(where, sizeof where, "after packet %" PRIu64, c->packets);
	if (strstr(reason, "different from the type of the first interface"))
		snprintf(c->error, sizeof c->error,
			 "%s: cannot be read on %s: its interfaces have different link types; capture one interface, or "
			 "\"any\" (libpcap: %s)", c->name, where, reason);
	else if (strstr(reason, "different from the snapshot length"))
		snprintf(c->error, sizeof c->error,
			 "%s: cannot be read on %s: its interfaces have different snap lengths; convert it with editcap "
			 "-F pcap (libpcap: %s)", c->name, where, reason);
	else if (strncmp(reason, "truncated", 9) == 0)
		snprintf(c->error, sizeof c->error,
			 "%s: is cut off %s; let the capturing program end before copying its file (libpcap: %s)",
			 c->name, where, reason);
	else
		snprintf(c->error, sizeof c->error, "%s: is damaged %s; capture or copy it again (libpcap: %s)", c->name,
			 where, reason);
}

/* Nanoseconds since the epoch. With nanosecond precision libpcap puts nanoseconds where microseconds stand else. */
static int64_t to_ns(const struct timeval *t)
{
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)t->tv_sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)t->tv_usec, &ns))
		return t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

enum capture_result capture_next(struct capture *c, struct capture_packet *packet)
{
	struct pcap_pkthdr *header;
	const u_char *octets;
	off_t offset;

	if (c->last != CAPTURE_PACKET)
		return c->last;
	offset = c->seekable ? ftello(c->file) : -1;
	switch (pcap_next_ex(c->pcap, &header, &octets)) {
	case 1:
		packet->number = ++c->packets;
		packet->time_ns = to_ns(&header->ts);
		packet->captured = header->caplen;
		packet->length = header->len;
		packet->octets = octets;
		packet->linktype = pcap_datalink(c->pcap);
		break;
	case PCAP_ERROR_BREAK: /* how libpcap tells the end of a file */
		c->last = CAPTURE_END;
		break;
	default:
		c->last = CAPTURE_DAMAGED;
		say_damaged(c, offset);
		break;
	}
	return c->last;
}

const char *capture_error(const struct capture *c)
{
	return c->error;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->pcap)
		pcap_close(c->pcap);
	else if (c->file)
		fclose(c->file);
	free(c);
}
