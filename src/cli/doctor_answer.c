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

static const char *who_phrase(enum who who)
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
			 const struct diagnosis *diagnosis)
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
	if (evidence->probe_file.is_left_behind)
		(void)fprintf(out, "\nThe probe file %s could not be removed: please delete it.\n",
			      evidence->probe_file.name);
}

json_t *doctor_answer_json(const struct evidence *evidence, const struct diagnosis *diagnosis)
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
	return answer;
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
	(void)json_object_set_new(schema, "required",
				  json_pack("[s,s,s,s,s,s]", "version", "verdict", "sentence",
					    "causes", "matrix", "evidence"));
	(void)json_object_set_new(schema, "$schema",
				  json_string("https://json-schema.org/draft/2020-12/schema"));
	(void)json_object_set_new(schema, "title",
				  json_string("What sallyport doctor --json prints"));
	return schema;
}
