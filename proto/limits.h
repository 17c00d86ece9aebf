/* Timers, bounds and the port of the text profile, each with the section that gives it. All are defaults: the user may
 * set them (R-10-4). Times are in nanoseconds, as everywhere in this library. */
#ifndef IPERF_PROTO_LIMITS_H
#define IPERF_PROTO_LIMITS_H

#include <stdint.h>

#define IPERF_MS INT64_C(1000000)    /* a millisecond */
#define IPERF_S  INT64_C(1000000000) /* a second */

#define IPERF_T_HELLO   (10 * IPERF_S)   /* SPEC 10: preamble and first message */
#define IPERF_T_BEGIN   (10 * IPERF_S)   /* SPEC 6.3: a provisionally held cookie */
#define IPERF_T_IDLE    (60 * IPERF_S)   /* SPEC 10: a silent test */
#define IPERF_T_RESULTS (10 * IPERF_S)   /* SPEC 10: a client's patience */
#define IPERF_T_REJECT  (500 * IPERF_MS) /* SPEC 5.2: rejection or abort */

#define IPERF_PENDING_MAX 64  /* SPEC 11: connections without a first message; silent strangers must lock nobody out */
#define IPERF_RESULTS_MAX 64  /* SPEC 11: answered results connections that are still open */
#define IPERF_STREAMS_MAX 128 /* SPEC 11: streams of a test, ended ones included */

#define IPERF_STREAM_BEGINS  3                /* SPEC 8.4: datagrams of STREAM_BEGIN for a UDP stream */
#define IPERF_STREAM_ENDS    3                /* SPEC 8.4: datagrams of STREAM_END at least */
#define IPERF_STREAM_END_GAP (10 * IPERF_MS)  /* SPEC 8.4: between two of these at least */

#define IPERF_RESULT_DATA_MAX (1024 * 1024) /* SPEC 9.2: longer result data may be taken as malformed */
#define IPERF_RESULT_DEPTH_MAX 32           /* SPEC 9.2: deeper result data may be taken as malformed */

#define IPERF_PORT 5201 /* SPEC 12 */

#endif
