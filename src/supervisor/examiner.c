/* supervisor/examiner.c - see examiner.h. */
#include "supervisor/examiner.h"

#include <jansson.h>
#include <signal.h>

#include "base/log.h"
#include "doctor/doctor.h"
#include "doctor/report.h"
#include "supervisor/surroundings.h"

#define LARGE_BYTES ((uint64_t)1024 * 1024)
#define REPORT_MAX (1024 * 1024)

struct examination {
	struct watcher watcher;
	int out;
	struct doctor_options options;
	struct secret password;
	struct tls_client *tls, *tls_1_2, *tls_old;
};

/* One line. A reader that is gone has cancelled us: there is nobody to tell. */
static void say(int out, json_t *object)
{
	AUTO_FREE char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = line ? strlen(line) : 0, done = 0;

	json_decref(object);
	if (!line)
		return;
	line[len++] = '\n'; /* in place of the NUL */
	while (done < len) {
		ssize_t n = write(out, line + done, len - done);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

static void begin_step(struct watcher *watcher, const char *title)
{
	struct examination *examination = (struct examination *)watcher;

	say(examination->out, json_pack("{s:s}", "begin", title));
}

static void end_step(struct watcher *watcher, enum step_state state, const char *title,
		     const char *detail, int64_t duration_ms)
{
	static const char *const states[] = { [STEP_OK] = "ok",
					      [STEP_FAILED] = "failed",
					      [STEP_WARNED] = "warned",
					      [STEP_SKIPPED] = "skipped" };
	struct examination *examination = (struct examination *)watcher;

	say(examination->out,
	    json_pack("{s:{s:s, s:s, s:s, s:I}}", "end", "title", title, "state", states[state],
		      "detail", detail, "duration_ms", (json_int_t)duration_ms));
}

static bool flag(const json_t *request, const char *name)
{
	return json_is_true(json_object_get(request, name));
}

static json_int_t number(const json_t *request, const char *name)
{
	return json_integer_value(json_object_get(request, name));
}

static enum tls_mode mode_of(const json_t *request)
{
	const char *word = json_string_value(json_object_get(request, "tls"));

	if (word && strcmp(word, "none") == 0)
		return MODE_PLAIN;
	for (enum tls_mode mode = MODE_PLAIN; word && mode <= MODE_IMPLICIT; mode++)
		if (strcmp(tls_mode_word(mode), word) == 0)
			return mode;
	return MODE_UNKNOWN;
}

static void take_options(struct examination *examination, const json_t *request, int cancel)
{
	const char *password = json_string_value(json_object_get(request, "password"));

	examination->options = (struct doctor_options){
		.host = json_string_value(json_object_get(request, "host")),
		.port = (uint16_t)number(request, "port"),
		.mode = mode_of(request),
		.timeout_ms = number(request, "timeout_s") * 1000,
		.tries = (unsigned)number(request, "tries"),
		.is_quick = flag(request, "quick"),
		.is_read_only = flag(request, "read_only"),
		.has_no_login = flag(request, "no_login"),
		.allows_plain = flag(request, "allow_plain"),
		.is_insecure = flag(request, "insecure"),
		.large_size_bytes = flag(request, "quick") ? 0 : LARGE_BYTES,
		.passive_first = (uint16_t)number(request, "passive_first"),
		.passive_last = (uint16_t)number(request, "passive_last"),
		.user = json_string_value(json_object_get(request, "user")),
		.cancel_fd = cancel,
	};
	if (password && secret_set(&examination->password, text_of(password)) == 0)
		examination->options.password = &examination->password;
}

static int make_trust(struct examination *examination, struct tls_error *error)
{
	struct tls_client_options options = { .ca_path = NULL };
	int r = tls_client_new(&options, &examination->tls, error);

	options.maximum_version = TLS1_2_VERSION;
	if (r == 0)
		r = tls_client_new(&options, &examination->tls_1_2, error);
	options.maximum_version = 0;
	options.accepts_old = true;
	if (r == 0)
		r = tls_client_new(&options, &examination->tls_old, error);
	examination->options.tls = examination->tls;
	examination->options.tls_1_2 = examination->tls_1_2;
	examination->options.tls_old = examination->tls_old;
	return r;
}

/* The page as a JSON text; null when memory is short. */
static json_t *report_json(enum report_format format, const struct evidence *evidence,
			   const struct diagnosis *diagnosis, const struct doctor_request *request)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *json = NULL;

	if (!out)
		return json_null();

	int r = doctor_report_write(out, format, evidence, diagnosis, request);

	if (fclose(out) == 0 && r >= 0 && len <= REPORT_MAX)
		json = json_stringn(text, len);
	return json ? json : json_null();
}

static void answer(const struct examination *examination, const struct evidence *evidence)
{
	AUTO_FREE struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	const struct doctor_request request = { .has_export = true, .export = CLIENT_FILEZILLA };

	if (!diagnosis)
		return;
	doctor_diagnose(evidence, diagnosis);
	say(examination->out,
	    json_pack("{s:o, s:o, s:o}", "answer",
		      doctor_answer_json(evidence, diagnosis, &(struct doctor_request){ 0 }),
		      "html", report_json(REPORT_HTML, evidence, diagnosis, &request), "md",
		      report_json(REPORT_MARKDOWN, evidence, diagnosis, &request)));
}

static int examine(const json_t *request, int out, int cancel)
{
	struct examination examination = { .watcher = { begin_step, end_step }, .out = out };
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	struct tls_error error = { "memory is short" };
	int r = evidence ? 0 : -ENOMEM;

	take_options(&examination, request, cancel);
	if (r == 0)
		r = make_trust(&examination, &error);
	if (r < 0) {
		say(out, json_pack("{s:s}", "error", error.text));
	} else {
		r = doctor_examine(&examination.options, &examination.watcher, evidence);
		if (r < 0)
			say(out, json_pack("{s:s}", "error",
					   r == -EINVAL ? "This is no host: its name or address "
							  "is wanted, as ftp.example.com."
							: "Memory is short."));
		else
			answer(&examination, evidence);
	}
	secret_release(&examination.password);
	tls_client_free(&examination.tls);
	tls_client_free(&examination.tls_1_2);
	tls_client_free(&examination.tls_old);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int examiner_main(struct text text, int out, int cancel)
{
	json_t *request = json_loadb(text.ptr, text.len, 0, NULL);
	const char *look = json_string_value(json_object_get(request, "look"));
	const char *name = json_string_value(json_object_get(request, "name"));
	int status = EXIT_FAILURE;

	(void)signal(SIGPIPE, SIG_IGN);
	if (look && strcmp(look, "around") == 0) {
		say(out, surroundings_json(name ? name : ""));
		status = EXIT_SUCCESS;
	} else if (look && strcmp(look, "at") == 0 && json_object_get(request, "host")) {
		status = examine(request, out, cancel);
	}
	json_decref(request);
	return status;
}
