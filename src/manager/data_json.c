/* manager/data_json.c - see data_json.h. */
#include "manager/data_json.h"

#include "manager/api_request.h"

static json_t *address_or_null(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address_is_unspecified(address))
		return json_null();
	return json_string(address->port ? address_format(address, text)
					 : address_format_ip(address, text));
}

static json_t *ip_or_null(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	return address_is_unspecified(address) ? json_null()
					       : json_string(address_format_ip(address, text));
}

json_t *data_record_json(const struct data_record *data)
{
	const char *mode = data_mode_name(data->mode), *outcome = data_outcome_name(data->outcome);
	char cause[16] = "";

	if (!mode || !outcome)
		return json_null();
	if (data->cause != 0)
		(void)snprintf(cause, sizeof(cause), "D-%02u", data->cause);
	return json_pack("{s:s, s:i, s:o, s:o, s:s, s:I, s:b, s:b, s:o}", "mode", mode, "port",
			 data->advertised.port, "advertised", ip_or_null(&data->advertised), "peer",
			 address_or_null(&data->peer), "outcome", outcome, "waited_ms",
			 (json_int_t)data->waited_ms, "tls", data->is_tls, "resumed",
			 data->is_resumed, "cause", api_text_or_null(cause));
}

static void add_line(const struct recorder_line *line, void *arg)
{
	json_t *list = arg;
	const char *from = line->source == RECORDER_CLIENT ? "client" : "server";
	char storage[RECORDER_LINE_MAX + sizeof("…")];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, line->text);
	if (line->is_cut)
		buf_add(&text, T("…"));
	if (json_array_size(list) >= TIMELINE_MAX)
		(void)json_array_remove(list, 0);
	(void)json_array_append_new(list,
				    json_pack("{s:o, s:s, s:o}", "time", api_time(line->wall_ms),
					      "from", from, "text", api_text(buf_text(&text))));
}

json_t *timeline_json(const struct recorder *recorder, uint64_t session)
{
	json_t *list = json_array();

	if (recorder && list)
		(void)recorder_read(recorder, session, add_line, list);
	return list;
}
