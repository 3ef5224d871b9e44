/* accounts/role.c - see role.h. */
#include "accounts/role.h"

static const struct {
	const char *name, *scope;
} roles[ROLES] = {
	[ROLE_NONE] = { "none", "none" },
	[ROLE_READ_ONLY] = { "read-only", "read" },
	[ROLE_OPERATOR] = { "operator", "operate" },
	[ROLE_OWNER] = { "owner", "own" },
};

const char *role_name(enum role role)
{
	return roles[role].name;
}

const char *role_scope(enum role role)
{
	return roles[role].scope;
}

enum role role_find(struct text name)
{
	for (enum role role = ROLE_READ_ONLY; role < ROLES; role++)
		if (text_equal(name, text_of(roles[role].name)))
			return role;
	return ROLE_NONE;
}

enum role role_find_scope(struct text scope)
{
	for (enum role role = ROLE_READ_ONLY; role < ROLES; role++)
		if (text_equal(scope, text_of(roles[role].scope)))
			return role;
	return ROLE_NONE;
}
