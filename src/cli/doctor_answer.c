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
			       doctor_settings_work(evidence)
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
	(void)fprintf(out, INDENT "Confidence: %u %%%s\n", finding->confidence,
		      *finding->tells_apart ? ". What would tell it from others:" : "");
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
