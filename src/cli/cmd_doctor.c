/* cli/cmd_doctor.c - `sallyport doctor HOST`: examines a server from here, shows each step, then
 * the verdict, why, and what to do by whom. */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "cli/checklist.h"
#include "cli/doctor_answer.h"
#include "cli/handlers.h"
#include "cli/manager_client.h"
#include "cli/netrc.h"
#include "cli/password.h"
#include "doctor/report.h"
#include "doctor/target.h"

#define NETRC_MAX (64 * 1024)
#define SECONDS_MAX 3600
#define TRIES_MAX 10
#define SIZE_MAX_BYTES ((uint64_t)4 * 1024 * 1024 * 1024)

/* Everything that an examination borrows. */
struct examination {
	struct doctor_options options;
	struct secret password;
	char user[NETRC_USER_SIZE];
	struct tls_client *tls, *tls_1_2, *tls_old;
	struct doctor_request request;
	enum report_format report_format;
	FILE *report; /* NULL: none */
};

static int cancel_fd = -1;

/* The first time the examination ends tidily, the second time it is over. */
static void cancel(int number)
{
	uint64_t one = 1;

	(void)!write(cancel_fd, &one, sizeof(one));
	(void)signal(number, SIG_DFL);
}

/* --- options ---------------------------------------------------------------------------------- */

static int wrong(const char *option, const char *value, const char *what)
{
	complain("--%s %s: %s", option, value, what);
	return EXIT_USAGE;
}

static int take_number(const struct cli *cli, const char *option, uint64_t min, uint64_t max,
		       uint64_t *ret)
{
	const char *value = arguments_option(&cli->arguments, option);
	uint64_t number;

	if (!value)
		return EXIT_OK;
	if (text_to_uint(text_of(value), max, &number) < 0 || number < min) {
		complain("--%s %s: a whole number from %" PRIu64 " to %" PRIu64 " is wanted",
			 option, value, min, max);
		return EXIT_USAGE;
	}
	*ret = number;
	return EXIT_OK;
}

/* "4M", "64K", "1000". */
static int take_size(const struct cli *cli, uint64_t *ret)
{
	const char *value = arguments_option(&cli->arguments, "size");
	struct text in = text_of(value);
	uint64_t number, unit = 1;

	if (!value)
		return EXIT_OK;
	bool is_number = text_take_uint(&in, SIZE_MAX_BYTES, &number);
	if (text_skip_char(&in, 'K'))
		unit = 1024;
	else if (text_skip_char(&in, 'M'))
		unit = (uint64_t)1024 * 1024;
	if (!is_number || in.len > 0 || number > SIZE_MAX_BYTES / unit)
		return wrong("size", value, "bytes are wanted, as 65536, 64K or 4M, up to 4096M");
	*ret = number * unit;
	return EXIT_OK;
}

static int take_range(const struct cli *cli, struct doctor_options *options)
{
	const char *value = arguments_option(&cli->arguments, "passive-range");
	struct text in = text_of(value);
	uint64_t first = 0, last;

	if (!value)
		return EXIT_OK;
	bool is_port = text_take_uint(&in, UINT16_MAX, &first);
	last = first;
	if (is_port && text_skip_char(&in, '-'))
		is_port = text_take_uint(&in, UINT16_MAX, &last);
	if (!is_port || in.len > 0 || first == 0 || first > last)
		return wrong("passive-range", value,
			     "ports are wanted, as 40000-50000, or a single one");
	options->passive_first = (uint16_t)first;
	options->passive_last = (uint16_t)last;
	return EXIT_OK;
}

static int take_mode(const struct cli *cli, enum tls_mode *ret)
{
	static const struct {
		const char *name;
		enum tls_mode mode;
	} rows[] = {
		{ "auto", MODE_UNKNOWN },
		{ "explicit", MODE_EXPLICIT },
		{ "implicit", MODE_IMPLICIT },
		{ "none", MODE_PLAIN },
	};
	const char *value = arguments_option(&cli->arguments, "tls");

	for (size_t i = 0; value && i < ARRAY_SIZE(rows); i++) {
		if (strcmp(value, rows[i].name) == 0) {
			*ret = rows[i].mode;
			return EXIT_OK;
		}
	}
	return value ? wrong("tls", value, "auto, explicit, implicit or none is wanted") : EXIT_OK;
}

static bool has(const struct cli *cli, const char *option)
{
	return arguments_option(&cli->arguments, option) != NULL;
}

