/* base/test.h - cmocka with the headers that it wants, and what nearly every unit test uses.
 * Threads: the test's own. */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

/* Fails with both texts in the message. */
static inline void assert_text(struct text actual, const char *expected)
{
	if (!text_equal(actual, text_of(expected)))
		fail_msg("\"%.*s\" instead of \"%s\"", TEXT_ARG(actual), expected);
}

#endif
