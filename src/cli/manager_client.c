/* cli/manager_client.c - see manager_client.h. */
#include "cli/manager_client.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "cli/config_file.h"

#define BASE_URL "http://localhost/api/v1"
#define REPLY_MAX (256u * 1024 * 1024) /* a million sessions fit */
#define TIMEOUT_S 60L
#define FILE_TIMEOUT_S 600L /* a file with a thousand passwords, on a slow machine */
#define TRIES 10
#define BETWEEN_TRIES_NS 50000000L

struct exchange {
	char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *reply; /* owned */
	size_t reply_len;
	long status;
	bool is_quiet; /* that nobody answers is the caller's to tell */
	const char *content_type;
	long timeout_s;
};

static size_t keep_reply(char *data, size_t size, size_t n, void *user)
{
	struct exchange *exchange = user;
	size_t len = size * n;

	if (len > REPLY_MAX - exchange->reply_len)
		return 0;
	char *reply = realloc(exchange->reply, exchange->reply_len + len + 1);
	if (!reply)
		return 0;
	memcpy(reply + exchange->reply_len, data, len);
	exchange->reply = reply;
	exchange->reply_len += len;
	return len;
}

static int find_socket(const struct cli *cli, struct exchange *exchange)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error;

	if (config_load(cli, &loaded, &error) < 0) {
		complain("%s", error.text);
		return EXIT_FAILED;
	}
	int n = snprintf(exchange->socket_path, sizeof(exchange->socket_path), "%s/manager.sock",
			 settings_values(loaded)->run_directory);
	settings_free(&loaded);
	if (n < 0 || (size_t)n >= sizeof(exchange->socket_path)) {
		complain("run_directory: is too long for a socket");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* Why nobody answers at the socket; libcurl tells only that. A connection of our own tells
 * errno. */
static int probe_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || text_copy(text_of(path), address.sun_path, sizeof(address.sun_path)) < 0)
		return EINVAL;
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

static void explain_unreachable(const char *path)
{
	int error = probe_socket(path);

	if (error == EACCES || error == EPERM)
		complain("the manager at %s does not serve this user: run as root or as the "
			 "daemon's user",
			 path);
	else if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		complain("sallyportd is not running (no manager at %s): start it with "
			 "`systemctl start sallyportd` or `sallyportd`; for another configuration "
			 "say which with --config FILE",
			 path);
	else
		complain("the manager at %s cannot be reached: %s", path,
			 error ? strerrordesc_np(error) : "it hangs up");
}

/* A manager that is about to leave may take a connection and hang up before it has read a word; the
 * next one listens at the same socket. Asked again is what has not been sent, and what only
 * asks. */
static bool is_worth_another_try(const struct exchange *exchange, const char *method, CURLcode code)
{
	if (code == CURLE_COULDNT_CONNECT)
		return probe_socket(exchange->socket_path) == 0;
	return (code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
		code == CURLE_RECV_ERROR) &&
	       strcmp(method, "GET") == 0 && exchange->reply_len == 0;
}

static CURLcode perform_until_answered(CURL *curl, const struct exchange *exchange,
				       const char *method)
{
	const struct timespec pause = { .tv_nsec = BETWEEN_TRIES_NS };
	CURLcode code = curl_easy_perform(curl);

	for (int n = 1; n < TRIES && is_worth_another_try(exchange, method, code); n++) {
		(void)nanosleep(&pause, NULL);
		code = curl_easy_perform(curl);
	}
	return code;
}

static void set_options(CURL *curl, struct exchange *exchange, const char *method, const char *url,
			struct text body, struct curl_slist *headers)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, exchange->socket_path);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a user may be called ".x" */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, exchange->timeout_s);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_reply);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
	if (!body.ptr)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.ptr);
}

static int perform(struct exchange *exchange, const char *method, const char *url, struct text body)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, exchange->content_type);

	if (!curl || !headers) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(curl);
		complain("memory is short");
		return EXIT_FAILED;
	}
	set_options(curl, exchange, method, url, body, headers);
	CURLcode code = perform_until_answered(curl, exchange, method);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK)
		return EXIT_OK;
	if (exchange->is_quiet)
		return EXIT_FAILED;
	if (code == CURLE_COULDNT_CONNECT)
		explain_unreachable(exchange->socket_path);
	else
		complain("the manager did not answer: %s", curl_easy_strerror(code));
	return EXIT_FAILED;
}

static int send_text(struct exchange *exchange, const char *method, const char *path,
		     struct text body)
{
	AUTO_FREE char *url = NULL;

	if (asprintf(&url, "%s%s", BASE_URL, path) < 0) {
		url = NULL;
		complain("memory is short");
		return EXIT_FAILED;
	}
	return perform(exchange, method, url, body);
}

