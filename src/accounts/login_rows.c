/* accounts/login_rows.c - see login_rows.h. A name has one place, which it shares with others: who
 * came last has it. */
#include "accounts/login_rows.h"

#define PLACES 64

struct login_row {
	struct database_state state;  /* not known: there is none */
	char name[USER_NAME_MAX + 1]; /* as it was asked for */
	struct account account;
	struct effective_rights rights;
};

struct login_rows {
	struct login_row places[PLACES];
};

struct login_rows *login_rows_new(void)
{
	return calloc(1, sizeof(struct login_rows));
}

void login_rows_free(struct login_rows **rows)
{
	struct login_rows *r = *rows;

	for (size_t i = 0; r && i < PLACES; i++)
		explicit_bzero(&r->places[i].account, sizeof(r->places[i].account));
	free(r);
	*rows = NULL;
}

/* FNV-1a. */
static size_t place_of(struct text name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * 16777619u;
	return (hash ^ hash >> 16) % PLACES;
}

/* All but the rest of the policy's room, which is long. */
static void copy_rights(struct effective_rights *to, const struct effective_rights *from)
{
	memcpy(to, from, offsetof(struct effective_rights, policy) + strlen(from->policy) + 1);
}

bool login_rows_find(const struct login_rows *rows, struct text name,
		     const struct database_state *now, struct account *ret_account,
		     struct effective_rights *ret)
{
	const struct login_row *row = &rows->places[place_of(name)];

	if (!database_state_is_same(&row->state, now) || !text_equal(text_of(row->name), name))
		return false;
	*ret_account = row->account;
	copy_rights(ret, &row->rights);
	return true;
}

void login_rows_keep(struct login_rows *rows, struct text name, const struct database_state *state,
		     const struct account *account, const struct effective_rights *rights)
{
	struct login_row *row = &rows->places[place_of(name)];

	row->state.is_known = false;
	if (!state->is_known || text_copy(name, row->name, sizeof(row->name)) < 0)
		return;
	row->account = *account;
	copy_rights(&row->rights, rights);
	row->state = *state;
}