static int take_options(const struct cli *cli, struct doctor_options *options)
{
	uint64_t port = 0, timeout_s = 0, interval_s = 0, tries = 0, parallel = 0;
	int r = take_number(cli, "port", 1, UINT16_MAX, &port);

	options->large_size_bytes = DOCTOR_LARGE_BYTES;
	if (r == EXIT_OK)
		r = take_number(cli, "timeout", 1, SECONDS_MAX, &timeout_s);
	if (r == EXIT_OK)
		r = take_number(cli, "interval", 1, SECONDS_MAX, &interval_s);
	if (r == EXIT_OK)
		r = take_number(cli, "retries", 1, TRIES_MAX, &tries);
	if (r == EXIT_OK)
		r = take_number(cli, "parallel", 2, DOCTOR_PARALLEL_MAX, &parallel);
	options->n_parallel = (unsigned)parallel;
	if (r == EXIT_OK)
		r = take_size(cli, &options->large_size_bytes);
	if (r == EXIT_OK)
		r = take_range(cli, options);
	if (r == EXIT_OK)
		r = take_mode(cli, &options->mode);
	options->host = cli->arguments.operands[0];
	options->port = (uint16_t)port;
	options->timeout_ms = (int64_t)timeout_s * 1000;
	options->interval_ms = (int64_t)interval_s * 1000;
	options->tries = (unsigned)tries;
	options->is_quick = has(cli, "quick");
	options->is_read_only = has(cli, "read-only");
	options->has_no_login = has(cli, "no-login");
	options->allows_plain = has(cli, "allow-plain");
	options->is_insecure = has(cli, "insecure");
	options->wants_idle = has(cli, "idle");
	options->follows_elsewhere = has(cli, "follow");
	return r;
}

static int take_request(const struct cli *cli, struct examination *examination)
{
	const char *rules = arguments_option(&cli->arguments, "rules");
	const char *export = arguments_option(&cli->arguments, "export");
	const char *report = arguments_option(&cli->arguments, "report");
	struct doctor_request *request = &examination->request;

	request->has_rules = rules != NULL;
	request->has_export = export != NULL;
	request->ca_file = arguments_option(&cli->arguments, "ca");
	if (rules && firewall_format_find(text_of(rules), &request->format) < 0)
		return wrong("rules", rules,
			     "nftables, iptables, ufw, firewalld, windows, aws, azure, gcp, "
			     "paloalto or cisco is wanted");
	if (export && client_export_find(text_of(export), &request->export) < 0)
		return wrong("export", export,
			     "filezilla, winscp, lftp, curl, rclone or json is wanted");
	if (!report)
		return EXIT_OK;
	if (report_format_of(report, &examination->report_format) < 0)
		return wrong("report", report, "a file that ends in .html or .md is wanted");
	/* Now, while nothing has been done that would be lost. */
	examination->report = fopen(report, "we");
	if (!examination->report)
		return wrong("report", report, strerrordesc_np(errno));
	return EXIT_OK;
}

/* --- trust ------------------------------------------------------------------------------------ */

static int make_trust(const struct cli *cli, struct examination *examination)
{
	struct tls_client_options options = { .ca_path = arguments_option(&cli->arguments, "ca") };
	struct tls_error error = { "" };

	/* OpenSSL has no words for a file that it cannot open. */
	if (options.ca_path && access(options.ca_path, R_OK) < 0)
		return wrong("ca", options.ca_path, strerrordesc_np(errno));
	int r = tls_client_new(&options, &examination->tls, &error);
	options.maximum_version = TLS1_2_VERSION;
	if (r == 0)
		r = tls_client_new(&options, &examination->tls_1_2, &error);
	options.maximum_version = 0;
	options.accepts_old = true;
	if (r == 0)
		r = tls_client_new(&options, &examination->tls_old, &error);
	if (r < 0) {
		complain("--ca %s", error.text);
		return EXIT_USAGE;
	}
	examination->options.tls = examination->tls;
	examination->options.tls_1_2 = examination->tls_1_2;
	examination->options.tls_old = examination->tls_old;
	return EXIT_OK;
}

/* --- user and password ------------------------------------------------------------------------ */

/* All of a small file; its bytes are the caller's to wipe. */
static ssize_t read_file(const char *path, char *ret, size_t size)
{
	AUTO_CLOSE int fd =
		strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size) {
		ssize_t n = read(fd, ret + len, size - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
	}
	return -EFBIG;
}

static int password_of_file(const char *path, struct secret *ret)
{
	char bytes[SECRET_MAX * 2];
	ssize_t n = read_file(path, bytes, sizeof(bytes));
	struct text in = { bytes, n > 0 ? (size_t)n : 0 }, line = { bytes, 0 };

	(void)text_take_until(&in, '\n', &line);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	int r = n < 0 ? (int)n : secret_set(ret, line);
	explicit_bzero(bytes, sizeof(bytes));
	if (r == 0)
		return EXIT_OK;
	complain("--password-file %s: %s", path, strerrordesc_np(-r));
	return EXIT_USAGE;
}

static bool password_of_netrc(struct examination *examination)
{
	const char *home = getenv("HOME"), *path = getenv("NETRC");
	struct doctor_options *options = &examination->options;
	AUTO_FREE char *bytes = malloc(NETRC_MAX);
	AUTO_FREE char *usual = NULL;
	struct target target;

	if (!path && home && asprintf(&usual, "%s/.netrc", home) < 0)
		usual = NULL;
	if (!bytes || (!path && !usual) || target_parse(text_of(options->host), &target) < 0)
		return false;
	ssize_t n = read_file(path ? path : usual, bytes, NETRC_MAX);
	if (n < 0)
		return false;
	int r = netrc_find((struct text){ bytes, (size_t)n }, target.host, options->user,
			   examination->user, &examination->password);
	explicit_bzero(bytes, NETRC_MAX);
	if (r < 0)
		return false;
	if (!options->user && *examination->user)
		options->user = examination->user;
	return options->user != NULL;
}

