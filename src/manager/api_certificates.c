/* manager/api_certificates.c - /certificates: what each host shows, judged; an upload in its place,
 * checked before it is stored and live by a reload; a self-signed one for tests.
 *
 * The manager sees keys only while they are handed in, and those in its own directory. */
#include "manager/api_handlers.h"

#include "base/clock.h"
#include "base/log.h"
#include "manager/audit_note.h"
#include "manager/certificate_files.h"
#include "manager/json_fields.h"
#include "manager/manager.h"
#include "manager/reload_wait.h"
#include "net/certificate_bundle.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define NAMES_MAX 40
#define SELF_SIGNED_DAYS 90
#define SELF_SIGNED_MOST_DAYS 825

/* The host that a path names: 0 is the default one, others are counted from 1. */
struct host {
	size_t number;
	const char *name;
	const struct host_settings *settings; /* NULL: the default one */
};

static struct host host_at(const struct api_context *context, size_t number)
{
	const struct settings *s = context->settings;

	if (number == 0)
		return (struct host){ 0, SETTINGS_DEFAULT_HOST, NULL };
	return (struct host){ number, s->hosts[number - 1].name, &s->hosts[number - 1] };
}

static unsigned find_host(struct api_request *request, struct host *ret)
{
	const struct settings *s = request->context->settings;

	*ret = host_at(request->context, 0);
	if (strcmp(request->argument, SETTINGS_DEFAULT_HOST) == 0)
		return 0;
	for (size_t i = 1; i <= s->n_hosts; i++) {
		*ret = host_at(request->context, i);
		if (strcmp(request->argument, ret->name) == 0)
			return 0;
	}
	return api_problem(request, 404, NULL, "There is no host \"%s\"; the first is \"default\".",
			   request->argument);
}

/* What clients call the host. */
struct names {
	size_t n;
	const char *items[NAMES_MAX];
	char storage[SETTINGS_LIST_SIZE + HOST_NAME_SIZE];
	size_t used;
};

static void add_name(struct names *names, struct text name)
{
	char *at = names->storage + names->used;

	name = text_trim(name);
	if (name.len == 0 || names->n == NAMES_MAX ||
	    text_copy(name, at, sizeof(names->storage) - names->used) < 0)
		return;
	names->items[names->n++] = at;
	names->used += name.len + 1;
}

static void names_init(struct names *names, const struct api_context *context,
		       const struct host *host)
{
	struct text rest = text_of(host->settings ? host->settings->aliases : ""), name;

	*names = (struct names){ .n = 0 };
	add_name(names,
		 text_of(host->settings ? host->settings->name : context->settings->server_name));
	while (text_take_until(&rest, ',', &name))
		add_name(names, name);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static json_t *split_json(const char *list)
{
	struct text rest = text_of(list), one;
	json_t *json = json_array();

	while (text_take_until(&rest, ',', &one))
		(void)json_array_append_new(json, api_text(text_trim(one)));
	return json;
}

static json_t *chain_json(const struct certificate_facts *facts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < facts->n_chain; i++) {
		const struct certificate_link *link = &facts->chain[i];

		(void)json_array_append_new(list,
					    json_pack("{s:o, s:o, s:o, s:b, s:o}", "subject",
						      api_text(text_of(link->subject)), "issuer",
						      api_text(text_of(link->issuer)), "not_after",
						      api_time(link->not_after_ms), "self_signed",
						      link->is_self_signed, "problem",
						      api_text_or_null(link->problem)));
	}
	return list;
}

static json_t *problems_json(const struct certificate_facts *facts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < facts->n_problems; i++) {
		const struct certificate_problem *problem = &facts->problems[i];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:o}", "id", problem->id, "severity",
					problem->is_serious ? "problem" : "note", "detail",
					api_text(text_of(problem->detail))));
	}
	return list;
}

static int64_t days_left(const struct certificate_facts *facts)
{
	int64_t left_ms = facts->not_after_ms - clock_wall_ms();

	return left_ms >= 0 ? left_ms / DAY_MS : -((-left_ms + DAY_MS - 1) / DAY_MS);
}

