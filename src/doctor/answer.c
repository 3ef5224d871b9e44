/* doctor/answer.c - see answer.h. */
#include "doctor/answer.h"

const char *who_phrase(enum who who)
{
	switch (who) {
	case WHO_YOU:
		return "What you can do";
	case WHO_FIREWALL:
		return "What your firewall administrator can do";
	case WHO_SERVER:
		break;
	}
	return "What the server's administrator can do";
}

/* --- rules and settings ----------------------------------------------------------------------- */

void doctor_rules_words(const struct evidence *evidence, const struct diagnosis *diagnosis,
			struct buf *out)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));

	if (!needs)
		return;
	bool is_known = advice_needs(evidence, needs);
	firewall_format_words(needs, advice_side(diagnosis), out);
	if (!is_known && needs->passive_ports.first != 0)
		buf_addf(out,
			 "The whole passive range is not known here: %u to %u were offered. Ask "
			 "the server's administrator for it.\n",
			 needs->passive_ports.first, needs->passive_ports.last);
	else if (!is_known)
		buf_add(out, T("The range of passive ports is not known here: ask the server's "
			       "administrator for it, and give it with --passive-range.\n"));
}

void doctor_rules_text(const struct evidence *evidence, const struct diagnosis *diagnosis,
		       enum firewall_format format, struct buf *out)
{
	AUTO_FREE struct firewall_needs *needs = calloc(1, sizeof(*needs));

	if (!needs)
		return;
	(void)advice_needs(evidence, needs);
	firewall_format_rules(needs, advice_side(diagnosis), format, out);
}

void doctor_settings_text(const struct evidence *evidence, const struct doctor_request *request,
			  struct buf *out)
{
	struct client_settings settings;

	(void)!advice_settings(evidence, &settings);
	settings.ca_file = request->ca_file;
	if (client_settings_format(&settings, request->export, out) < 0)
		buf_addf(out, "%s cannot be set up for this server.\n",
			 client_export_name(request->export));
}

bool doctor_settings_work(const struct evidence *evidence)
{
	struct client_settings settings;

	return advice_settings(evidence, &settings) == 0;
}

static json_t *rules_json(const struct evidence *evidence, const struct diagnosis *diagnosis,
			  enum firewall_format format)
{
	AUTO_FREE char *words = malloc(FIREWALL_TEXT_SIZE), *rules = malloc(FIREWALL_TEXT_SIZE);
	struct buf in_words, as_rules;

	if (!words || !rules)
		return NULL;
	buf_init(&in_words, words, FIREWALL_TEXT_SIZE);
	buf_init(&as_rules, rules, FIREWALL_TEXT_SIZE);
	doctor_rules_words(evidence, diagnosis, &in_words);
	doctor_rules_text(evidence, diagnosis, format, &as_rules);
	return json_pack("{s:s, s:s, s:s, s:s}", "format", firewall_format_name(format), "side",
			 advice_side(diagnosis) == FIREWALL_SERVER ? "server" : "client", "words",
			 words, "text", rules);
}

static json_t *settings_json(const struct evidence *evidence, const struct doctor_request *request)
{
	AUTO_FREE char *storage = malloc(FIREWALL_TEXT_SIZE);
	struct buf text;

	if (!storage)
		return NULL;
	buf_init(&text, storage, FIREWALL_TEXT_SIZE);
	doctor_settings_text(evidence, request, &text);
	return json_pack("{s:s, s:b, s:s}", "format", client_export_name(request->export), "works",
			 doctor_settings_work(evidence), "text", storage);
}

json_t *doctor_answer_json(const struct evidence *evidence, const struct diagnosis *diagnosis,
			   const struct doctor_request *request)
{
	json_t *answer = diagnosis_to_json(diagnosis);
	json_t *seen = evidence_to_json(evidence);
	json_t *matrix = json_object_get(seen, "matrix");

	if (!answer || !seen) {
		json_decref(answer);
		json_decref(seen);
		return NULL;
	}
	(void)json_object_set_new(answer, "version", json_integer(EVIDENCE_VERSION));
	(void)json_object_set_new(answer, "matrix", matrix ? json_incref(matrix) : json_array());
	(void)json_object_set_new(answer, "evidence", seen);
	if (request->has_rules)
		(void)json_object_set_new(answer, "rules",
					  rules_json(evidence, diagnosis, request->format));
	if (request->has_export)
		(void)json_object_set_new(answer, "settings", settings_json(evidence, request));
	return answer;
}

/* An object of texts, one of them chosen from words. */
static json_t *rules_schema(void)
{
	json_t *formats = json_array();

	for (int i = 0; i < FIREWALL_N_FORMATS; i++)
		(void)json_array_append_new(
			formats, json_string(firewall_format_name((enum firewall_format)i)));
	return json_pack(
		"{s:s, s:s, s:b, s:{s:{s:o}, s:{s:[s,s]}, s:{s:s}, s:{s:s}}}", "description",
		"with --rules: what to ask the firewall's administrator for", "type", "object",
		"additionalProperties", false, "properties", "format", "enum", formats, "side",
		"enum", "server", "client", "words", "type", "string", "text", "type", "string");
}

static json_t *settings_schema(void)
{
	json_t *formats = json_array();

	for (int i = 0; i < CLIENT_N_EXPORTS; i++)
		(void)json_array_append_new(formats,
					    json_string(client_export_name((enum client_export)i)));
	return json_pack("{s:s, s:s, s:b, s:{s:{s:o}, s:{s:s}, s:{s:s}}}", "description",
			 "with --export: the settings of a client; works: they were seen to",
			 "type", "object", "additionalProperties", false, "properties", "format",
			 "enum", formats, "works", "type", "boolean", "text", "type", "string");
}

json_t *doctor_answer_schema(void)
{
	json_t *schema = diagnosis_schema(), *seen = evidence_schema();
	json_t *properties = json_object_get(schema, "properties");
	json_t *matrix = json_object_get(json_object_get(seen, "properties"), "matrix");

	if (!schema || !seen) {
		json_decref(schema);
		json_decref(seen);
		return NULL;
	}
	(void)json_object_set_new(properties, "version",
				  json_pack("{s:i}", "const", EVIDENCE_VERSION));
	(void)json_object_set(properties, "matrix", matrix);
	(void)json_object_set_new(properties, "evidence", seen);
	(void)json_object_set_new(properties, "rules", rules_schema());
	(void)json_object_set_new(properties, "settings", settings_schema());
	(void)json_object_set_new(schema, "required",
				  json_pack("[s,s,s,s,s,s,s]", "version", "verdict", "sentence",
					    "causes", "remarks", "matrix", "evidence"));
	(void)json_object_set_new(schema, "$schema",
				  json_string("https://json-schema.org/draft/2020-12/schema"));
	(void)json_object_set_new(schema, "title",
				  json_string("What sallyport doctor --json prints"));
	return schema;
}
