/* cli/cmd_cert.c - `sallyport cert`: what each host shows to clients, and another one in its
 * place. */
#include <fcntl.h>

#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/table.h"

#define FILE_MOST (256 * 1024)

static const char *host_of(const struct cli *cli)
{
	const char *host = arguments_option(&cli->arguments, "host");

	return host ? host : "default";
}

static int call_host(const struct cli *cli, const char *method, const char *suffix,
		     const json_t *body, json_t **ret)
{
	AUTO_FREE char *path = manager_path("/certificates/", host_of(cli));
	AUTO_FREE char *whole = NULL;

	if (!path || asprintf(&whole, "%s%s", path, suffix) < 0) {
		whole = NULL;
		complain("memory is short");
		return EXIT_FAILED;
	}
	return manager_call(cli, method, whole, body, ret);
}

static enum cell_style style_of(const json_t *certificate)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(certificate, "problems"), i, problem)
	{
		if (strcmp(json_text(problem, "severity"), "problem") == 0)
			return CELL_BAD;
	}
	return CELL_PLAIN;
}

static void add_row(struct table *table, const json_t *certificate)
{
	int days = (int)json_integer_value(json_object_get(certificate, "days_left"));

	table_add(table, CELL_BOLD, json_text(certificate, "host"));
	table_add(table, CELL_PLAIN, json_text(certificate, "subject"));
	table_add(table, CELL_PLAIN, json_text(certificate, "key"));
	table_addf(table, days < 0 ? CELL_BAD : CELL_PLAIN, "%d", days);
	table_add(table, CELL_PLAIN, json_text(certificate, "source"));
	table_addf(table, style_of(certificate), "%s",
		   style_of(certificate) == CELL_BAD ? "see `sallyport cert show`" : "good");
}

int cmd_cert_list(struct cli *cli)
{
	static const struct column columns[] = { { "HOST", false },   { "SUBJECT", false },
						 { "KEY", false },    { "DAYS LEFT", true },
						 { "SOURCE", false }, { "STATE", false } };
	AUTO_TABLE struct table *table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_JSON json_t *answer = NULL;
	const json_t *list, *one;
	size_t i;
	int r = manager_call(cli, "GET", "/certificates", NULL, &answer);

	if (r != EXIT_OK)
		return r;
	if (cli->wants_json) {
		json_print(answer);
		return EXIT_OK;
	}
	list = json_object_get(answer, "certificates");
	json_array_foreach(list, i, one) if (table) add_row(table, one);
	if (json_array_size(list) == 0)
		(void)printf("The server shows no certificate: it serves without TLS.\n");
	else if (!table || table_print(table, stdout, cli->has_colour) < 0)
		return EXIT_FAILED;
	return EXIT_OK;
}

static void print_line(const struct cli *cli, const char *title, const char *text)
{
	(void)printf("%-13s ", title);
	style_print(stdout, cli->has_colour, CELL_PLAIN, text);
	(void)fputc('\n', stdout);
}

static void print_certificate(const struct cli *cli, const json_t *json)
{
	static const char *const rows[][2] = {
		{ "Subject", "subject" },
		{ "Issuer", "issuer" },
		{ "Key", "key" },
		{ "Valid from", "not_before" },
		{ "Valid until", "not_after" },
		{ "Serial", "serial" },
		{ "SHA-256", "fingerprint_sha256" },
		{ "Source", "source" },
	};
	const json_t *item;
	size_t i;

	print_line(cli, "Host", json_text(json, "host"));
	json_array_foreach(json_object_get(json, "names"), i, item)
		print_line(cli, i == 0 ? "Names" : "", json_string_value(item));
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		print_line(cli, rows[i][0], json_text(json, rows[i][1]));
	json_array_foreach(json_object_get(json, "chain"), i, item)
		print_line(cli, i == 0 ? "Chain" : "", json_text(item, "subject"));
	json_array_foreach(json_object_get(json, "problems"), i, item) print_line(
		cli, strcmp(json_text(item, "severity"), "problem") == 0 ? "Problem" : "Note",
		json_text(item, "detail"));
}

static int show(const struct cli *cli, const json_t *answer)
{
	if (cli->wants_json)
		json_print(answer);
	else
		print_certificate(cli, answer);
	return EXIT_OK;
}

int cmd_cert_show(struct cli *cli)
{
	AUTO_JSON json_t *answer = NULL;
	int r = call_host(cli, "GET", "", NULL, &answer);

	return r == EXIT_OK ? show(cli, answer) : r;
}

/* All of a file as text that ends in NUL; NULL: it has been said why not. */
static char *read_file(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *content = fd < 0 ? NULL : calloc(1, FILE_MOST);
	size_t len = 0;
	ssize_t n = 1;

	while (content && n > 0 && len < FILE_MOST - 1) {
		n = read(fd, content + len, FILE_MOST - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (content && n == 0)
		return content;
	complain("%s: %s", path,
		 fd < 0 || n < 0 ? strerrordesc_np(errno) : "it is no certificate: too large");
	free(content);
	return NULL;
}

static void free_wiped(char **content)
{
	if (*content)
		explicit_bzero(*content, strlen(*content));
	free(*content);
}
#define AUTO_WIPED __attribute__((cleanup(free_wiped)))

int cmd_cert_install(struct cli *cli)
{
	AUTO_WIPED char *certificate = read_file(cli->arguments.operands[0]);
	AUTO_WIPED char *key = NULL;
	AUTO_JSON json_t *body = NULL;
	AUTO_JSON json_t *answer = NULL;

	if (certificate && cli->arguments.n_operands > 1) {
		key = read_file(cli->arguments.operands[1]);
		if (!key)
			return EXIT_FAILED;
	}
	if (!certificate)
		return EXIT_FAILED;
	body = json_pack("{s:s, s:s*, s:b}", "certificate", certificate, "private_key", key,
			 "force", arguments_option(&cli->arguments, "force") != NULL);
	if (!body) {
		complain("the files are no PEM text");
		return EXIT_FAILED;
	}
	int r = call_host(cli, "PUT", "", body, &answer);
	return r == EXIT_OK ? show(cli, answer) : r;
}

int cmd_cert_remove(struct cli *cli)
{
	AUTO_JSON json_t *answer = NULL;

	return call_host(cli, "DELETE", "", NULL, &answer);
}

int cmd_cert_self_signed(struct cli *cli)
{
	const char *days = arguments_option(&cli->arguments, "days");
	AUTO_JSON json_t *body = json_object();
	AUTO_JSON json_t *answer = NULL;
	json_t *names = json_array();
	uint64_t number;

	for (size_t i = 0; i < cli->arguments.n_operands; i++)
		(void)json_array_append_new(names, json_string(cli->arguments.operands[i]));
	(void)json_object_set_new(body, "names", names);
	if (days && text_to_uint(text_of(days), 10000, &number) < 0) {
		complain("--days %s: a number is wanted", days);
		return EXIT_USAGE;
	}
	if (days)
		(void)json_object_set_new(body, "days", json_integer((json_int_t)number));
	int r = call_host(cli, "POST", "/self-signed", body, &answer);
	return r == EXIT_OK ? show(cli, answer) : r;
}
