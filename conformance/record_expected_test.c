/* A dozen of captures, and the cases that come of them, word for word without their heads. They were read by eye when they
 * were written here; whoever changes one of them, reads it again. To be run in the project's root. */
#include "conformance/record.h"
#include "proto/rows_test.h"

/* The steps of all cases of the capture, without waits' reasons and heads. */
static const struct row {
	const char *name; /* the capture */
	const char *text;
} rows[] = {
	{ "tcp-one-stream",
	  "id     tcp-one-stream/1\n"
	  "tests  R-9.1-3 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S [2000 octets of payload]\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":2000,\"packets\":null,\"complete\":true}],\"bytes\":2000}\n"
	  "#3  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  C>S end-of-file\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "udp-one-stream",
	  "id     udp-one-stream/1\n"
	  "tests  R-9.1-3 R-8.3-1 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1     C>S IPERF_TEST_BEGIN $cookie\n"
	  "wait 100ms\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "wait 100ms\n"
	  "#2     C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#2     S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_"
	  "port\":$port(udp:1),\"bytes\":0,\"packets\":0,\"complete\":false}],\"bytes\":0}\n"
	  "#2     C>S close\n"
	  "udp:1  C>S [3000 octets of payload in 12 datagrams]\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "wait 100ms\n"
	  "#3     C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3     S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_"
	  "port\":$port(udp:1),\"bytes\":3000,\"packets\":12,\"complete\":true}],\"bytes\":3000}\n"
	  "#3     C>S close\n"
	  "#1     C>S IPERF_TEST_END $cookie\n"
	  "#1     C>S end-of-file\n"
	  "#1     S>C closed                             ; R-6.5-4\n" },
	{ "collision",
	  "id     collision/1\n"
	  "tests  R-9.1-3 R-6.2-1 R-6.2-2 R-6.1-2 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S [5 octets of payload]\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_TEST_BEGIN $cookie2\n"
	  "#3  S>C closed                                ; R-6.2-2\n"
	  "#4  C>S open\n"
	  "#4  C>S end-of-file\n"
	  "#2  C>S [45 octets of payload]\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "#5  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#5  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":50,\"packets\":null,\"complete\":true}],\"bytes\":50}\n"
	  "#5  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "no-stream",
	  "id     no-stream/1\n"
	  "tests  R-9.1-3 R-8.5-1 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "wait 50ms\n"
	  "#2  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#2  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[],\"bytes\":0}\n"
	  "#2  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  C>S end-of-file\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "results-during-test",
	  "id     results-during-test/1\n"
	  "tests  R-9.1-3 R-8.2-5 R-9.1-4 R-8.1-5 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":0,\"packets\":null,\"complete\":false}],\"bytes\":0}\n"
	  "#3  C>S close\n"
	  "#2  C>S [800 octets of payload]\n"
	  "wait 50ms\n"
	  "#4  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#4  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":800,\"packets\":null,\"complete\":false}],\"bytes\":800}\n"
	  "#4  C>S close\n"
	  "#2  C>S [800 octets of payload]\n"
	  "wait 50ms\n"
	  "#5  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#5  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":1600,\"packets\":null,\"complete\":false}],\"bytes\":1600}\n"
	  "#5  C>S close\n"
	  "#2  C>S [800 octets of payload]\n"
	  "wait 50ms\n"
	  "#6  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#6  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":2400,\"packets\":null,\"complete\":false}],\"bytes\":2400}\n"
	  "#6  C>S close\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "#7  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#7  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":2400,\"packets\":null,\"complete\":true}],\"bytes\":2400}\n"
	  "#7  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "payload-contains-end",
	  "id     payload-contains-end/1\n"
	  "tests  R-9.1-3 R-8.2-5 R-9.1-4 R-8.1-5 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":0,\"packets\":null,\"complete\":true}],\"bytes\":0}\n"
	  "#3  C>S close\n"
	  "#2  C>S [4 octets of payload]\n"
	  "wait 50ms\n"
	  "#4  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#4  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":53,\"packets\":null,\"complete\":false}],\"bytes\":53}\n"
	  "#4  C>S close\n"
	  "#2  C>S IPERF_STREAM_END $cookie2\n"
	  "#2  C>S IPERF_TEST_END $cookie\n"
	  "#2  C>S [32 octets of payload]\n"
	  "#2  C>S IPERF_RESULTS_REQUEST $cookie2\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "#5  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#5  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":284,\"packets\":null,\"complete\":true}],\"bytes\":284}\n"
	  "#5  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "end-split",
	  "id     end-split/1\n"
	  "tests  R-9.1-3 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1   C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2   C>S [8 octets of payload]\n"
	  "#2   C>S IPERF_STREAM_END $cookie\n"
	  "#2   C>S end-of-file\n"
	  "#2   S>C closed                               ; R-8.1-5\n"
	  "#3   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#3   C>S [7 octets of payload]\n"
	  "#3   C>S octets \"IPERF_STREAM_EN\"\n"
	  "#3   C>S IPERF_STREAM_END $cookie\n"
	  "#3   C>S end-of-file\n"
	  "#3   S>C closed                               ; R-8.1-5\n"
	  "#4   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#4   C>S [7 octets of payload]\n"
	  "#4   C>S octets \"IPERF_STREAM_END\"\n"
	  "#4   C>S IPERF_STREAM_END $cookie\n"
	  "#4   C>S end-of-file\n"
	  "#4   S>C closed                               ; R-8.1-5\n"
	  "#5   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#5   C>S [7 octets of payload]\n"
	  "#5   C>S octets \"IPERF_STREAM_END \"\n"
	  "#5   C>S IPERF_STREAM_END $cookie\n"
	  "#5   C>S end-of-file\n"
	  "#5   S>C closed                               ; R-8.1-5\n"
	  "#6   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#6   C>S [7 octets of payload]\n"
	  "#6   C>S octets \"IPERF_STREAM_END \" $cookie[0..31]\n"
	  "#6   C>S IPERF_STREAM_END $cookie\n"
	  "#6   C>S end-of-file\n"
	  "#6   S>C closed                               ; R-8.1-5\n"
	  "#7   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#7   C>S [8 octets of payload]\n"
	  "#7   C>S IPERF_STREAM_END $cookie\n"
	  "#7   C>S end-of-file\n"
	  "#7   S>C closed                               ; R-8.1-5\n"
	  "#8   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#8   C>S [7 octets of payload]\n"
	  "#8   C>S octets \"IPERF_STREAM_END\"\n"
	  "#8   C>S IPERF_STREAM_END $cookie\n"
	  "#8   C>S end-of-file\n"
	  "#8   S>C closed                               ; R-8.1-5\n"
	  "#9   C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#9   C>S [7 octets of payload]\n"
	  "#9   C>S octets \"IPERF_STREAM_END \" $cookie[0..7]\n"
	  "#9   C>S IPERF_STREAM_END $cookie\n"
	  "#9   C>S end-of-file\n"
	  "#9   S>C closed                               ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#10  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#10  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_po"
	  "rt\":$port(#2),\"bytes\":8,\"packets\":null,\"complete\":true},{\"id\":2,\"protocol\":\"tcp\",\""
	  "client_port\":$port(#3),\"bytes\":22,\"packets\":null,\"complete\":true},{\"id\":3,\"protocol\":"
	  "\"tcp\",\"client_port\":$port(#4),\"bytes\":23,\"packets\":null,\"complete\":true},{\"id\":4,\"p"
	  "rotocol\":\"tcp\",\"client_port\":$port(#5),\"bytes\":24,\"packets\":null,\"complete\":true},{\""
	  "id\":5,\"protocol\":\"tcp\",\"client_port\":$port(#6),\"bytes\":55,\"packets\":null,\"complete\""
	  ":true},{\"id\":6,\"protocol\":\"tcp\",\"client_port\":$port(#7),\"bytes\":8,\"packets\":null,\"c"
	  "omplete\":true},{\"id\":7,\"protocol\":\"tcp\",\"client_port\":$port(#8),\"bytes\":23,\"packets"
	  "\":null,\"complete\":true},{\"id\":8,\"protocol\":\"tcp\",\"client_port\":$port(#9),\"bytes\":31"
	  ",\"packets\":null,\"complete\":true}],\"bytes\":194}\n"
	  "#10  C>S close\n"
	  "#1   C>S IPERF_TEST_END $cookie\n"
	  "#1   C>S end-of-file\n"
	  "#1   S>C closed                               ; R-6.5-4\n" },
	{ "abort-by-reset",
	  "id     abort-by-reset/1\n"
	  "tests  R-6.5-2 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S [300 octets of payload]\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#3  C>S [300 octets of payload]\n"
	  "wait 50ms\n"
	  "#1  C>S reset\n"
	  "#2  S>C closed                                ; R-6.5-4\n"
	  "#3  S>C closed                                ; R-6.5-4\n"
	  "id     abort-by-reset/2\n"
	  "tests  R-9.1-3 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S [2048 octets of payload]\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":2048,\"packets\":null,\"complete\":true}],\"bytes\":2048}\n"
	  "#3  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "stray-http",
	  "id     stray-http/1\n"
	  "tests  R-9.1-3 R-5.1-6 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S octets \"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nUser-Agent: none\\r\\n\\r\\n\"\n"
	  "#1  S>C closed                                ; R-5.1-6\n"
	  "#2  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#3  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#3  C>S [2048 octets of payload]\n"
	  "#3  C>S IPERF_STREAM_END $cookie\n"
	  "#3  C>S end-of-file\n"
	  "#3  S>C closed                                ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#4  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#4  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#3),\"bytes\":2048,\"packets\":null,\"complete\":true}],\"bytes\":2048}\n"
	  "#4  C>S close\n"
	  "#2  C>S IPERF_TEST_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-6.5-4\n" },
	{ "cookies-differ",
	  "id     cookies-differ/1\n"
	  "tests  R-9.1-3 R-5.1-4 R-8.5-1 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "$cookie = a6ec478bb3fd9897e2d4eb93d84d261a2dcdc97447b7f93b902e8e6a3bb70684\n"
	  "$cookie2 = a6ec478bb3fd9897e2d4eb93d84d261a2dcdc97447b7f93b902e8e6a3bb70685\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S preamble $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie2 cut at 50\n"
	  "#2  S>C closed                                ; R-5.1-4\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[],\"bytes\":0}\n"
	  "#3  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  C>S end-of-file\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "cookie-released",
	  "id     cookie-released/1\n"
	  "tests  R-9.1-3 R-6.2-1 R-6.2-2 R-6.1-2 R-6.3-2 R-6.3-3 R-8.5-1 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S open\n"
	  "#2  C>S open\n"
	  "#1  C>S preamble $cookie\n"
	  "wait 50ms\n"
	  "#2  C>S preamble $cookie2\n"
	  "#2  C>S IPERF_TEST_BEGIN $cookie2\n"
	  "#2  S>C closed                                ; R-6.2-2\n"
	  "#3  C>S open\n"
	  "#3  C>S end-of-file\n"
	  "#1  S>C closed within T_begin+2s              ; R-6.3-3\n"
	  "#4  C>S IPERF_TEST_BEGIN $cookie3\n"
	  "wait 50ms\n"
	  "#5  C>S IPERF_RESULTS_REQUEST $cookie3\n"
	  "#5  S>C IPERF_RESULTS_RESPONSE $cookie3 {\"streams\":[],\"bytes\":0}\n"
	  "#5  C>S close\n"
	  "#4  C>S IPERF_TEST_END $cookie3\n"
	  "#4  C>S end-of-file\n"
	  "#4  S>C closed                                ; R-6.5-4\n" },
	{ "half-closed-request",
	  "id     half-closed-request/1\n"
	  "tests  R-9.1-3 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "#2  C>S [100 octets of payload]\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":100,\"packets\":null,\"complete\":true}],\"bytes\":100}\n"
	  "#3  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
	{ "late-payload",
	  "id     late-payload/1\n"
	  "tests  R-9.1-3 R-8.3-1 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1     C>S IPERF_TEST_BEGIN $cookie\n"
	  "wait 100ms\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "udp:1  C>S IPERF_STREAM_BEGIN $cookie\n"
	  "wait 100ms\n"
	  "#2     C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#2     S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_"
	  "port\":$port(udp:1),\"bytes\":0,\"packets\":0,\"complete\":false}],\"bytes\":0}\n"
	  "#2     C>S close\n"
	  "udp:1  C>S [3 octets of payload in 2 datagrams]\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie2\n"
	  "udp:1  C>S octets \"IPERF_STREAM_BEGIN \" $cookie[0..31]\n"
	  "udp:1  C>S [3 octets of payload in 1 datagram]\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "udp:1  C>S [4 octets of payload in 1 datagram]\n"
	  "udp:1  C>S IPERF_STREAM_END $cookie\n"
	  "wait 100ms\n"
	  "#3     C>S IPERF_RESULTS_REQUEST $cookie\n"
	  "#3     S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"udp\",\"client_"
	  "port\":$port(udp:1),\"bytes\":109,\"packets\":6,\"complete\":true}],\"bytes\":109}\n"
	  "#3     C>S close\n"
	  "#1     C>S IPERF_TEST_END $cookie\n"
	  "#1     S>C closed                             ; R-6.5-4\n" },
	{ "octet-by-octet",
	  "id     octet-by-octet/1\n"
	  "tests  R-9.1-3 R-8.1-5 R-8.2-5 R-9.1-4 R-6.5-1 R-6.5-4\n"
	  "#1  C>S IPERF_TEST_BEGIN $cookie cut into 1\n"
	  "#2  C>S IPERF_STREAM_BEGIN $cookie cut into 3\n"
	  "#2  C>S [3 octets of payload]\n"
	  "#2  C>S IPERF_STREAM_END $cookie\n"
	  "#2  C>S end-of-file\n"
	  "#2  S>C closed                                ; R-8.1-5\n"
	  "wait 50ms\n"
	  "#3  C>S IPERF_RESULTS_REQUEST $cookie cut into 3\n"
	  "#3  S>C IPERF_RESULTS_RESPONSE $cookie {\"streams\":[{\"id\":1,\"protocol\":\"tcp\",\"client_por"
	  "t\":$port(#2),\"bytes\":3,\"packets\":null,\"complete\":true}],\"bytes\":3}\n"
	  "#3  C>S close\n"
	  "#1  C>S IPERF_TEST_END $cookie cut into 3\n"
	  "#1  S>C closed                                ; R-6.5-4\n" },
};

/* Adds the file's id, tests and steps. */
static void recorded(void *user, struct case_file *file)
{
	FILE *out = user;
	const char *line = file->text;

	while (*line) {
		size_t length = strcspn(line, "\n") + 1;

		if (length > 1 && strncmp(line, "//", 2) != 0 && strncmp(line, "title ", 6) != 0 &&
		    strncmp(line, "role ", 5) != 0 && strncmp(line, "needs ", 6) != 0)
			fwrite(line, 1, length, out);
		line += length;
	}
	case_free(file);
}

static void skipped(void *user, const char *sentence)
{
	fprintf(user, "%s\n", sentence);
}

static void compare(void **state)
{
	const struct row *row = *state;
	struct record_options options = { .role = CASE_SERVER };
	char path[200], error[RECORD_ERROR_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct record_sink sink = { recorded, skipped, out };

	assert_non_null(out);
	snprintf(path, sizeof path, "pcaps/%s.pcap", row->name);
	assert_true(record_file(path, &options, &sink, error));
	fclose(out);
	assert_string_equal(text, row->text);
	free(text);
}

int main(void)
{
	ROWS_ADD(rows, compare);
	return tests_run("record_expected");
}
