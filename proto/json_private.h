/* What the readers of JSON share: loading within bounds, and numbers of the iperf3 profile. Private to the library. */
#ifndef IPERF_PROTO_JSON_PRIVATE_H
#define IPERF_PROTO_JSON_PRIVATE_H

#include <jansson.h>

#include "proto/iperf3_parameters.h"

enum iperf_json_fault {
	IPERF_JSON_LONG,      /* longer than allowed */
	IPERF_JSON_DEEP,      /* nested deeper than allowed */
	IPERF_JSON_MEMORY,
	IPERF_JSON_NUMBER,    /* a number that is too large to be held */
	IPERF_JSON_DUPLICATE, /* a name that stands twice in an object */
	IPERF_JSON_SYNTAX,    /* no JSON, or neither object nor array */
};

struct iperf_json_problem {
	enum iperf_json_fault fault;
	size_t offset; /* octets into the text */
	char text[160];
};

struct iperf_json_limits {
	size_t length;       /* octets */
	int depth;           /* of arrays and objects */
	bool large_integers; /* those beyond int64_t are taken: then all integers of the text are held as doubles */
	bool duplicates;     /* a name may stand twice in an object */
};

/* The value, for json_decref; or NULL and what is wrong. */
json_t *iperf_json_load(const char *text, size_t length, const struct iperf_json_limits *limits,
			struct iperf_json_problem *problem);

/* --- the iperf3 profile ------------------------------------------------------------------------------------------- */

/* Loads the object that is a message of at most max octets; NULL with *error. Else *error has no text yet and
 * at_known is false. A key may stand once, in the outer object and in "streams"; in values that nobody knows iperf3
 * itself repeats some. */
json_t *iperf3_json_load(const char *text, size_t length, size_t max, struct iperf3_json_error *error);

/* Sets why and text. Returns false. */
__attribute__((format(printf, 3, 4))) bool iperf3_json_wrong(struct iperf3_json_error *error,
							     enum iperf_requirement why, const char *format, ...);

/* The integer that a number stands for: false when it is none. 18446744073709551615 is -1 (R-22.4-8), 1.5e+15 is an
 * integer (R-22.4-9), and what is beyond int64_t becomes its nearest value. */
bool iperf3_json_integer(const json_t *number, int64_t *value);

#endif
