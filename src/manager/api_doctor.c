/* manager/api_doctor.c - /doctor/runs: examinations of this server through its external address, or
 * of another one, with their reports. */
#include "manager/api_handlers.h"

#include "manager/api_query.h"
#include "manager/audit_note.h"
#include "manager/connect_sheet.h"
#include "manager/examinations.h"
#include "manager/json_fields.h"

#define THING "run of the doctor"

unsigned api_doctor_runs_get(struct api_request *request)
{
	int64_t after = 0;
	unsigned limit = 0, status = api_page_number(request, &limit, &after);

	if (status != 0)
		return status;
	json_t *list = examinations_list(request->context->examinations, after, limit);
	if (!list)
		return api_problem_thing(request, -EIO, THING);
	request->answer = json_pack("{s:o, s:o}", "runs", list, "next", api_next_id(list, limit));
	return 200;
}

unsigned api_doctor_run_get(struct api_request *request)
{
	int64_t id = 0;
	unsigned status = api_take_id(request, THING, &id);

	if (status != 0)
		return status;
	int r = examinations_get(request->context->examinations, id, &request->answer);
	return r < 0 ? api_problem_thing(request, r, THING) : 200;
}

unsigned api_doctor_run_delete(struct api_request *request)
{
	int64_t id = 0;
	unsigned status = api_take_id(request, THING, &id);

	if (status != 0)
		return status;
	int r = examinations_remove(request->context->examinations, id);
	if (r < 0)
		return api_problem_thing(request, r, THING);
	audit_note_done(request, "doctor-run-removed", request->argument, NULL, NULL);
	return 204;
}

unsigned api_doctor_report(struct api_request *request)
{
	static const char *const formats[] = { "html", "md" };
	AUTO_FREE char *report = NULL;
	char file_name[64];
	int format = 0;
	int64_t id = 0;
	unsigned status = api_take_id(request, THING, &id);

	if (status == 0)
		status = api_query_word(request, "format", formats, ARRAY_SIZE(formats), &format);
	if (status != 0)
		return status;
	int r = examinations_report(request->context->examinations, id, format == 0, &report);
	if (r == -EAGAIN)
		return api_problem(
			request, 409, NULL,
			"There is no report: the examination is not over, or it failed.");
	if (r < 0)
		return api_problem_thing(request, r, THING);
	/* Never a page of ours: what it shows came from elsewhere. */
	(void)snprintf(file_name, sizeof(file_name), "sallyport-doctor-%" PRId64 ".%s", id,
		       formats[format]);
	api_answer_as_file(request, file_name);
	return api_text_answer(
		request, format == 0 ? "text/html; charset=utf-8" : "text/markdown; charset=utf-8",
		text_of(report));
}

/* --- a new run -------------------------------------------------------------------------------- */

/* As a client outside would come: at the address that is told to clients, else by the name. */
static unsigned take_self(struct api_request *request, json_t *order)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));
	char host[HOST_NAME_SIZE];
	struct buf out;

	if (!needs)
		return api_problem(request, 500, NULL, "Memory is short.");
	connect_sheet_needs(request->context, needs);
	buf_init(&out, host, sizeof(host));
	if (needs->servers.n > 0)
		firewall_format_network(&needs->servers.networks[0], &out);
	else
		buf_add(&out, text_of(needs->server_name));
	if (out.len == 0)
		return api_problem(
			request, 409, "host",
			"Neither an external address nor a name of this server is known: "
			"set external_ip or server_name.");
	(void)json_object_set_new(order, "host", json_string(host));
	if (!json_object_get(order, "port")) {
		bool is_explicit = needs->explicit_ports.n > 0;

		(void)json_object_set_new(order, "port",
					  json_integer(is_explicit
							       ? needs->explicit_ports.ports[0]
							       : needs->implicit_ports.ports[0]));
		if (!is_explicit)
			(void)json_object_set_new(order, "tls", json_string("implicit"));
	}
	if (needs->passive_ports.first > 0) {
		(void)json_object_set_new(order, "passive_first",
					  json_integer(needs->passive_ports.first));
		(void)json_object_set_new(order, "passive_last",
					  json_integer(needs->passive_ports.last));
	}
	return 0;
}

static unsigned check_order(struct api_request *request, json_t *order)
{
	static const struct json_field fields[] = {
		{ "host", FIELD_STRING, false },	 { "port", FIELD_NUMBER, false },
		{ "tls", FIELD_STRING, false },		 { "user", FIELD_STRING, false },
		{ "password", FIELD_STRING, false },	 { "quick", FIELD_BOOLEAN, false },
		{ "read_only", FIELD_BOOLEAN, false },	 { "no_login", FIELD_BOOLEAN, false },
		{ "allow_plain", FIELD_BOOLEAN, false }, { "insecure", FIELD_BOOLEAN, false },
	};
	static const char *const modes[] = { "auto", "explicit", "implicit", "none" };
	const json_t *port = json_object_get(order, "port");
	const char *tls = json_string_value(json_object_get(order, "tls"));
	const char *host = json_string_value(json_object_get(order, "host"));
	const char *password = json_string_value(json_object_get(order, "password"));
	struct json_fields_error error;
	bool is_known = !tls;

	if (json_fields_check(order, fields, ARRAY_SIZE(fields), &error) < 0)
		return api_problem(request, 422, *error.field ? error.field : NULL, "%s",
				   error.text);
	if (port && (json_integer_value(port) < 1 || json_integer_value(port) > UINT16_MAX))
		return api_problem(request, 422, "port", "The port must be 1 to 65535.");
	for (size_t i = 0; tls && i < ARRAY_SIZE(modes); i++)
		is_known = is_known || strcmp(tls, modes[i]) == 0;
	if (!is_known)
		return api_problem(request, 422, "tls",
				   "tls must be auto, explicit, implicit or none.");
	if (host && (!*host || strlen(host) >= HOST_NAME_SIZE))
		return api_problem(request, 422, "host", "This is no host.");
	if (password && strlen(password) > SECRET_MAX)
		return api_problem(request, 422, "password", "The password is too long.");
	if (!host || strcmp(host, "self") == 0)
		return take_self(request, order);
	return 0;
}

static unsigned start(struct api_request *request, json_t *order)
{
	int64_t id = 0;
	char object[24];

	(void)json_object_set_new(order, "look", json_string("at"));
	int r = examinations_start(request->context->examinations, order, request->asker.name, &id);
	if (r == -EBUSY)
		return api_problem(request, 409, NULL,
				   "%d examinations run already: wait for one, or stop it.",
				   EXAMINATIONS_AT_ONCE);
	if (r == -E2BIG)
		return api_problem(request, 422, NULL, "That is too much text.");
	if (r < 0)
		return api_problem(request, 503, NULL, "The examination cannot be started: %s.",
				   strerrordesc_np(-r));
	(void)snprintf(object, sizeof(object), "%" PRId64, id);
	(void)json_object_del(order, "look");
	audit_note_done(request, "doctor-run-started", object, NULL, order);
	request->answer = json_pack("{s:I, s:s}", "id", (json_int_t)id, "state", "running");
	return 202;
}

unsigned api_doctor_runs_post(struct api_request *request)
{
	unsigned status = 0;
	json_t *order = api_body(request, true, &status);

	if (!order)
		return status;
	status = check_order(request, order);
	if (status == 0)
		status = start(request, order);
	json_decref(order);
	return status;
}
