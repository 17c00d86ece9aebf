/* Memory for jansson and libuv. Neither bears a failed allocation: jansson 2.14 leaves out of a document what it has no
 * memory for, and when it reads aborts or spoils the heap; libuv 1.44 aborts. So they get memory, if need be that of a
 * reserve; when there is none even so, the program ends with a message and status 3. */
#ifndef REF_MEMORY_H
#define REF_MEMORY_H

/* Called first in main. */
void memory_prepare(void);

#endif
