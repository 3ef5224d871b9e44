/* doctor/report.c - see report.h. One walk over the findings, two ways to write: what is
 * not ours is escaped at the only places where it is printed. */
#include "doctor/report.h"

/* How the parts of a page look in each format. */
struct page {
	FILE *out;
	bool is_html;
	const char *user; /* is blotted out wherever it stands; NULL: nobody */
};

/* --- escaping --------------------------------------------------------------------------------- */

static void put_html(FILE *out, char c)
{
	switch (c) {
	case '&':
		(void)fputs("&amp;", out);
		break;
	case '<':
		(void)fputs("&lt;", out);
		break;
	case '>':
		(void)fputs("&gt;", out);
		break;
	case '"':
		(void)fputs("&quot;", out);
		break;
	case '\'':
		(void)fputs("&#39;", out);
		break;
	default:
		(void)fputc(c, out);
	}
}

/* CommonMark: a backslash before any ASCII punctuation makes it a plain character. */
static void put_markdown(FILE *out, char c)
{
	if (strchr("\\`*_{}[]<>#|~!&", c) && c != '\0')
		(void)fputc('\\', out);
	(void)fputc(c, out);
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The length of the user's name when it stands here as a word; 0: it does not. */
static size_t user_at(const struct page *page, const char *text, const char *at)
{
	size_t len = page->user ? strlen(page->user) : 0;

	if (len == 0 || strncmp(at, page->user, len) != 0 || (at > text && is_name_byte(at[-1])) ||
	    is_name_byte(at[len]))
		return 0;
	return len;
}

static void put_text(const struct page *page, const char *text)
{
	for (const char *at = text; *at; at++) {
		size_t len = user_at(page, text, at);

		if (len > 0) {
			(void)fputs("(user)", page->out);
			at += len - 1;
		} else if (page->is_html) {
			put_html(page->out, *at);
		} else {
			put_markdown(page->out, *at == '\n' ? ' ' : *at);
		}
	}
}

/* As it stands, in a block of its own. In Markdown an indent of four makes one. */
static void put_block(const struct page *page, const char *text)
{
	struct text rest = text_of(text), line;

	(void)fputs(page->is_html ? "<pre>" : "\n", page->out);
	while (text_take_until(&rest, '\n', &line)) {
		if (!page->is_html)
			(void)fprintf(page->out, "    %.*s\n", TEXT_ARG(line));
		for (size_t i = 0; page->is_html && i < line.len; i++)
			put_html(page->out, line.ptr[i]);
		if (page->is_html)
			(void)fputc('\n', page->out);
	}
	(void)fputs(page->is_html ? "</pre>\n" : "\n", page->out);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void put_heading(const struct page *page, unsigned level, const char *text)
{
	if (page->is_html)
		(void)fprintf(page->out, "<h%u>", level);
	else
		(void)fprintf(page->out, "\n%.*s ", (int)level, "###");
	put_text(page, text);
	if (page->is_html)
		(void)fprintf(page->out, "</h%u>\n", level);
	else
		(void)fputs("\n\n", page->out);
}

static void put_paragraph(const struct page *page, const char *before, const char *text)
{
	if (!*text)
		return;
	(void)fputs(page->is_html ? "<p>" : "", page->out);
	if (*before)
		(void)fprintf(page->out, page->is_html ? "<b>%s:</b> " : "**%s:** ", before);
	put_text(page, text);
	(void)fputs(page->is_html ? "</p>\n" : "\n\n", page->out);
}

static void put_row(const struct page *page, const char *name, const char *value)
{
	(void)fputs(page->is_html ? "<tr><th>" : "| ", page->out);
	put_text(page, name);
	(void)fputs(page->is_html ? "</th><td>" : " | ", page->out);
	put_text(page, value);
	(void)fputs(page->is_html ? "</td></tr>\n" : " |\n", page->out);
}

static void put_facts(const struct page *page, const struct finding *finding)
{
	char number[32];

	if (finding->n_facts == 0)
		return;
	(void)fputs(page->is_html ? "<table>\n" : "| fact | value |\n|---|---|\n", page->out);
	for (size_t i = 0; i < finding->n_facts; i++) {
		const struct named_value *fact = &finding->facts[i];
		bool is_user = strcmp(fact->name, "user") == 0;

		(void)snprintf(number, sizeof(number), "%" PRId64, fact->number);
		put_row(page, fact->name,
			is_user		  ? "(user)"
			: fact->is_number ? number
					  : fact->text);
	}
	(void)fputs(page->is_html ? "</table>\n" : "\n", page->out);
}

static void put_finding(const struct page *page, const struct finding *finding)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s: %s [%s]", severity_word(finding->severity),
		       finding->title, finding->id);
	put_heading(page, 2, line);
	put_paragraph(page, "Why", finding->explanation);
	put_paragraph(page, who_phrase(finding->who), finding->remedy);
	put_paragraph(page, "What would tell it from others", finding->tells_apart);
	(void)snprintf(line, sizeof(line), "%u %%", finding->confidence);
	put_paragraph(page, "Confidence", line);
	put_facts(page, finding);
}

