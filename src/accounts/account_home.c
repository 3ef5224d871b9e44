/* accounts/account_home.c - which paths may be the home of an account; see accounts.h. */
#include "accounts/accounts.h"

static bool has_control_bytes(struct text in)
{
	for (size_t i = 0; i < in.len; i++)
		if ((uint8_t)in.ptr[i] < ' ' || in.ptr[i] == 0x7f)
			return true;
	return false;
}

const char *account_home_problem(struct text home)
{
	struct text rest = home, part;

	if (home.len == 0)
		return "A home must not be empty.";
	if (home.len > USER_HOME_MAX)
		return "A home may have at most 1024 bytes.";
	if (has_control_bytes(home))
		return "A home must not contain control characters.";
	while (text_take_until(&rest, '/', &part))
		if (text_equal(part, T("..")))
			return "A home must not contain \"..\".";
	return NULL;
}
