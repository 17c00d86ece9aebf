/* Numbers as iperf users write them, and as they like to read them. */
#ifndef IPERF_REF_UNITS_H
#define IPERF_REF_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a number that is not negative, such as 12, 1.5M or 10g: suffixes K, M, G and T of either case multiply by a
 * power of base (1000 or 1024). False for anything else and for what does not fit. Exact when there is no fraction. */
bool units_number(const char *text, int64_t base, int64_t *value);

/* Reads seconds, such as 10 or 0.2, as nanoseconds. False for anything else and for what does not fit. */
bool units_seconds(const char *text, int64_t *ns);

#define UNITS_TEXT_SIZE 32

/* Writes octets as iperf3 does, such as "1.10 GBytes" (multiples of 1024). */
void units_octets_text(double octets, char text[static UNITS_TEXT_SIZE]);

/* Writes a rate as iperf3 does, such as "9.41 Gbits/sec" (multiples of 1000). */
void units_rate_text(double bits_per_second, char text[static UNITS_TEXT_SIZE]);

#endif
