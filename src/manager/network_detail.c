/* manager/network_detail.c - see network_detail.h. */
#include "manager/network_detail.h"

#include <jansson.h>

/* Makes room at the front of an array whose newest comes first: what was at `at` goes, or the last.
 * Returns how many there are then. */
static unsigned shift(void *array, size_t size, unsigned n, unsigned most, unsigned at)
{
	char *bytes = array;
	unsigned moved = MIN_OF(at, most - 1);

	memmove(bytes + size, bytes, moved * size);
	return at < n ? n : MIN_OF(n + 1, most);
}

static void note_user(struct network_state *state, const char *user)
{
	unsigned at = 0;

	while (at < state->n_users && strcmp(state->users[at], user) != 0)
		at++;
	state->n_users =
		shift(state->users, sizeof(state->users[0]), state->n_users, CONNECTIVITY_LAST, at);
	(void)snprintf(state->users[0], sizeof(state->users[0]), "%s", user);
}

static void note_address(struct network_state *state, const struct address *address)
{
	struct address host = *address;
	unsigned at = 0;

	host.port = 0;
	while (at < state->n_addresses && !address_same_host(&state->addresses[at], &host))
		at++;
	state->n_addresses =
		shift(state->addresses, sizeof(host), state->n_addresses, CONNECTIVITY_LAST, at);
	state->addresses[0] = host;
}

static void note_session(struct network_state *state, uint64_t session)
{
	unsigned at = 0;

	while (at < state->n_sessions && state->sessions[at] != session)
		at++;
	state->n_sessions = shift(state->sessions, sizeof(session), state->n_sessions,
				  CONNECTIVITY_SESSIONS, at);
	state->sessions[0] = session;
}

void network_state_note_who(struct network_state *state, const struct connectivity_who *who)
{
	note_address(state, who->peer);
	if (who->user && *who->user)
		note_user(state, who->user);
	if (who->session != 0)
		note_session(state, who->session);
}

static void add_try(struct network_state *state, const struct network_try *try)
{
	state->n_tries = shift(state->tries, sizeof(*try), state->n_tries, CONNECTIVITY_TRIES,
			       state->n_tries);
	state->tries[0] = *try;
}

void network_state_note_try(struct network_state *state, int64_t wall_ms,
			    const struct data_record *data)
{
	const struct network_try try = {
		wall_ms,
		data->advertised.port,
		data->cause,
		data->mode,
		data->outcome,
		data->outcome == DATA_NEVER && data->waited_ms < CONNECTIVITY_BRIEF_MS
	};

	add_try(state, &try);
	if (data->outcome == DATA_ARRIVED)
		state->success_ms = MAX_OF(state->success_ms, wall_ms);
	else
		state->failure_ms = MAX_OF(state->failure_ms, wall_ms);
}

void network_state_note_cause(struct network_state *state, int64_t wall_ms, unsigned cause)
{
	struct network_cause noted = { (uint16_t)cause, 0, 0 };
	unsigned at = 0;

	if (cause == 0)
		return;
	while (at < state->n_causes && state->causes[at].cause != cause)
		at++;
	if (at < state->n_causes)
		noted = state->causes[at];
	noted.n++;
	noted.wall_ms = MAX_OF(noted.wall_ms, wall_ms);
	state->n_causes =
		shift(state->causes, sizeof(noted), state->n_causes, CONNECTIVITY_CAUSES, at);
	state->causes[0] = noted;
}

/* --- the database ----------------------------------------------------------------------------- */

static json_t *tries_json(const struct network_state *state)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < state->n_tries; i++) {
		const struct network_try *try = &state->tries[i];

		(void)json_array_append_new(
			list, json_pack("[I, i, i, i, i, b]", (json_int_t)try->wall_ms, try->port,
					try->cause, try->mode, try->outcome, try->is_brief));
	}
	return list;
}

static json_t *causes_json(const struct network_state *state)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < state->n_causes; i++)
		(void)json_array_append_new(list, json_pack("[i, I, I]", state->causes[i].cause,
							    (json_int_t)state->causes[i].n,
							    (json_int_t)state->causes[i].wall_ms));
	return list;
}

char *network_detail_write(const struct network_state *state)
{
	json_t *users = json_array(), *addresses = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < state->n_users; i++)
		(void)json_array_append_new(users, json_string(state->users[i]));
	for (unsigned i = 0; i < state->n_addresses; i++)
		(void)json_array_append_new(
			addresses, json_string(address_format_ip(&state->addresses[i], text)));

	json_t *json = json_pack(
		"{s:[I, I, I, I, I, I], s:o, s:o, s:o, s:o}", "times", (json_int_t)state->first_ms,
		(json_int_t)state->success_ms, (json_int_t)state->failure_ms,
		(json_int_t)state->login_ms, (json_int_t)state->login_failure_ms,
		(json_int_t)state->login_failures, "tries", tries_json(state), "causes",
		causes_json(state), "users", users, "addresses", addresses);
	char *detail = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return detail;
}

static json_int_t number_at(const json_t *list, size_t at)
{
	return json_integer_value(json_array_get(list, at));
}

static void read_times(const json_t *times, struct network_state *state)
{
	state->first_ms = number_at(times, 0);
	state->success_ms = number_at(times, 1);
	state->failure_ms = number_at(times, 2);
	state->login_ms = number_at(times, 3);
	state->login_failure_ms = number_at(times, 4);
	state->login_failures = (uint32_t)number_at(times, 5);
}

void network_detail_read(const char *detail, struct network_state *state)
{
	json_t *json = json_loads(detail, 0, NULL);
	const json_t *tries = json_object_get(json, "tries"),
		     *causes = json_object_get(json, "causes"),
		     *users = json_object_get(json, "users"),
		     *addresses = json_object_get(json, "addresses");

	state->n_tries = state->n_causes = state->n_users = state->n_addresses = 0;
	read_times(json_object_get(json, "times"), state);
	for (size_t i = json_array_size(tries); i-- > 0;) {
		const json_t *row = json_array_get(tries, i);

		add_try(state,
			&(struct network_try){
				number_at(row, 0), (uint16_t)number_at(row, 1),
				(uint16_t)number_at(row, 2), (uint8_t)number_at(row, 3),
				(uint8_t)number_at(row, 4), json_is_true(json_array_get(row, 5)) });
	}
	for (size_t i = json_array_size(causes); i-- > 0;) {
		const json_t *row = json_array_get(causes, i);

		network_state_note_cause(state, number_at(row, 2), (unsigned)number_at(row, 0));
		state->causes[0].n = (uint32_t)number_at(row, 1);
	}
	for (size_t i = json_array_size(users); i-- > 0;) {
		const char *user = json_string_value(json_array_get(users, i));

		if (user)
			note_user(state, user);
	}
	for (size_t i = json_array_size(addresses); i-- > 0;) {
		const char *text = json_string_value(json_array_get(addresses, i));
		struct address address;

		if (text && address_parse(text_of(text), &address) == 0)
			note_address(state, &address);
	}
	json_decref(json);
}
