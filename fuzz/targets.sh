# Sourced by the scripts of this folder: what belongs to a target.

# The dictionary of target $1.
dictionary() {
	case $1 in
	server|client|peer|judge|iperf3_server|iperf3_client|iperf3_judge|iperf3_peer) echo fuzz/dict/events.dict ;;
	results|iperf3_parameters|iperf3_results) echo fuzz/dict/json.dict ;;
	connection|control|datagram|message|terminator) echo fuzz/dict/text.dict ;;
	iperf3_control|iperf3_datagram) echo fuzz/dict/iperf3.dict ;;
	capture|reassembly) echo fuzz/dict/capture.dict ;;
	case) echo fuzz/dict/case.dict ;;
	esac
}

# Executions in `make check`, so that each target takes about a second and a half.
budget() {
	case $1 in
	capture|case) echo 2000 ;;
	reassembly|client) echo 5000 ;;
	server|peer|judge|iperf3_server|iperf3_judge|iperf3_client|iperf3_peer) echo 6000 ;;
	results|iperf3_parameters|iperf3_results) echo 12000 ;;
	*) echo 20000 ;;
	esac
}

# The longest input that is made.
longest() {
	case $1 in
	capture|case|results|iperf3_parameters|iperf3_results) echo 4096 ;;
	*) echo 1024 ;;
	esac
}