static bool is_anonymous(const char *user)
{
	return strcmp(user, "anonymous") == 0 || strcmp(user, "ftp") == 0;
}

/* In this order: the file, the environment, .netrc, the prompt. */
static int find_password(const struct cli *cli, struct examination *examination)
{
	const char *path = arguments_option(&cli->arguments, "password-file");
	const char *variable = getenv("SALLYPORT_PASSWORD");
	struct doctor_options *options = &examination->options;
	int r = 0;

	options->user = arguments_option(&cli->arguments, "user");
	if (options->has_no_login)
		return EXIT_OK;
	if (options->user && path) {
		if (password_of_file(path, &examination->password) != EXIT_OK)
			return EXIT_USAGE;
	} else if (options->user && variable) {
		r = secret_set(&examination->password, text_of(variable));
	} else if (!password_of_netrc(examination)) {
		if (!options->user)
			return EXIT_OK; /* what comes before the login needs none */
		if (is_anonymous(options->user))
			r = secret_set(&examination->password, T("sallyport-doctor@"));
		else
			r = password_ask(options->user, &examination->password);
	}
	if (r < 0) {
		complain("there is no password for %s: give it with --password-file FILE, in "
			 "SALLYPORT_PASSWORD or .netrc, or at the prompt of a terminal; --no-login "
			 "does without",
			 options->user);
		return EXIT_USAGE;
	}
	options->password = &examination->password;
	return EXIT_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void write_report(const struct examination *examination, const struct evidence *evidence,
			 const struct diagnosis *diagnosis)
{
	if (examination->report &&
	    doctor_report_write(examination->report, examination->report_format, evidence,
				diagnosis, &examination->request) < 0)
		complain("the report could not be written");
}

static int judge(const struct cli *cli, const struct examination *examination,
		 const struct evidence *evidence)
{
	AUTO_FREE struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));

	if (!diagnosis) {
		complain("memory is short");
		return EXIT_UNTESTED;
	}
	doctor_diagnose(evidence, diagnosis);
	if (cli->wants_json) {
		AUTO_JSON json_t *json =
			doctor_answer_json(evidence, diagnosis, &examination->request);

		json_print(json);
	} else {
		doctor_answer_print(stdout, cli->has_colour, evidence, diagnosis,
				    &examination->request);
	}
	write_report(examination, evidence, diagnosis);
	switch (diagnosis->verdict) {
	case VERDICT_HEALTHY:
		return EXIT_OK;
	case VERDICT_PROBLEM:
		return EXIT_FAILED;
	case VERDICT_UNTESTED:
		break;
	}
	return EXIT_UNTESTED;
}

static bool has_beyond_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return true;
	return false;
}

static int examine(const struct cli *cli, struct examination *examination)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct checklist checklist;

	if (!evidence) {
		complain("memory is short");
		return EXIT_UNTESTED;
	}
	cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	examination->options.cancel_fd = cancel_fd;
	(void)signal(SIGINT, cancel);
	(void)signal(SIGTERM, cancel);
	(void)signal(SIGPIPE, SIG_IGN);
	checklist_init(&checklist, cli->wants_json ? NULL : stdout, cli->has_colour,
		       isatty(STDOUT_FILENO));
	int r = doctor_examine(&examination->options, &checklist.watcher, evidence);
	checklist_release(&checklist);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	fd_close(&cancel_fd);
	if (r == -ENOMEM) {
		complain("memory is short");
		return EXIT_UNTESTED;
	}
	if (r < 0) {
		/* As evidence shows them. */
		if (strstr(evidence->target.given, "\\x") ||
		    has_beyond_ascii(evidence->target.given))
			complain("\"%s\" has letters beyond ASCII: look for one that only looks "
				 "like another, or write the name as xn--...",
				 evidence->target.given);
		else
			complain(
				"\"%s\" is no host: give its name or address, as ftp.example.com or "
				"ftp.example.com:3021",
				evidence->target.given);
		return EXIT_USAGE;
	}
	return judge(cli, examination, evidence);
}

int cmd_doctor(struct cli *cli)
{
	struct examination examination = { .options = { .cancel_fd = -1 } };

	int r = take_options(cli, &examination.options);
	if (r == EXIT_OK)
		r = take_request(cli, &examination);
	if (r == EXIT_OK)
		r = make_trust(cli, &examination);
	if (r == EXIT_OK)
		r = find_password(cli, &examination);
	if (r == EXIT_OK)
		r = examine(cli, &examination);
	if (examination.report)
		(void)fclose(examination.report);
	secret_release(&examination.password);
	tls_client_free(&examination.tls);
	tls_client_free(&examination.tls_1_2);
	tls_client_free(&examination.tls_old);
	return r;
}

int cmd_doctor_schema(struct cli *cli UNUSED)
{
	AUTO_JSON json_t *schema = doctor_answer_schema();

	json_print(schema);
	return schema ? EXIT_OK : EXIT_FAILED;
}
