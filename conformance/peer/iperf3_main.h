/* The command line with --profile iperf3. */
#ifndef PEER_IPERF3_MAIN_H
#define PEER_IPERF3_MAIN_H

#include <stdbool.h>

/* Takes --profile PROFILE out of the arguments: is it iperf3? */
bool iperf3_is_asked_for(int *argc, char **argv);

int iperf3_main(int argc, char **argv);

#endif