static json_t *facts_json(const struct certificate_facts *facts)
{
	json_t *json =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:s}", "names",
			  split_json(facts->names), "subject", api_text(text_of(facts->subject)),
			  "issuer", api_text(text_of(facts->issuer)), "not_before",
			  api_time(facts->not_before_ms), "not_after",
			  api_time(facts->not_after_ms), "days_left", (json_int_t)days_left(facts),
			  "serial", facts->serial, "fingerprint_sha256", facts->fingerprint);
	json_t *rest = json_pack("{s:s, s:b, s:o, s:b, s:o, s:o}", "key", facts->key, "self_signed",
				 facts->is_self_signed, "chain", chain_json(facts),
				 "chain_complete", facts->is_chain_complete, "missing_issuer",
				 api_text_or_null(facts->missing_issuer), "problems",
				 problems_json(facts));

	(void)json_object_update(json, rest);
	json_decref(rest);
	return json;
}

static const char *configured_path(const struct api_context *context, const struct host *host)
{
	const char *own = host->settings ? host->settings->certificate : "";

	return *own ? own : context->settings->certificate;
}

/* NULL when memory is short. */
static json_t *bundle_json(const struct api_context *context, const struct host *host,
			   const struct certificate_bundle *bundle, bool is_uploaded)
{
	AUTO_FREE struct certificate_facts *facts = malloc(sizeof(*facts));
	AUTO_FREE struct names *names = malloc(sizeof(*names));

	if (!facts || !names)
		return NULL;
	names_init(names, context, host);
	certificate_bundle_judge(bundle, names->items, names->n, clock_wall_ms(), facts);

	json_t *json = facts_json(facts);

	(void)json_object_set_new(json, "host", json_string(host->name));
	(void)json_object_set_new(json, "source",
				  json_string(is_uploaded ? "uploaded" : "configured"));
	(void)json_object_set_new(json, "path",
				  is_uploaded ? json_null()
					      : api_text(text_of(configured_path(context, host))));
	return json;
}

static json_t *served_json(const struct api_context *context, const struct host *host)
{
	const struct manager_certificate *served = &context->certificates[host->number];
	struct certificate_bundle *bundle = NULL;
	struct certificate_problem problem;
	json_t *json = NULL;

	if (served->pem &&
	    certificate_bundle_parse(text_of(served->pem), T(""), &bundle, &problem) == 0)
		json = bundle_json(context, host, bundle, served->is_uploaded);
	certificate_bundle_free(&bundle);
	return json;
}

json_t *certificate_json(const struct api_context *context, size_t number)
{
	const struct host host = host_at(context, number);

	return context->certificates ? served_json(context, &host) : NULL;
}

static bool is_reachable(const struct api_request *request)
{
	return request->context->certificates != NULL;
}

unsigned api_certificates_get(struct api_request *request)
{
	json_t *list = json_array();

	for (size_t i = 0; is_reachable(request) && i <= request->context->settings->n_hosts; i++) {
		const struct host host = host_at(request->context, i);
		json_t *json = served_json(request->context, &host);

		if (json)
			(void)json_array_append_new(list, json);
	}
	request->answer = json_pack("{s:o}", "certificates", list);
	return 200;
}

static void etag_of_host(const json_t *json, char ret[static API_ETAG_SIZE])
{
	static const char *const volatile_members[] = { "days_left", "problems", NULL };

	api_etag_of(json, volatile_members, 0, ret);
}

unsigned api_certificate_get(struct api_request *request)
{
	char etag[API_ETAG_SIZE];
	struct host host;
	unsigned status = find_host(request, &host);

	if (status != 0)
		return status;
	request->answer = is_reachable(request) ? served_json(request->context, &host) : NULL;
	if (!request->answer)
		return api_problem(request, 404, NULL, "This host shows no certificate.");
	etag_of_host(request->answer, etag);
	api_etag(request, etag);
	return 200;
}

/* --- a change --------------------------------------------------------------------------------- */

static void free_wiped(char *pem)
{
	if (pem)
		explicit_bzero(pem, strlen(pem));
	free(pem);
}

