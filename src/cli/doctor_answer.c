/* cli/doctor_answer.c - see doctor_answer.h. */
#include "cli/doctor_answer.h"

#include "cli/table.h"

#define WRAP_COLUMNS 96
#define INDENT "  "

/* Words that fill lines of at most WRAP_COLUMNS bytes, each with an indent. */
static void print_wrapped(FILE *out, const char *text)
{
	struct text rest = text_of(text), word;
	size_t column = 0;

	while (text_take_until(&rest, ' ', &word)) {
		if (column > 0 && column + 1 + word.len > WRAP_COLUMNS) {
			(void)fputc('\n', out);
			column = 0;
		}
		column +=
			(size_t)fprintf(out, "%s%.*s", column == 0 ? INDENT : " ", TEXT_ARG(word));
	}
	if (column > 0)
		(void)fputc('\n', out);
}

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

static bool settings_work(const struct evidence *evidence)
{
	struct client_settings settings;

	return advice_settings(evidence, &settings) == 0;
}

static void print_section(FILE *out, bool has_colour, const char *title, const char *text)
{
	(void)fputc('\n', out);
	style_print(out, has_colour, CELL_BOLD, title);
	(void)fprintf(out, "\n%s", text);
}

static bool names_a_rule(const struct diagnosis *diagnosis)
{
	return diagnosis->n_findings > 0 &&
	       text_starts(text_of(diagnosis->findings[0].id), T("D-")) &&
	       diagnosis->findings[0].severity == SEVERITY_PROBLEM &&
	       strstr(diagnosis->findings[0].remedy, "allow outbound TCP") != NULL;
}

static void print_request(FILE *out, bool has_colour, const struct evidence *evidence,
			  const struct diagnosis *diagnosis, const struct doctor_request *request)
{
	AUTO_FREE char *storage = malloc(FIREWALL_TEXT_SIZE);
	char title[128];
	struct buf text;

	if (!storage)
		return;
	buf_init(&text, storage, FIREWALL_TEXT_SIZE);
	if (request->has_rules || names_a_rule(diagnosis)) {
		doctor_rules_words(evidence, diagnosis, &text);
		print_section(out, has_colour, "The rule in words", storage);
	}
	if (request->has_rules) {
		(void)snprintf(title, sizeof(title), "The rule for %s (%s side)",
			       firewall_format_name(request->format),
			       advice_side(diagnosis) == FIREWALL_SERVER ? "the server's"
									 : "the client's");
		buf_reset(&text);
		doctor_rules_text(evidence, diagnosis, request->format, &text);
		print_section(out, has_colour, title, storage);
	}
	if (request->has_export) {
		(void)snprintf(title, sizeof(title), "Settings for %s%s",
			       client_export_name(request->export),
			       settings_work(evidence)
				       ? ""
				       : " (as they should be; nothing works from here yet)");
		buf_reset(&text);
		doctor_settings_text(evidence, request, &text);
		print_section(out, has_colour, title, storage);
	}
}

static void print_finding(FILE *out, bool has_colour, const struct finding *finding)
{
	enum cell_style style = finding->severity == SEVERITY_PROBLEM	? CELL_BAD
				: finding->severity == SEVERITY_WARNING ? CELL_WARNING
									: CELL_DIM;
	char head[256];

	(void)snprintf(head, sizeof(head), "%s [%s]", finding->title, finding->id);
	(void)fputc('\n', out);
	style_print(out, has_colour, style, severity_word(finding->severity));
	(void)fputs(": ", out);
	style_print(out, has_colour, CELL_BOLD, head);
	(void)fputc('\n', out);
	print_wrapped(out, finding->explanation);
	if (*finding->remedy) {
		(void)fprintf(out, INDENT "%s:\n", who_phrase(finding->who));
		print_wrapped(out, finding->remedy);
	}
	if (*finding->tells_apart)
		print_wrapped(out, finding->tells_apart);
}

/* A line for each: nobody has to do anything about it. */
static void print_remarks(FILE *out, bool has_colour, const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->n_remarks; i++) {
		const struct finding *remark = &diagnosis->findings[diagnosis->n_findings + i];
		char line[256];

		(void)snprintf(line, sizeof(line), "Remark: %s [%s]", remark->title, remark->id);
		(void)fputc('\n', out);
		style_print(out, has_colour, CELL_DIM, line);
		(void)fputc('\n', out);
		print_wrapped(out, remark->explanation);
	}
}

static const char *cell_mark(enum cell_result result)
{
	return result == CELL_OK ? "✓" : result == CELL_FAILED ? "✗" : "·";
}

static enum cell_style cell_style_of(enum cell_result result)
{
	return result == CELL_OK ? CELL_GOOD : result == CELL_FAILED ? CELL_BAD : CELL_DIM;
}

static void add_result(struct table *table, enum cell_result result)
{
	table_add(table, cell_style_of(result), cell_mark(result));
}

static void print_matrix(FILE *out, bool has_colour, const struct evidence *evidence)
{
	static const struct column columns[] = {
		{ "MODE", false },   { "PORT", true },	 { "TLS", false },  { "IP", false },
		{ "LIST", false },   { "UP", false },	 { "DOWN", false }, { "RESUME", false },
		{ "DELETE", false }, { "LARGE", false },
	};
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));

	if (!table || evidence->n_matrix == 0)
		return;
	for (size_t i = 0; i < evidence->n_matrix; i++) {
		const struct cell *cell = &evidence->matrix[i];

		table_add(table, CELL_PLAIN, data_mode_word(cell->mode));
		table_addf(table, CELL_PLAIN, "%u", cell->port);
		table_add(table, CELL_PLAIN, tls_mode_word(cell->tls_mode));
		table_add(table, CELL_PLAIN, cell->is_v6 ? "IPv6" : "IPv4");
		add_result(table, cell->listing);
		add_result(table, cell->upload);
		add_result(table, cell->download);
		add_result(table, cell->resume);
		add_result(table, cell->removal);
		add_result(table, cell->large_upload == CELL_OK ? cell->large_download
								: cell->large_upload);
	}
	(void)fputc('\n', out);
	(void)!table_print(table, out, has_colour);
}

void doctor_answer_print(FILE *out, bool has_colour, const struct evidence *evidence,
			 const struct diagnosis *diagnosis, const struct doctor_request *request)
{
	static const enum cell_style styles[] = { [VERDICT_HEALTHY] = CELL_GOOD,
						  [VERDICT_PROBLEM] = CELL_BAD,
						  [VERDICT_UNTESTED] = CELL_WARNING };

	print_matrix(out, has_colour, evidence);
	(void)fputc('\n', out);
	style_print(out, has_colour, styles[diagnosis->verdict], diagnosis->sentence);
	(void)fputc('\n', out);
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		print_finding(out, has_colour, &diagnosis->findings[i]);
	print_remarks(out, has_colour, diagnosis);
	if (*evidence->conditions.left_out)
		(void)fprintf(out, "\nLeft out, since the time was used up: %s.\n",
			      evidence->conditions.left_out);
	if (evidence->probe_file.is_left_behind)
		(void)fprintf(out, "\nThe probe file %s could not be removed: please delete it.\n",
			      evidence->probe_file.name);
	print_request(out, has_colour, evidence, diagnosis, request);
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
			 settings_work(evidence), "text", storage);
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
