/* Whether the program ran out of memory or descriptors. It goes on where it can, but what it found is not to be relied
 * on: it ends with STATUS_UNTESTED, whatever was left out.
 *
 * Nobody has to report a failed allocation here. The linker leads the calls of malloc() and others to shortage.c
 * (--wrap, see the Makefile); what else says ENOMEM, EMFILE or ENFILE is told to shortage_note(). */
#ifndef CONFORMANCE_SHORTAGE_H
#define CONFORMANCE_SHORTAGE_H

/* Called first in main. jansson is never told of a failed allocation: version 2.14, when it reads, aborts or spoils the
 * heap then. The program ends instead. */
void shortage_watch(void);

/* An errno, of any kind. Returns it. */
int shortage_note(int error);

/* What there was not enough of, at first; NULL: there was enough. */
const char *shortage_seen(void);

/* Ends the program with a message and STATUS_UNTESTED, where it cannot go on without memory. What was written before is
 * kept. */
_Noreturn void shortage_end(void);

#endif