/* Somebody else may have changed it: 412. */
static unsigned check_match(struct api_request *request, const struct host *host,
			    json_t **ret_before)
{
	char etag[API_ETAG_SIZE] = "\"none\"";
	json_t *before = is_reachable(request) ? served_json(request->context, host) : NULL;

	if (before)
		etag_of_host(before, etag);
	*ret_before = before;
	return api_if_match(request, etag);
}

/* pem NULL: the configured one serves again. Live when this returns 0; else all is as before. */
static unsigned exchange(struct api_request *request, const struct host *host, const char *pem)
{
	const struct api_context *context = request->context;
	const struct settings *settings = context->settings;
	struct server_view view;
	char *old = NULL;
	int r = certificate_file_read(settings, host->name, &old);

	if (r == 0)
		r = certificate_file_write(settings, host->name, pem);
	if (r < 0) {
		free_wiped(old);
		if (r == -ENOENT)
			return api_problem(request, 404, NULL,
					   "No certificate was uploaded for this host.");
		return api_problem(request, 500, NULL, "The certificate cannot be stored: %s.",
				   strerrordesc_np(-r));
	}
	r = reload_and_wait(context->board, context->supervisor, view.last_reload_error,
			    sizeof(view.last_reload_error));
	if (r < 0 && r != -ETIMEDOUT) {
		int back = certificate_file_write(settings, host->name, old);

		if (back < 0)
			log_event(LOG_ERROR, "certificate-not-put-back", F_STR("host", host->name),
				  F_ERRNO(back));
		(void)api_problem(request, r == -ECANCELED ? 422 : 503, NULL,
				  "The server cannot take this up, nothing was changed: %s.",
				  r == -ECANCELED ? view.last_reload_error : strerrordesc_np(-r));
	}
	free_wiped(old);
	return r == -ECANCELED ? 422 : r < 0 && r != -ETIMEDOUT ? 503 : 0;
}

/* The audit trail keeps what the certificate was, not its bytes. */
static void note(struct api_request *request, const char *action, const struct host *host,
		 const json_t *before, const json_t *after)
{
	audit_note_done(request, action, host->name, before, after);
}

static unsigned install(struct api_request *request, const struct host *host,
			const struct certificate_bundle *bundle, const char *action)
{
	char *pem = certificate_bundle_pem(bundle);
	json_t *before = NULL;
	unsigned status = check_match(request, host, &before);

	if (status == 0)
		status = pem ? exchange(request, host, pem)
			     : api_problem(request, 500, NULL, "Memory is short.");
	if (status == 0) {
		request->answer = bundle_json(request->context, host, bundle, true);
		note(request, action, host, before, request->answer);
		status = 200;
	}
	json_decref(before);
	free_wiped(pem);
	return status;
}

/* The first serious problem refuses it, unless whoever uploads insists. */
static unsigned judge(struct api_request *request, const struct host *host,
		      const struct certificate_bundle *bundle, bool insists)
{
	AUTO_FREE struct certificate_facts *facts = malloc(sizeof(*facts));
	AUTO_FREE struct names *names = malloc(sizeof(*names));

	if (!facts || !names)
		return api_problem(request, 500, NULL, "Memory is short.");
	names_init(names, request->context, host);
	certificate_bundle_judge(bundle, names->items, names->n, clock_wall_ms(), facts);
	for (size_t i = 0; !insists && i < facts->n_problems; i++) {
		const struct certificate_problem *problem = &facts->problems[i];

		if (!problem->is_serious)
			continue;
		(void)api_problem(request, 422, "certificate", "%s", problem->detail);
		(void)json_object_set_new(request->answer, "problem", json_string(problem->id));
		(void)json_object_set_new(request->answer, "problems", problems_json(facts));
		return 422;
	}
	return 0;
}

