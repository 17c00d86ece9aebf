/* What must hold of every page, whatever the texts in it. */
#ifndef IPERF_CONFORMANCE_TESTPAGES_H
#define IPERF_CONFORMANCE_TESTPAGES_H

/* Fails the test unless elements are closed in their order. */
void testpages_balanced(const char *page);

/* Fails the test unless the page is balanced, has one script, its own, no controls, each link leads to an id that is there once,
 * and nothing is loaded from elsewhere. */
void testpages_harmless(const char *page);

#endif