/* The request's text may hold a password: it is wiped before it is freed. */
static int send_request(struct exchange *exchange, const char *method, const char *path,
			const json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	int r = EXIT_FAILED;

	exchange->content_type = "Content-Type: application/json";
	exchange->timeout_s = TIMEOUT_S;
	if (body && !text)
		complain("memory is short, or an argument is not UTF-8");
	else
		r = send_text(exchange, method, path, text_of(text));
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

/* RFC 9457: title and detail say what went wrong. */
static void explain_problem(const struct cli *cli, long status, const json_t *problem)
{
	const char *title = json_text(problem, "title"), *detail = json_text(problem, "detail");

	const json_t *error;
	size_t i;

	if (cli->wants_json && problem)
		json_print(problem);
	json_array_foreach(json_object_get(problem, "errors"), i, error)
	{
		const char *field = json_text(error, "field");

		complain("line %" PRIu64 "%s%s: %s", json_number(error, "line"), *field ? ", " : "",
			 field, json_text(error, "detail"));
	}
	if (*detail)
		complain("%s", detail);
	else if (*title)
		complain("%s", title);
	else
		complain("the manager refused with status %ld", status);
}

static int take_reply(const struct cli *cli, const struct exchange *exchange, json_t **ret)
{
	json_t *json = NULL;

	if (exchange->reply_len > 0)
		json = json_loadb(exchange->reply, exchange->reply_len, JSON_DECODE_ANY, NULL);
	if (exchange->status < 200 || exchange->status > 299) {
		explain_problem(cli, exchange->status, json);
		json_decref(json);
		return EXIT_FAILED;
	}
	if (exchange->reply_len > 0 && !json) {
		complain("the manager's answer is not JSON");
		return EXIT_FAILED;
	}
	*ret = json;
	return EXIT_OK;
}

static int call(const struct cli *cli, const char *method, const char *path, const json_t *body,
		bool is_quiet, json_t **ret)
{
	struct exchange exchange = { .is_quiet = is_quiet };

	int r = find_socket(cli, &exchange);
	if (r == EXIT_OK)
		r = send_request(&exchange, method, path, body);
	if (r == EXIT_OK)
		r = take_reply(cli, &exchange, ret);
	free(exchange.reply);
	return r;
}

int manager_call(const struct cli *cli, const char *method, const char *path, const json_t *body,
		 json_t **ret)
{
	return call(cli, method, path, body, false, ret);
}

int manager_send_file(const struct cli *cli, const char *path, const char *content_type,
		      struct text file, json_t **ret)
{
	struct exchange exchange = { .content_type = content_type, .timeout_s = FILE_TIMEOUT_S };

	int r = find_socket(cli, &exchange);
	if (r == EXIT_OK)
		r = send_text(&exchange, "POST", path, file);
	if (r == EXIT_OK)
		r = take_reply(cli, &exchange, ret);
	free(exchange.reply);
	return r;
}

/* The path with the parameters of the page behind `next`; NULL when memory is short. */
static char *page_path(const char *path, const char *next)
{
	char *escaped = curl_easy_escape(NULL, next, 0), *ret = NULL;

	if (!escaped || asprintf(&ret, "%s%climit=1000%s%s", path, strchr(path, '?') ? '&' : '?',
				 *next ? "&after=" : "", *next ? escaped : "") < 0)
		ret = NULL;
	curl_free(escaped);
	return ret;
}

static int get_all(const struct cli *cli, const char *path, const char *member, bool is_quiet,
		   json_t **ret)
{
	AUTO_JSON json_t *all = json_array(), *page = NULL;
	int r = EXIT_OK;

	do {
		AUTO_FREE char *next = page_path(path, json_text(page, "next"));

		if (!next || !all) {
			complain("memory is short");
			return EXIT_FAILED;
		}
		json_decref(page);
		page = NULL;
		r = call(cli, "GET", next, NULL, is_quiet, &page);
		if (r != EXIT_OK)
			return r;
		(void)json_array_extend(all, json_object_get(page, member));
	} while (*json_text(page, "next"));
	*ret = json_pack("{s:O}", member, all);
	return EXIT_OK;
}

int manager_get_all(const struct cli *cli, const char *path, const char *member, json_t **ret)
{
	return get_all(cli, path, member, false, ret);
}

int manager_try_all(const struct cli *cli, const char *path, const char *member, json_t **ret)
{
	return get_all(cli, path, member, true, ret);
}

int manager_get_text(const struct cli *cli, const char *path, char **ret)
{
	struct exchange exchange = { .status = 0 };
	json_t *json = NULL;
	int r = find_socket(cli, &exchange);

	if (r == EXIT_OK)
		r = send_request(&exchange, "GET", path, NULL);
	if (r == EXIT_OK && (exchange.status < 200 || exchange.status > 299)) {
		r = take_reply(cli, &exchange, &json);
		json_decref(json);
	} else if (r == EXIT_OK) {
		*ret = exchange.reply ? exchange.reply : strdup("");
		if (!*ret)
			return EXIT_FAILED;
		(*ret)[exchange.reply_len] = '\0'; /* there is room for it */
		return EXIT_OK;
	}
	free(exchange.reply);
	return r;
}

int manager_try(const struct cli *cli, const char *path, json_t **ret)
{
	return call(cli, "GET", path, NULL, true, ret);
}

char *manager_path(const char *collection, const char *name)
{
	char *escaped = curl_easy_escape(NULL, name, 0), *path = NULL;

	if (!escaped || asprintf(&path, "%s%s", collection, *name ? escaped : "") < 0)
		path = NULL;
	curl_free(escaped);
	return path;
}

void json_print(const json_t *json)
{
	if (!json)
		return;
	(void)json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	(void)fputc('\n', stdout);
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

uint64_t json_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

bool json_flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