static unsigned upload(struct api_request *request, const struct host *host, const json_t *body)
{
	const char *certificate = json_string_value(json_object_get(body, "certificate"));
	const char *key = json_string_value(json_object_get(body, "private_key"));
	struct certificate_bundle *bundle = NULL;
	struct certificate_problem problem;
	int r = certificate_bundle_parse(text_of(certificate), text_of(key ? key : ""), &bundle,
					 &problem);
	unsigned status = 0;

	if (r == -ENOMEM)
		return api_problem(request, 500, NULL, "Memory is short.");
	if (r == 0 && !certificate_bundle_has_key(bundle)) {
		problem = (struct certificate_problem){ .id = "no-key" };
		(void)snprintf(problem.detail, sizeof(problem.detail),
			       "The private key is missing.");
		r = -EINVAL;
	}
	if (r < 0) {
		bool is_key = strstr(problem.id, "key") != NULL;

		status = api_problem(request, 422, is_key ? "private_key" : "certificate", "%s",
				     problem.detail);
		(void)json_object_set_new(request->answer, "problem", json_string(problem.id));
	}
	if (status == 0)
		status = judge(request, host, bundle, json_is_true(json_object_get(body, "force")));
	if (status == 0)
		status = install(request, host, bundle, "certificate-uploaded");
	certificate_bundle_free(&bundle);
	return status;
}

static unsigned check_fields(struct api_request *request, const json_t *body,
			     const struct json_field *fields, size_t n_fields)
{
	struct json_fields_error error;

	if (json_fields_check(body, fields, n_fields, &error) == 0)
		return 0;
	return api_problem(request, 422, *error.field ? error.field : NULL, "%s", error.text);
}

unsigned api_certificate_put(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "certificate", FIELD_STRING, true },
		{ "private_key", FIELD_STRING, false },
		{ "force", FIELD_BOOLEAN, false },
	};
	struct host host;
	unsigned status = find_host(request, &host);
	json_t *body = status == 0 ? api_body(request, false, &status) : NULL;

	if (!body)
		return status;
	status = check_fields(request, body, fields, ARRAY_SIZE(fields));
	if (status == 0)
		status = upload(request, &host, body);
	json_decref(body);
	return status;
}

unsigned api_certificate_delete(struct api_request *request)
{
	json_t *before = NULL;
	struct host host;
	unsigned status = find_host(request, &host);

	if (status == 0)
		status = check_match(request, &host, &before);
	if (status == 0)
		status = exchange(request, &host, NULL);
	if (status == 0) {
		note(request, "certificate-removed", &host, before, NULL);
		status = 204;
	}
	json_decref(before);
	return status;
}

static unsigned self_sign(struct api_request *request, const struct host *host, const json_t *body)
{
	AUTO_FREE struct names *names = malloc(sizeof(*names));
	const json_t *days_json = json_object_get(body, "days"), *name;
	json_int_t days = days_json ? json_integer_value(days_json) : SELF_SIGNED_DAYS;
	struct certificate_bundle *bundle = NULL;
	size_t i;

	if (!names)
		return api_problem(request, 500, NULL, "Memory is short.");
	if (days < 1 || days > SELF_SIGNED_MOST_DAYS)
		return api_problem(request, 422, "days", "The days must be 1 to %d.",
				   SELF_SIGNED_MOST_DAYS);
	names_init(names, request->context, host);
	if (json_array_size(json_object_get(body, "names")) > 0)
		*names = (struct names){ .n = 0 };
	json_array_foreach(json_object_get(body, "names"), i, name)
		add_name(names, text_of(json_string_value(name)));

	int r = certificate_bundle_self_sign(names->items, names->n, (unsigned)days, &bundle);

	if (r == -EINVAL)
		return api_problem(request, 422, "names",
				   "Names of hosts or addresses are wanted, such as "
				   "ftp.example.com or 203.0.113.5.");
	if (r < 0)
		return api_problem(request, 500, NULL, "Memory is short.");

	unsigned status = install(request, host, bundle, "certificate-self-signed");

	certificate_bundle_free(&bundle);
	return status;
}

unsigned api_certificate_self_signed(struct api_request *request)
{
	static const struct json_field fields[] = {
		{ "names", FIELD_STRINGS, false },
		{ "days", FIELD_NUMBER, false },
	};
	struct host host;
	unsigned status = find_host(request, &host);
	json_t *body = status == 0 ? api_body(request, true, &status) : NULL;

	if (!body)
		return status;
	status = check_fields(request, body, fields, ARRAY_SIZE(fields));
	if (status == 0)
		status = self_sign(request, &host, body);
	json_decref(body);
	return status;
}
