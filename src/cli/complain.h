/* cli/complain.h - one voice for everything that goes wrong. Threads: one. */
#ifndef CLI_COMPLAIN_H
#define CLI_COMPLAIN_H

#include "base/common.h"

/* Prints to standard error: "sallyport: ..." and the end of the line. */
void complain(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