static void put_matrix(const struct page *page, const struct evidence *evidence)
{
	static const char *const operations[] = { "list",   "up",	"down",	     "resume",
						  "delete", "large up", "large down" };

	if (evidence->n_matrix == 0)
		return;
	put_heading(page, 2, "What works");
	(void)fputs(page->is_html ? "<table>\n<tr><th>mode</th>" : "| mode |", page->out);
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		(void)fprintf(page->out, page->is_html ? "<th>%s</th>" : " %s |", operations[i]);
	(void)fputs(page->is_html ? "</tr>\n" : "\n|---|---|---|---|---|---|---|---|\n", page->out);
	for (size_t i = 0; i < evidence->n_matrix; i++) {
		const struct cell *cell = &evidence->matrix[i];
		const enum cell_result results[] = { cell->listing,	  cell->upload,
						     cell->download,	  cell->resume,
						     cell->removal,	  cell->large_upload,
						     cell->large_download };

		(void)fprintf(page->out,
			      page->is_html ? "<tr><th>%s, port %u, %s, %s</th>"
					    : "| %s, port %u, %s, %s |",
			      data_mode_word(cell->mode), cell->port, tls_mode_word(cell->tls_mode),
			      cell->is_v6 ? "IPv6" : "IPv4");
		for (size_t r = 0; r < ARRAY_SIZE(results); r++)
			(void)fprintf(page->out, page->is_html ? "<td>%s</td>" : " %s |",
				      cell_result_word(results[r]));
		(void)fputs(page->is_html ? "</tr>\n" : "\n", page->out);
	}
	(void)fputs(page->is_html ? "</table>\n" : "\n", page->out);
}

static void put_conditions(const struct page *page, const struct evidence *evidence)
{
	char line[EVIDENCE_LINE], shown[ADDRESS_TEXT_SIZE];

	put_heading(page, 2, "How it was examined");
	(void)snprintf(line, sizeof(line), "%s, for %.1f s", evidence->started,
		       (double)evidence->duration_ms / 1000);
	put_paragraph(page, "When", line);
	(void)snprintf(line, sizeof(line), "%s %s", evidence->conditions.own_v4,
		       evidence->conditions.own_v6);
	put_paragraph(page, "From", line);
	if (*evidence->conditions.left_out)
		put_paragraph(page, "Left out, since the time was used up",
			      evidence->conditions.left_out);
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		(void)snprintf(line, sizeof(line), "%s: %s, %s",
			       address_format(&door->address, shown),
			       net_outcome_word(door->outcome), answer_word(door->answer));
		put_paragraph(page, "Command port", line);
	}
}

static bool wants_rules(const struct diagnosis *diagnosis)
{
	return diagnosis->n_findings > 0 && diagnosis->findings[0].severity == SEVERITY_PROBLEM;
}

static void put_rules(const struct page *page, const struct evidence *evidence,
		      const struct diagnosis *diagnosis, const struct doctor_request *request)
{
	AUTO_FREE char *storage = malloc(FIREWALL_TEXT_SIZE);
	struct buf text;

	if (!storage || (!request->has_rules && !wants_rules(diagnosis)))
		return;
	buf_init(&text, storage, FIREWALL_TEXT_SIZE);
	put_heading(page, 2, "What firewalls must let through");
	doctor_rules_words(evidence, diagnosis, &text);
	put_block(page, storage);
	if (!request->has_rules)
		return;
	buf_reset(&text);
	doctor_rules_text(evidence, diagnosis, request->format, &text);
	put_block(page, storage);
}

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n<title>FTP examination</title>\n<style>\n"
	"body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\n"
	"table{border-collapse:collapse}th,td{border:1px solid #999;padding:.2em .6em;"
	"text-align:left}\npre{background:#eee;padding:1em;overflow-x:auto}\n"
	"</style></head><body>\n";

/* The name as the server was told; anonymous users are nobody's secret. */
static const char *user_of(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct exchange *user = control_exchange(&evidence->controls[i], "USER");

		if (user && strlen(user->command) > strlen("USER "))
			return user->command + strlen("USER ");
	}
	return NULL;
}

int report_format_of(const char *path, enum report_format *ret)
{
	static const struct {
		const char *ending;
		enum report_format format;
	} rows[] = { { ".html", REPORT_HTML },
		     { ".htm", REPORT_HTML },
		     { ".md", REPORT_MARKDOWN } };
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t ending = strlen(rows[i].ending);

		if (len > ending && strcmp(path + len - ending, rows[i].ending) == 0) {
			*ret = rows[i].format;
			return 0;
		}
	}
	return -EINVAL;
}

int doctor_report_write(FILE *out, enum report_format format, const struct evidence *evidence,
			const struct diagnosis *diagnosis, const struct doctor_request *request)
{
	const struct page page = { .out = out,
				   .is_html = format == REPORT_HTML,
				   .user = user_of(evidence) };
	char title[HOST_NAME_SIZE + 32];

	if (page.is_html)
		(void)fputs(head, out);
	(void)snprintf(title, sizeof(title), "FTP to %s", evidence->target.host);
	put_heading(&page, 1, title);
	put_paragraph(&page, "Verdict", diagnosis->sentence);
	for (size_t i = 0; i < diagnosis->n_findings + diagnosis->n_remarks; i++)
		put_finding(&page, &diagnosis->findings[i]);
	put_rules(&page, evidence, diagnosis, request);
	put_matrix(&page, evidence);
	put_conditions(&page, evidence);
	if (page.is_html)
		(void)fputs("</body></html>\n", out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
