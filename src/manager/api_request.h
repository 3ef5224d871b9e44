/* manager/api_request.h - one request to the REST API on its way through: who asks, what came in,
 * what goes out. A handler returns the HTTP status and leaves its JSON in answer, or text
 * (api_text_answer); problems follow RFC 9457. Parameters of the query: api_query.h; changes are
 * noted by audit_note.h. Threads: the one that runs the request; what context points to locks
 * itself. */
#ifndef MANAGER_API_REQUEST_H
#define MANAGER_API_REQUEST_H

#include <jansson.h>

#include "accounts/accounts.h"
#include "accounts/activity.h"
#include "accounts/reach_store.h"
#include "accounts/role.h"
#include "accounts/shelf.h"
#include "accounts/token.h"
#include "accounts/transfers.h"
#include "ipc/quotas.h"
#include "ipc/recorder.h"
#include "ipc/scoreboard.h"
#include "manager/ban_desk.h"
#include "manager/bus.h"
#include "manager/connectivity.h"
#include "manager/login_guard.h"
#include "manager/manager.h"
#include "manager/quota_desk.h"
#include "manager/worker_links.h"
#include "net/address.h"
#include "settings/settings.h"

#define API_BODY_MAX (64 * 1024)
#define API_LARGE_BODY_MAX (8 * 1024 * 1024) /* of routes that take files */
#define API_ARGUMENT_SIZE 256
#define API_ETAG_SIZE 40
#define API_HEADERS_MAX 4
#define API_HEADER_SIZE 512

struct live;
struct records;
struct manager_certificate;
struct certificate_watch;
struct examinations;
struct guests;

/* What handlers work on; all borrowed for the life of the API. */
struct api_context {
	const struct settings *settings;
	const struct scoreboard *board;
	struct accounts *accounts;
	struct transfers *transfers;
	struct shelf *shelf;
	struct examinations *examinations;
	struct certificate_watch *watch;
	struct guests *guests;
	const struct settings_loaded *loaded;		/* that settings are of */
	const struct manager_certificate *certificates; /* as in manager.h */
	struct activity *activity;
	struct reach_store *reach;
	struct connectivity *connectivity;
	struct records *records;
	const struct recorder *recorder;   /* NULL: nothing is recorded */
	struct reservations *reservations; /* NULL: nobody knows them */
	struct tally *tally;		   /* NULL: nothing is counted */
	int memory_fd;			   /* memory_use_open, or -1 */
	struct worker_links *links;
	struct quota_desk *desk;
	struct ban_desk *bans;
	struct quotas *quotas; /* NULL: nothing is counted */
	struct bus *bus;
	struct live *live;
	struct login_guard *guard;
	const struct manager_door *doors;
	size_t n_doors;
	int supervisor; /* channel */
};

enum asker_via {
	VIA_NOBODY,  /* nobody has logged in */
	VIA_LOCAL,   /* the Unix socket: root and the daemon's own user */
	VIA_SESSION, /* the web page's cookie */
	VIA_KEY,     /* an API key */
};

struct api_asker {
	enum asker_via via;
	enum role role;
	char name[USER_NAME_MAX + 16]; /* "local:0", an administrator's name, "key:<name>" */
	char from[ADDRESS_TEXT_SIZE];  /* an address without port, or "local" */
	/* Of a session: what is stored of its token, and the token against forged requests. */
	uint8_t session[TOKEN_HASH_SIZE];
	char csrf[TOKEN_SIZE];
};

struct MHD_Connection;
struct MHD_Response;
struct api_route;

struct api_header {
	const char *name; /* a literal */
	char value[API_HEADER_SIZE];
};

struct api_request {
	const struct api_context *context;
	struct api_asker asker;
	bool is_tls; /* the connection */
	/* The decoded segments of the path that stand at the {} of its pattern, or empty. */
	char argument[API_ARGUMENT_SIZE];
	char second_argument[API_ARGUMENT_SIZE];
	struct text body;
	struct MHD_Connection *connection;
	json_t *answer; /* owned; NULL: no body, or one of these: */
	char *text;	/* owned */
	size_t text_len;
	struct MHD_Response *stream; /* owned; made by the handler of a route that streams */
	const char *content_type;    /* of text: a literal */
	struct api_header headers[API_HEADERS_MAX];
	size_t n_headers;
	bool is_problem;
};

/* Makes the answer {"type", "title", "status", "detail"} and, unless field is NULL, "field".
 * Returns status, so that a handler can return it. */
unsigned api_problem(struct api_request *request, unsigned status, const char *field,
		     const char *format, ...) PRINTF_LIKE(4, 5);
/* The problem of a database's -errno: 404, 409 or 500. subject is the user's name. */
unsigned api_problem_errno(struct api_request *request, int r, const char *subject);
/* The same for things that have a number: 404 or 500. thing is what it is ("guest link"). */
unsigned api_problem_thing(struct api_request *request, int r, const char *thing);
/* The number of a thing, in the first {} of its path. 0, or 404: it cannot be one. */
unsigned api_take_id(struct api_request *request, const char *thing, int64_t *ret);

/* Answers with bytes (copied) of another kind than JSON: content_type is a literal such as
 * "text/csv; charset=utf-8". Returns 200, or the 500 of short memory. */
unsigned api_text_answer(struct api_request *request, const char *content_type, struct text bytes);
/* A browser is to store the answer as a file of this name: letters, digits, dots and hyphens. */
void api_answer_as_file(struct api_request *request, const char *file_name);
/* One more header of the answer; name is a literal. What does not fit is left out. */
void api_header(struct api_request *request, const char *name, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* --- lost updates: a resource carries an ETag, a change names the one that it was made from --- */

/* The tag of a resource: a hash of its JSON without the members that change by themselves (a list
 * that ends in NULL; NULL: none), and of when it was changed. Borrows. */
void api_etag_of(const json_t *resource, const char *const *volatile_members, int64_t updated_ms,
		 char ret[static API_ETAG_SIZE]);
/* The answer is the resource in this state. */
void api_etag(struct api_request *request, const char *etag);
/* 0 when If-Match is not there or names etag (or is "*"), else the status 412. Rows with the flag
 * ROUTE_IF_MATCH run one at a time, so that nothing comes between this and the change. */
unsigned api_if_match(struct api_request *request, const char *etag);

/* --- what handlers share ---------------------------------------------------------------------- */

/* Groups have other members, or a member another home, from now on: their quotas look anew. */
void api_members_changed(const struct api_request *request);

/* What is wrong with a directory that workers are to serve, or NULL. */
const char *api_directory_problem(const struct api_request *request, const char *directory);

/* The body as a JSON object, a new reference; NULL: *ret_status is the problem's. An empty body is
 * {} when may_be_empty. */
json_t *api_body(struct api_request *request, bool may_be_empty, unsigned *ret_status);

/* The value of a header of the request, borrowed, or NULL. */
const char *api_request_header(const struct api_request *request, const char *name);

/* JSON of a time in milliseconds since 1970, null for 0; of text of any bytes: what is not UTF-8
 * becomes U+FFFD; of text where empty means null. */
json_t *api_time(int64_t wall_ms);
json_t *api_text(struct text value);
json_t *api_text_or_null(const char *value);

#endif
