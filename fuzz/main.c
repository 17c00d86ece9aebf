/* A program around a target where no fuzzing engine is at hand: it runs the target on files, and on mutations of them
 * that are the same each time.
 *
 *
 *
 *
 *
 * An input that is found wanting ends it by a signal; before each one its name is kept, and of a mutation its octets
 * are written to ./crash-mutation. It says how many inputs there were and how fast they ran. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX 65536

/* A sanitizer that has found something aborts, so that on_crash() can name the input. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

struct corpus {
	uint8_t **octets;
	size_t *lengths;
	size_t count, room;
	uint64_t total;
};

static char now_at[4096];
static uint8_t *mutation;
static size_t mutation_length;

static void write_all(int fd, const void *octets, size_t length)
{
	ssize_t written = write(fd, octets, length);

	(void)written;
}

/* Says which input it was; only with what a signal handler may call. */
static void on_crash(int number)
{
	write_all(STDERR_FILENO, "input: ", 7);
	write_all(STDERR_FILENO, now_at, strlen(now_at));
	write_all(STDERR_FILENO, "\n", 1);
	if (mutation) {
		int fd = open("crash-mutation", O_WRONLY | O_CREAT | O_TRUNC, 0644);

		write_all(fd, mutation, mutation_length);
		close(fd);
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void keep(struct corpus *c, uint8_t *octets, size_t length)
{
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 256;
		c->octets = realloc(c->octets, c->room * sizeof *c->octets);
		c->lengths = realloc(c->lengths, c->room * sizeof *c->lengths);
		must(c->octets && c->lengths);
	}
	c->octets[c->count] = octets;
	c->lengths[c->count++] = length;
	c->total += length;
}

static void run_stream(struct corpus *c, FILE *file)
{
	uint8_t *octets = malloc(INPUT_MAX);
	size_t length;

	must(octets);
	length = fread(octets, 1, INPUT_MAX, file);
	octets = realloc(octets, length ? length : 1);
	must(octets);
	keep(c, octets, length);
	LLVMFuzzerTestOneInput(octets, length);
}

static void run_path(struct corpus *c, const char *path);

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void run_folder(struct corpus *c, const char *path)
{
	struct dirent **names;
	char inner[4096];
	int count = scandir(path, &names, NULL, by_name);

	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.' &&
		    (size_t)snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name) < sizeof inner)
			run_path(c, inner);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static void run_path(struct corpus *c, const char *path)
{
	struct stat about;
	FILE *file;

	if (strcmp(path, "-") == 0) {
		run_stream(c, stdin);
		return;
	}
	if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
		run_folder(c, path);
		return;
	}
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(2);
	}
	snprintf(now_at, sizeof now_at, "%s", path);
	run_stream(c, file);
	fclose(file);
}

/* --- mutations ----------------------------------------------------------------------------------------------- */

/* splitmix64: the same numbers for the same seed. */
static uint64_t chance(uint64_t *seed, uint64_t below)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

static size_t mutate_once(uint8_t *at, size_t length, const struct corpus *c, uint64_t *seed)
{
	size_t here = chance(seed, length + 1), other, from, n;

	switch (chance(seed, 6)) {
	case 0:
		if (here < length)
			at[here] ^= (uint8_t)(1u << chance(seed, 8));
		return length;
	case 1:
		if (here < length)
			at[here] = (uint8_t)chance(seed, 256);
		return length;
	case 2: /* leave some out */
		n = chance(seed, length - here + 1) % 64;
		memmove(at + here, at + here + n, length - here - n);
		return length - n;
	case 3: /* repeat some */
		n = chance(seed, length - here + 1) % 64;
		if (length + n > INPUT_MAX)
			return length;
		memmove(at + here + n, at + here, length - here);
		return length + n;
	case 4: /* put some of another input in, over what is there */
		other = chance(seed, c->count);
		from = chance(seed, c->lengths[other] + 1);
		n = chance(seed, c->lengths[other] - from + 1) % 256;
		n = here + n <= INPUT_MAX ? n : INPUT_MAX - here;
		memcpy(at + here, c->octets[other] + from, n);
		return here + n > length ? here + n : length;
	default:
		return chance(seed, 4) ? length : here;
	}
}

/* Of the processor: what others do at the same time does not count. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t run_mutations(const struct corpus *c, uint64_t runs, uint64_t seed, double until)
{
	static uint8_t room[INPUT_MAX];
	uint64_t done = 0;

	for (; done < runs && (done % 256 || now() < until); done++) {
		size_t from = c->count ? chance(&seed, c->count) : 0, length = c->count ? c->lengths[from] : 0;
		uint8_t *octets;

		if (length)
			memcpy(room, c->octets[from], length);
		for (uint64_t n = chance(&seed, 5) + 1; n > 0 && c->count; n--)
			length = mutate_once(room, length, c, &seed);
		snprintf(now_at, sizeof now_at, "mutation %llu", (unsigned long long)done);
		octets = exactly(room, length);
		mutation = octets;
		mutation_length = length;
		LLVMFuzzerTestOneInput(octets, length);
		mutation = NULL;
		free(octets);
	}
	return done;
}

int main(int count, char **words)
{
	struct corpus c = { 0 };
	uint64_t runs = 0, seed = 1, done;
	double seconds = 0, began = now(), took;
	int paths = 0;

	signal(SIGABRT, on_crash);
	for (int i = 1; i < count; i++) {
		if (strncmp(words[i], "--runs=", 7) == 0)
			runs = strtoull(words[i] + 7, NULL, 10);
		else if (strncmp(words[i], "--seed=", 7) == 0)
			seed = strtoull(words[i] + 7, NULL, 10);
		else if (strncmp(words[i], "--seconds=", 10) == 0)
			seconds = strtod(words[i] + 10, NULL);
		else
			paths++, run_path(&c, words[i]);
	}
	if (paths == 0) {
		fprintf(stderr, "usage: %s [--runs=N] [--seed=N] [--seconds=N] FILE-OR-FOLDER...\n", words[0]);
		return 2;
	}
	printf("%zu inputs of %llu octets in %.2f s\n", c.count, (unsigned long long)c.total, now() - began);
	began = now();
	done = run_mutations(&c, seconds > 0 && runs == 0 ? UINT64_MAX : runs, seed, seconds > 0 ? began + seconds : 1e300);
	took = now() - began;
	if (done)
		printf("%llu mutations, %.0f a second of processor time\n", (unsigned long long)done, (double)done / took);
	for (size_t i = 0; i < c.count; i++)
		free(c.octets[i]);
	free(c.octets);
	free(c.lengths);
	return 0;
}
