/* doctor/other_end.c - see other_end.h. */
#include "doctor/other_end.h"

bool other_end_is_sallyport(const struct control *control)
{
	static const char name[] = "Sallyport";

	for (size_t i = 0; i < control->n_exchanges; i++) {
		const struct exchange *exchange = &control->exchanges[i];

		if ((*exchange->verb == '\0' || strcmp(exchange->verb, "FEAT") == 0 ||
		     strcmp(exchange->verb, "SYST") == 0) &&
		    strstr(exchange->reply.text, name))
			return true;
	}
	return false;
}

/* "name: value" */
static bool split(struct text line, struct text *ret_name, struct text *ret_value)
{
	if (!text_take_until(&line, ':', ret_name))
		return false;
	*ret_value = text_trim(line);
	return ret_value->len > 0;
}

static void parse_address(struct text in, struct address *ret)
{
	struct address address;
	struct text ip = in, port = { "", 0 };
	uint64_t number = 0;

	/* "[2001:db8::1]:21" or "192.0.2.1:21"; an address alone is one too. */
	if (text_skip_char(&in, '[')) {
		if (!text_take_until(&in, ']', &ip) || !text_skip_char(&in, ':'))
			return;
		port = in;
	} else if (address_parse(in, &address) < 0) {
		if (!text_take_until(&in, ':', &ip))
			return;
		port = in;
	}
	if (address_parse(ip, &address) < 0 ||
	    (port.len > 0 && text_to_uint(port, UINT16_MAX, &number) < 0))
		return;
	address.port = (uint16_t)number;
	*ret = address;
}

static void parse_range(struct text in, uint16_t *ret_first, uint16_t *ret_last)
{
	uint64_t first, last;

	if (!text_take_uint(&in, UINT16_MAX, &first))
		return;
	last = first;
	if (text_skip_char(&in, '-') && !text_take_uint(&in, UINT16_MAX, &last))
		return;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
}

static uint32_t number_of(struct text in)
{
	uint64_t value = 0;

	return text_take_uint(&in, UINT32_MAX, &value) ? (uint32_t)value : 0;
}

void other_end_parse(struct text reply, struct other_end *ret)
{
	struct text line, name, value;

	while (reply_next_line(&reply, &line)) {
		if (!split(line, &name, &value))
			continue;
		if (text_equal(name, T("version")))
			evidence_text(value, ret->version, sizeof(ret->version));
		else if (text_equal(name, T("sees")))
			parse_address(value, &ret->sees);
		else if (text_equal(name, T("local")))
			parse_address(value, &ret->local);
		else if (text_equal(name, T("external")))
			evidence_text(value, ret->external, sizeof(ret->external));
		else if (text_equal(name, T("passive-ports")))
			parse_range(value, &ret->passive_first, &ret->passive_last);
		else if (text_equal(name, T("idle-timeout")))
			ret->idle_timeout_s = number_of(value);
		else if (text_equal(name, T("data-timeout")))
			ret->data_timeout_s = number_of(value);
		else if (text_equal(name, T("min-rate")))
			ret->min_rate = number_of(value);
		else if (text_equal(name, T("upload-size")))
			(void)!text_to_uint(value, UINT64_MAX, &ret->upload_size);
		else if (text_equal(name, T("sessions-per-user")))
			ret->max_sessions_per_user = number_of(value);
		else if (text_equal(name, T("sessions-per-address")))
			ret->max_sessions_per_address = number_of(value);
		else if (text_equal(name, T("session-reuse")))
			evidence_text(value, ret->session_reuse, sizeof(ret->session_reuse));
	}
}

/* "nothing", "here 192.0.2.7:51235", "elsewhere 198.51.100.7:4711" */
static void parse_arrival(struct text value, struct server_view *ret)
{
	struct text word;

	if (!text_take_until(&value, ' ', &word))
		return;
	if (text_equal(word, T("nothing")))
		ret->arrival = ARRIVAL_NOTHING;
	else if (text_equal(word, T("here")))
		ret->arrival = ARRIVAL_HERE;
	else if (text_equal(word, T("elsewhere")))
		ret->arrival = ARRIVAL_ELSEWHERE;
	parse_address(value, &ret->arrived_from);
}

void other_end_parse_view(struct text reply, struct server_view *ret)
{
	struct text line, name, value;

	while (reply_next_line(&reply, &line)) {
		if (!split(line, &name, &value))
			continue;
		if (text_equal(name, T("passive-reply")))
			evidence_text(value, ret->passive_reply, sizeof(ret->passive_reply));
		else if (text_equal(name, T("active-command")))
			evidence_text(value, ret->active_command, sizeof(ret->active_command));
		else if (text_equal(name, T("data-port")))
			ret->port = (uint16_t)MIN_OF(number_of(value), (uint32_t)UINT16_MAX);
		else if (text_equal(name, T("data-arrival")))
			parse_arrival(value, ret);
		else if (text_equal(name, T("data-resumed")))
			ret->resumed = text_equal(value, T("yes")) ? RESUMED_YES : RESUMED_NO;
	}
}

void other_end_ask(struct client *client, struct other_end *ret)
{
	const struct reply *reply = client_ask(client, "SITE", NULL, "SITE DOCTOR");

	if (reply_class(reply) != 2)
		return;
	ret->is_there = true;
	(void)snprintf(ret->raw, sizeof(ret->raw), "%s", reply->text);
	other_end_parse(text_of(reply->text), ret);
}

void other_end_view(struct client *client, struct server_view *ret)
{
	struct reply reply;

	if (!client_send(client, "SITE DOCTOR") ||
	    !client_read_reply(client, &reply, client->doctor->reply_ms) ||
	    reply_class(&reply) != 2)
		return;
	*ret = (struct server_view){ .is_there = true };
	other_end_parse_view(text_of(reply.text), ret);
}

bool other_end_reserve(struct client *client, uint16_t port)
{
	struct reply reply;

	return client_send(client, "SITE DOCTOR PORT %u", (unsigned)port) &&
	       client_read_reply(client, &reply, client->doctor->reply_ms) &&
	       reply_class(&reply) == 2;
}
