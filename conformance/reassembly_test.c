/* Packets in, events out, a row each: see testpackets.h and testevents.h for the notations. Each row runs with initial
 * sequence numbers that wrap at every octet of it, and must tell the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/testevents.h"
#include "conformance/testpackets.h"

struct row {
	const char *name, *packets, *events;
	uint16_t server_port;
};

/* Packets 1 to 3, and what they tell. */
#define OPEN   "> S; < S a0; > a0; "
#define OPENED "1 open 40000>5201; 2 established; "

static const struct row rows[] = {
	/* --- opening */
	{"both ways and closed",
	 OPEN "> a0 =hello; < a5; < a5 =hi; > @5 a2; > F @5 a2; < @2 a6; < F @2 a6; > @6 a3",
	 OPENED "4 > hello@0; 6 < hi@0; 8 > eof @5; 10 < eof @2; 10 forgotten", 0},
	{"closed by the other end first", OPEN "< F a0; > a1; > a1 =x; > F @1 a1; < @1 a2",
	 OPENED "4 < eof @0; 6 > x@0; 7 > eof @1; 7 forgotten", 0},
	{"SYN and answer twice", "> S; > S; < S a0; < S a0; > a0 =x",
	 "1 open 40000>5201; 3 established; 5 > x@0; 5 forgotten", 0},
	{"every packet captured twice", "> S; > S; < S a0; < S a0; > a0; > a0; > a0 =x; > a0 =x; < a1; < a1; > F @1 a0; > F @1 a0",
	 "1 open 40000>5201; 3 established; 7 > x@0; 11 > eof @1; 12 forgotten", 0},
	{"answer before SYN", "< S a0; > S; > a0 =x; < a1 =y",
	 "1 open 40000>5201; 1 established; 3 > x@0; 4 < y@0; 4 forgotten", 0},
	{"answer before SYN, first octets missing", "< S a0; > @2 a0 =x; < a3; < t50 a3",
	 "1 open 40000>5201; 1 established; 4 > 2 missing @0; 4 > x@2 of 2; 4 forgotten", 0},
	{"answer after data", "> S; > a0 =x; < S a0; < a1 =y",
	 "1 open 40000>5201; 2 established; 2 > x@0; 4 < y@0; 4 forgotten", 0},
	{"answer missing", "> S; > a0; < a0 =y", "1 open 40000>5201; 2 established; 3 < y@0; 3 forgotten", 0},
	{"answer missing, shown by data from the server", "> S; < a0 =y; > a1",
	 "1 open 40000>5201; 2 established; 2 < y@0; 3 forgotten", 0},
	{"answer and first octets missing", "> S; > a0; < @2 a0 =y; > a3; > t50 a3",
	 "1 open 40000>5201; 2 established; 5 < 2 missing @0; 5 < y@2 of 3; 5 forgotten", 0},
	{"an ACK that challenges the SYN", "> S; < @900 a50000; < S a0; > a0 =x; > t60 @1 a0 =z",
	 "1 open 40000>5201; 3 established; 4 > x@0; 5 > z@1; 5 forgotten", 0},
	{"data that challenges the SYN", "> S; < @900 a50000000 =zz; < @0 a-9 =zz; < S a0; < a0 =y",
	 "1 open 40000>5201; 4 established; 5 < y@0; 5 forgotten", 0},
	{"answer and all after it missing", "> S; < a5 =y; > @5 a1; < t50 @1 a5; > @5 a1",
	 "1 open 40000>5201; 2 established; 2 < y@0; 4 > 5 missing @0; 5 forgotten", 0},
	{"simultaneous open", "> S; < S; > S a0; < S a0; > a0 =x; < a1 =y",
	 "1 open 40000>5201; 3 established; 5 > x@0; 6 < y@0; 6 forgotten", 0},
	{"data on the SYN", "> S =hello; < S a5; > @5 a0 =x",
	 "1 open 40000>5201; 1 > hello@0; 2 established; 3 > x@5; 3 forgotten", 0},
	{"data on the SYN refused and sent again", "> S =hello; < S a0; > a0 =hello",
	 "1 open 40000>5201; 1 > hello@0; 2 established; 3 forgotten", 0},
	{"all flags on one packet", "> S F =x; < S F a1 =y",
	 "1 open 40000>5201; 1 > x@0; 1 > eof @1; 2 established; 2 < y@0; 2 < eof @1; 2 forgotten", 0},

	/* --- refused, reset */
	{"refused", "> S; < R @-777 a0", "1 open 40000>5201; 2 < reset @0; 2 forgotten", 0},
	{"refused with data on the SYN", "> S =hello; < R a5",
	 "1 open 40000>5201; 1 > hello@0; 2 < reset @0; 2 forgotten", 0},
	{"a refusal of something else", "> S; < R a1; < R a-1; < S a0",
	 "1 open 40000>5201; 4 established; 4 forgotten", 0},
	{"a refusal without ACK", "> S; < R; < S a0", "1 open 40000>5201; 3 established; 3 forgotten", 0},
	{"the opener gives up", "> S; > R", "1 open 40000>5201; 2 > reset @0; 2 forgotten", 0},
	{"refused, then SYN and refusal again", "> S; < R a0; > S; < R a0",
	 "1 open 40000>5201; 2 < reset @0; 2 forgotten", 0},
	{"refused, then tried anew", "> S; < R a0; > S @500; < R a500",
	 "1 open 40000>5201; 2 < reset @0; 2 forgotten; 3 open 40000>5201; 4 < reset @0; 4 forgotten", 0},
	{"reset at the last octet sent", OPEN "> a0 =hello; < a2; > R @5",
	 OPENED "4 > hello@0; 6 > reset @5; 6 forgotten", 0},
	{"reset at the last acknowledged", OPEN "> a0 =hello; < a2; > R @2",
	 OPENED "4 > hello@0; 6 > reset @5; 6 forgotten", 0},
	{"reset below the last acknowledged", OPEN "> a0 =hello; < a2; > R @1; > @5 =x",
	 OPENED "4 > hello@0; 7 > x@5; 7 forgotten", 0},
	{"reset at the end of the window", OPEN "> a0 =hello; < a2; > R @1002",
	 OPENED "4 > hello@0; 6 > reset @5; 6 forgotten", 0},
	{"reset behind the window", OPEN "> a0 =hello; < a2; > R @1003; > @5 =x",
	 OPENED "4 > hello@0; 7 > x@5; 7 forgotten", 0},
	{"reset half the numbers away", OPEN "> R @2147483000; > R @-2147483000; > a0 =x",
	 OPENED "6 > x@0; 6 forgotten", 0},
	{"reset by the other end", OPEN "> a0 =hello; < R a5", OPENED "4 > hello@0; 5 < reset @0; 5 forgotten", 0},
	{"reset behind a FIN", OPEN "> F a0 =x; < a2; > R @2",
	 OPENED "4 > x@0; 4 > eof @1; 6 > reset @1; 6 forgotten", 0},
	{"reset behind a FIN, window not known", "> S; > F a0 =x; > R @3; > R @2",
	 "1 open 40000>5201; 2 established; 2 > x@0; 2 > eof @1; 4 > reset @1; 4 forgotten", 0},
	{"reset with a hole open", OPEN "> @3 a0 =lo; > R @5",
	 OPENED "5 > 3 missing @0; 5 > lo@3 of 4; 5 > reset @5; 5 forgotten", 0},
	{"reset with a hole of the other end open", OPEN "< @3 a0 =lo; > R",
	 OPENED "5 < 3 missing @0; 5 < lo@3 of 4; 5 > reset @0; 5 forgotten", 0},
	{"what crosses a reset", OPEN "> R; < a0 =late; < F @4 a0; < @9 a0 =er; > R; < R",
	 OPENED "4 > reset @0; 4 forgotten", 0},
	{"what crosses a refusal", "> S; < R a0; < @5 a0 =late; > =late",
	 "1 open 40000>5201; 2 < reset @0; 2 forgotten", 0},
	{"far, without octets", OPEN "> R; > @100000000 a0; > a0 =late", OPENED "4 > reset @0; 4 forgotten", 0},
	{"far from what was reset", OPEN "> R; > @100000000 a0 =x",
	 OPENED "4 > reset @0; 4 forgotten; 5 mid 40000>5201; 5 established; 5 > x@0; 5 forgotten", 0},
	{"far before what was reset", OPEN "> R; > @-100000000 a0 =x",
	 OPENED "4 > reset @0; 4 forgotten; 5 mid 40000>5201; 5 established; 5 > x@0; 5 forgotten", 0},

	/* --- ports used again */
	{"a new SYN while opening", "> S; > S @1000; < S a1000",
	 "1 open 40000>5201; 2 forgotten; 2 open 40000>5201; 3 established; 3 forgotten", 0},
	{"a new SYN while open", OPEN "> @3 a0 =lo; > S @1000; < S @500 a1000; > @1000 a500 =x",
	 OPENED "5 > 3 missing @0; 5 > lo@3 of 4; 5 forgotten; 5 open 40000>5201; 6 established; 7 > x@0; 7 forgotten", 0},
	{"a new SYN by the other end while open", OPEN "< S @700; > S @500 a700",
	 OPENED "4 forgotten; 4 open 5201>40000; 5 established; 5 forgotten", 0},
	{"a new answer whose SYN is missing", OPEN "> a0 =x; < S @500 a700; > @700 a500 =y",
	 OPENED "4 > x@0; 5 forgotten; 5 open 40000>5201; 5 established; 6 > y@0; 6 forgotten", 0},
	{"a new SYN after closing", OPEN "> F a0; < F a1; > @1 a1; > S @500; < S @500 a500",
	 OPENED "4 > eof @0; 5 < eof @0; 5 forgotten; 7 open 40000>5201; 8 established; 8 forgotten", 0},
	{"a new SYN after an unknown start", "> @9 a5 =x; < S @5",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 2 forgotten; 2 open 5201>40000; 2 forgotten", 0},
	{"late after closing", OPEN "> F a0 =x; < F a2; > @2 a1; > F a0 =x; < F a2; > R @2; > S; < S a0",
	 OPENED "4 > x@0; 4 > eof @1; 5 < eof @0; 5 forgotten", 0},

	/* --- start not seen */
	{"start not seen", "> @9 a5 =hello; < @5 a14 =hi; > F @14 a7; < F @7 a15",
	 "1 mid 40000>5201; 1 established; 1 > hello@0; 2 < hi@0; 3 > eof @5; 4 < eof @2; 4 forgotten", 0},
	{"start not seen, server first", "< @9 a5 =hello; > @5 a14 =hi",
	 "1 mid 40000>5201; 1 established; 1 < hello@0; 2 > hi@0; 2 forgotten", 0},
	{"start not seen, server by port", "> @9 a5 =hello",
	 "1 mid 40000>5201; 1 established; 1 > hello@0; 1 forgotten", 5201},
	{"start not seen, server by port, other way", "> @9 a5 =hello",
	 "1 mid 5201>40000; 1 established; 1 < hello@0; 1 forgotten", 40000},
	{"start not seen, hint of no use", "> @9 a5 =hello",
	 "1 mid 40000>5201; 1 established; 1 > hello@0; 1 forgotten", 80},
	{"start not seen, server first, hint of no use", "< @9 a5 =hello",
	 "1 mid 40000>5201; 1 established; 1 < hello@0; 1 forgotten", 80},
	{"start not seen, keep-alive", "> @9 a5 =x; < @4 a10; < @5 a10 =y; < F @6 a10",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 3 < y@0; 4 < eof @1; 4 forgotten", 0},
	{"what does not make a connection", "> @9 a5; < F @5 a9; > R @9 =bye; < R @6", "", 0},
	{"octets before the first seen", "> @9 a5 =hello; > @5 a5 =more; > @7 a5 =rehelloX",
	 "1 mid 40000>5201; 1 established; 1 > hello@0; 3 > X@5; 3 forgotten", 0},
	{"SYN and answer after data", "> a0 =hello; > S; < S a0; < a5 =hi",
	 "1 mid 40000>5201; 1 established; 1 > hello@0; 4 < hi@0; 4 forgotten", 0},
	{"reset where nothing was sent", "> @9 a5 =x; < R @5 a10",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 2 < reset @0; 2 forgotten", 0},
	{"reset where nothing was sent, end of window", "> @9 a5 =x; < R @1005 a10",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 2 < reset @0; 2 forgotten", 0},
	{"reset where nothing was sent, blind", "> @9 a5 =x; < R @1006 a10; < R @4 a10",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 3 forgotten", 0},
	{"silence of one end", "> @9 a5 =x; > t60 @10 a50 =y; > t60 @11 a500 =z",
	 "1 mid 40000>5201; 1 established; 1 > x@0; 2 > y@1; 3 > z@2; 3 forgotten", 0},

	/* --- order */
	{"swapped", OPEN "> @5 a0 =world; > a0 =hello", OPENED "5 > hello@0; 5 > world@5 of 4; 5 forgotten", 0},
	{"backwards", OPEN "> @4 =e; > @3 =d; > @2 =c; > @1 =b; > =a",
	 OPENED "8 > a@0; 8 > b@1 of 7; 8 > c@2 of 6; 8 > d@3 of 5; 8 > e@4 of 4; 8 forgotten", 0},
	{"sent again", OPEN "> =hello; > =hello; > =hel; > @2 =llo; > @1 =ell", OPENED "4 > hello@0; 8 forgotten", 0},
	{"sent again with more", OPEN "> =hello; > @3 =loworld; > =helloworld!",
	 OPENED "4 > hello@0; 5 > world@5; 6 > !@10; 6 forgotten", 0},
	{"sent again while waiting", OPEN "> @2 =cd; > @1 =bcde; > @2 =cd; > =ab",
	 OPENED "7 > a@0; 7 > b@1 of 5; 7 > cd@2 of 4; 7 > e@4 of 5; 7 forgotten", 0},
	{"one that bridges", OPEN "> @1 =b; > @3 =d; > @5 =f; > =abcdefg",
	 OPENED "7 > a@0; 7 > b@1 of 4; 7 > c@2; 7 > d@3 of 5; 7 > e@4; 7 > f@5 of 6; 7 > g@6; 7 forgotten", 0},
	{"before the first octet", OPEN "> @-5 =vwxyzhello", OPENED "4 > hello@0; 4 forgotten", 0},
	{"wholly before the first octet", OPEN "> @-5 =vwxyz; > =hello", OPENED "5 > hello@0; 5 forgotten", 0},
	{"keep-alive", OPEN "> =hello; > @4; > @4 =Z; < @-1 a5; < @-1 =Z a5; > @5 =x; < =y a6",
	 OPENED "4 > hello@0; 9 > x@5; 10 < y@0; 10 forgotten", 0},
	{"beyond every window", OPEN "> @1073741825 =x; < a1073741825; < t60 a0; > =y",
	 OPENED "7 > y@0; 7 forgotten", 0},

	/* --- end */
	{"FIN again and data behind it", OPEN "> F =hello; > F =hello; > F @5; > @5 =more; > =hellomore",
	 OPENED "4 > hello@0; 4 > eof @5; 8 forgotten", 0},
	{"FIN first", OPEN "> F @5; > =hello", OPENED "5 > hello@0; 5 > eof @5 of 4; 5 forgotten", 0},
	{"FIN before what is behind it", OPEN "> @3 =lomore; > F @5; > =hel",
	 OPENED "6 > hel@0; 6 > lo@3 of 4; 6 > eof @5 of 5; 6 forgotten", 0},
	{"FIN before what is wholly behind it", OPEN "> @3 =lo; > @5 =x; > @8 =y; > F @5; > @6 =z; > =hel",
	 OPENED "9 > hel@0; 9 > lo@3 of 4; 9 > eof @5 of 7; 9 forgotten", 0},
	{"FIN, then what crosses it", OPEN "> F @5; > @3 =lomore; > =hel",
	 OPENED "6 > hel@0; 6 > lo@3 of 5; 6 > eof @5 of 4; 6 forgotten", 0},
	{"FIN behind data, then another", OPEN "> F @2; > F @5; > =hello",
	 OPENED "6 > he@0; 6 > eof @2 of 4; 6 forgotten", 0},
	{"FIN before what was told", OPEN "> =hello; > F @3; > F @5", OPENED "4 > hello@0; 6 > eof @5; 6 forgotten", 0},
	{"FIN acknowledged first", OPEN "> =x; < a2; > F @1; < t60 a2; > t60 @2",
	 OPENED "4 > x@0; 6 > eof @1; 8 forgotten", 0},
	{"FIN beyond every window", OPEN "> F @1073741825; > =x", OPENED "5 > x@0; 5 forgotten", 0},
	{"FIN missing, then seen", OPEN "> =x; < a2; < t50 a2; > F @1",
	 OPENED "4 > x@0; 6 > 1 missing @1; 7 > eof @2; 7 forgotten", 0},

	/* --- holes */
	{"given up after 3 segments", OPEN "> @5 =world; < a10; > @10 =a; > @11 =b; > @12 =c; > a0",
	 OPENED "8 > 5 missing @0; 8 > world@5 of 4; 8 > a@10 of 6; 8 > b@11 of 7; 8 > c@12; 9 forgotten", 0},
	{"not given up after 2 and a FIN", OPEN "> @5 =world; < a10; > @10 =a; > F @11 =b; > F @12; > =hello; > a0",
	 OPENED "9 > hello@0; 9 > world@5 of 4; 9 > a@10 of 6; 9 > b@11 of 7; 9 > eof @12 of 7; 10 forgotten", 0},
	{"not given up after 2", OPEN "> @5 =world; < a10; > @10 =a; > @11 =b; > =hello; > a0",
	 OPENED "8 > hello@0; 8 > world@5 of 4; 8 > a@10 of 6; 8 > b@11 of 7; 9 forgotten", 0},
	{"not given up after repetitions", OPEN "> @5 =world; < a10; > @5 =world; > @6 =or; > @5 =world; > =hello",
	 OPENED "9 > hello@0; 9 > world@5 of 4; 9 forgotten", 0},
	{"given up after 50 ms", OPEN "> @5 =world; < a10; < t50 a10; > a0",
	 OPENED "6 > 5 missing @0; 6 > world@5 of 4; 7 forgotten", 0},
	{"not given up after 49 ms", OPEN "> @5 =world; < a10; < t49 a10; > t0 =hello",
	 OPENED "7 > hello@0; 7 > world@5 of 4; 7 forgotten", 0},
	{"not given up unless acknowledged",
	 OPEN "> @5 =world; < a0; > t99 @10 =a; > @11 =b; > @12 =c; > @13 =d; > t99 =hello",
	 OPENED "10 > hello@0; 10 > world@5 of 4; 10 > a@10 of 6; 10 > b@11 of 7; 10 > c@12 of 8; 10 > d@13 of 9; "
		"10 forgotten", 0},
	{"time goes back", OPEN "> @5 =world; < a10; < t-100 a10; > =hello",
	 OPENED "7 > hello@0; 7 > world@5 of 4; 7 forgotten", 0},
	{"ACK first", OPEN "< a5; > =hello; < a10; > @5 =world; < a15; > @10 =again; > t60 @15 =x",
	 OPENED "5 > hello@0; 7 > world@5; 9 > again@10; 10 > x@15; 10 forgotten", 0},
	{"ACK first, always", OPEN "< a1; > =a; < t20 a2; > @1 =b; < t20 a3; > @2 =c; < t20 a4; > @3 =d",
	 OPENED "5 > a@0; 7 > b@1; 9 > c@2; 11 > d@3; 11 forgotten", 0},
	{"patience anew for each hole", OPEN "< a3; > t40 =a; < t40 a4; > t40 @1 =bcd; > @4 =e; > t60 @5 =f",
	 OPENED "5 > a@0; 6 > 2 missing @1; 7 > d@3; 8 > e@4; 9 > f@5; 9 forgotten", 0},
	{"the acknowledged part only", OPEN "> @8 =z; < a4; < t50 a4; > @4 =efgh; > a0",
	 OPENED "6 > 4 missing @0; 7 > efgh@4; 7 > z@8 of 4; 8 forgotten", 0},
	{"several holes", OPEN "> @1 =b; > @3 =d; < a6; < t50 a6; > a0",
	 OPENED "7 > 1 missing @0; 7 > b@1 of 4; 7 > 1 missing @2; 7 > d@3 of 5; 7 > 2 missing @4; 8 forgotten", 0},
	{"the last octets", OPEN "> =hello; < a9; < t50 a9; > a0",
	 OPENED "4 > hello@0; 6 > 4 missing @5; 7 forgotten", 0},
	{"before a FIN", OPEN "> F @5; < a6; < t50 a6; > a0",
	 OPENED "6 > 5 missing @0; 6 > eof @5 of 4; 7 forgotten", 0},
	{"of the other end", OPEN "< @2 a0 =z; > a3; > t50 a3; < a0",
	 OPENED "6 < 2 missing @0; 6 < z@2 of 4; 7 forgotten", 0},
	{"filled when given up", OPEN "> @5 =world; < a10; < t50 a10; > =HELLO; > @3 =LOworldX",
	 OPENED "6 > 5 missing @0; 6 > world@5 of 4; 8 > X@10; 8 forgotten", 0},
	{"at the end", OPEN "> @5 =world; > F @12",
	 OPENED "5 > 5 missing @0; 5 > world@5 of 4; 5 > 2 missing @10; 5 > eof @12; 5 forgotten", 0},
	{"at the end, acknowledged only", OPEN "> =hello; < a9",
	 OPENED "4 > hello@0; 5 > 4 missing @5; 5 forgotten", 0},
	{"one direction captured", "> S; > a0 =hello; > @7 a3 =x; > t60 @8 a3 =y; > @9 a3",
	 "1 open 40000>5201; 2 established; 2 > hello@0; 4 < 3 missing @0; 5 > 2 missing @5; 5 > x@7 of 3; 5 > y@8 of 4; "
	 "5 forgotten", 0},

	/* --- snap length */
	{"cut", OPEN "> =hel ~2; > @5 =world", OPENED "4 > hel@0; 4 > 2 snapped @3; 5 > world@5; 5 forgotten", 0},
	{"cut to nothing", OPEN "> ~5; > F @5 ~1",
	 OPENED "4 > 5 snapped @0; 5 > 1 snapped @5; 5 > eof @6; 5 forgotten", 0},
	{"cut, and whole too late", OPEN "> =hel ~2; > =hello; > @4 =oX",
	 OPENED "4 > hel@0; 4 > 2 snapped @3; 6 > X@5; 6 forgotten", 0},
	{"cut, and whole in time", OPEN "> @5 =wo ~3; > @5 =world; > =hello",
	 OPENED "6 > hello@0; 6 > wo@5 of 4; 6 > rld@7 of 5; 6 forgotten", 0},
	{"cut, and part of it in time", OPEN "> @5 ~5; > @6 =or; > =hello",
	 OPENED "6 > hello@0; 6 > 1 snapped @5 of 4; 6 > or@6 of 5; 6 > 2 snapped @8 of 4; 6 forgotten", 0},
	{"whole, then cut", OPEN "> @5 =world; > @5 =wo ~5; > =hello",
	 OPENED "6 > hello@0; 6 > world@5 of 4; 6 > 2 snapped @10 of 5; 6 forgotten", 0},
	{"cut in the overlap", OPEN "> =hello; > @3 =l ~3; > @7 =x",
	 OPENED "4 > hello@0; 5 > 2 snapped @5; 6 > x@7; 6 forgotten", 0},
	{"cut behind the FIN", OPEN "> F @3; > =he ~8",
	 OPENED "5 > he@0; 5 > 1 snapped @2; 5 > eof @3 of 4; 5 forgotten", 0},

	/* --- contradictions */
	{"other octets while waiting", OPEN "> @5 =world; > @5 =wXrYd; > =hello",
	 OPENED "6 > hello@0; 6 > w@5 of 4; 6 > 3 conflict @6 of 5; 6 > d@9 of 4; 6 forgotten", 0},
	{"other octets at both ends", OPEN "> @1 =bc; > @1 =Xc; > @4 =ef; > @4 =eX; > =a; > @3 =d",
	 OPENED "8 > a@0; 8 > 1 conflict @1 of 5; 8 > c@2 of 4; 9 > d@3; 9 > e@4 of 6; 9 > 1 conflict @5 of 7; 9 forgotten", 0},
	{"no third copy helps", OPEN "> @1 =b; > @1 =X; > @1 =b; > =a",
	 OPENED "7 > a@0; 7 > 1 conflict @1 of 5; 7 forgotten", 0},
	{"no cut copy helps", OPEN "> @1 =b; > @1 =X; > @1 ~1; > =a",
	 OPENED "7 > a@0; 7 > 1 conflict @1 of 5; 7 forgotten", 0},
	{"over two segments and beyond", OPEN "> @1 =b; > @3 =d; > @1 =XcXe; > =a",
	 OPENED "7 > a@0; 7 > 1 conflict @1 of 6; 7 > c@2 of 6; 7 > 1 conflict @3 of 6; 7 > e@4 of 6; 7 forgotten", 0},
	{"with what fills the hole", OPEN "> @2 =cd; > =abX",
	 OPENED "5 > ab@0; 5 > 1 conflict @2; 5 > d@3 of 4; 5 forgotten", 0},
	{"a cut copy contradicts", OPEN "> @1 =bcd; > @1 =X ~2; > =a",
	 OPENED "6 > a@0; 6 > 1 conflict @1 of 5; 6 > cd@2 of 4; 6 forgotten", 0},
	{"too late", OPEN "> =hello; > =hXllo", OPENED "4 > hello@0; 5 > late conflict @1; 5 forgotten", 0},
	{"too late, last octet, and new ones", OPEN "> =hello; > @3 =lXworld",
	 OPENED "4 > hello@0; 5 > late conflict @4; 5 > world@5; 5 forgotten", 0},
	{"too late, one octet", OPEN "> =hello; > @3 =X", OPENED "4 > hello@0; 5 > late conflict @3; 5 forgotten", 0},
	{"too late, behind the FIN", OPEN "> F =hello; > =hXllo",
	 OPENED "4 > hello@0; 4 > eof @5; 5 > late conflict @1; 5 forgotten", 0},
	{"too late, in what was reordered", OPEN "> @2 =cd; > =ab; > @1 =bXd",
	 OPENED "5 > ab@0; 5 > cd@2 of 4; 6 > late conflict @2; 6 forgotten", 0},
	{"never seen before", OPEN "> =ab ~2; > @4 =ef; > @2 =cd; > =abcXef; > @3 =XeX",
	 OPENED "4 > ab@0; 4 > 2 snapped @2; 5 > ef@4; 8 > late conflict @5; 8 forgotten", 0},
};

#define ROWS (sizeof rows / sizeof rows[0])

static void check_row(const struct row *row, uint32_t isn_a, uint32_t isn_b)
{
	struct testpackets packets;
	struct testevents events;
	struct reassembly_options options;

	testpackets_init(&packets);
	packets.isn[0] = isn_a;
	packets.isn[1] = isn_b;
	testpackets_parse(&packets, row->packets);
	testevents_init(&events);
	options = testevents_options(&events);
	options.server_port = row->server_port;
	testevents_run(&events, &options, &packets);
	if (strcmp(testevents_text(&events), row->events) != 0)
		print_error("initial sequence numbers %u and %u\n", isn_a, isn_b);
	assert_string_equal(testevents_text(&events), row->events);
	testevents_free(&events);
	testpackets_free(&packets);
}

static void run_row(void **state)
{
	const struct row *row = *state;

	check_row(row, 1000, 2000);
	for (uint32_t i = 0; i < 32; i++)
		check_row(row, 2 - i, i - 30);
	check_row(row, 0x7ffffffe, 0x7fffffff);
}

int main(void)
{
	static struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, (void *)&rows[i]};
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
