/* supervisor/failure.c - see failure.h. */
#include "supervisor/failure.h"

#include <stdarg.h>

int failure_set(struct failure *failure, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return error;
}
