#include <errno.h>

#include "proto/iperf3_datagram.h"
#include "proto/iperf3_server_private.h"

static bool has(const struct iperf3_parameters *parameters, enum iperf3_key key)
{
	return parameters->present >> key & 1;
}

static bool len_is_served(const struct iperf3_parameters *parameters)
{
	int64_t least = parameters->udp_counters_64bit ? IPERF3_HEADER_64 : IPERF3_HEADER_32;

	if (parameters->protocol == IPERF_UDP)
		return parameters->len >= least && parameters->len <= IPERF3_DATAGRAM_MAX;
	return parameters->len >= 1 && parameters->len <= IPERF3_LEN_MAX;
}

/* Amounts and times that mean nothing. */
static bool is_negative(const struct iperf3_parameters *parameters)
{
	return parameters->omit < 0 || parameters->time < 0 || parameters->num < 0 || parameters->blockcount < 0 ||
	       parameters->bandwidth < 0 || parameters->burst < 0;
}

int32_t iperf3_server_judge(const struct iperf3_parameters *parameters, size_t streams_max, int32_t *system_error,
			    enum iperf_requirement *why)
{
	*why = IPERF_R_24_6;
	*system_error = EPROTONOSUPPORT;
	if (has(parameters, IPERF3_KEY_SCTP) || has(parameters, IPERF3_KEY_MPTCP))
		return IPERF3_ERROR_STREAM_LISTEN;
	*system_error = 0;
	if (has(parameters, IPERF3_KEY_AUTHTOKEN))
		return IPERF3_ERROR_AUTHENTICATION;
	*system_error = EINVAL;
	if (is_negative(parameters))
		return IPERF3_ERROR_PARAMETERS;
	*why = IPERF_R_24_5;
	if (parameters->parallel < 1 || (uint64_t)parameters->parallel > streams_max) {
		*why = parameters->parallel < 1 ? IPERF_R_24_5 : IPERF_R_32_2;
		return IPERF3_ERROR_STREAM;
	}
	if (!len_is_served(parameters))
		return IPERF3_ERROR_STREAM;
	*why = IPERF_R_24_6; /* what the caller may have against it */
	*system_error = 0;
	return 0;
}
