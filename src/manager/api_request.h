/* manager/api_request.h - one request to the REST API on its way through: what came in, what goes
 * out. A handler returns the HTTP status and leaves its JSON in answer; problems follow RFC 9457.
 * Threads: the one that runs the request; what context points to locks itself. */
#ifndef MANAGER_API_REQUEST_H
#define MANAGER_API_REQUEST_H

#include <jansson.h>

#include "accounts/accounts.h"
#include "accounts/shelf.h"
#include "accounts/transfers.h"
#include "ipc/quotas.h"
#include "ipc/scoreboard.h"
#include "manager/quota_desk.h"
#include "manager/worker_links.h"
#include "settings/settings.h"

#define API_BODY_MAX (64 * 1024)
#define API_ARGUMENT_SIZE 256

/* What handlers work on; all borrowed for the life of the API. */
struct api_context {
	const struct settings *settings;
	const struct scoreboard *board;
	struct accounts *accounts;
	struct transfers *transfers;
	struct shelf *shelf;
	const struct settings_loaded *loaded; /* that settings are of */
	struct worker_links *links;
	struct quota_desk *desk;
	struct quotas *quotas; /* NULL: nothing is counted */
	int supervisor;	       /* channel */
};

struct MHD_Connection;

struct api_request {
	const struct api_context *context;
	unsigned by_uid;		  /* who asks */
	char argument[API_ARGUMENT_SIZE]; /* the decoded last segment of the path, or empty */
	struct text body;
	struct MHD_Connection *connection;
	json_t *answer; /* owned; NULL: no body */
	bool is_problem;
};

/* Makes the answer {"type", "title", "status", "detail"} and, unless field is NULL, "field".
 * Returns status, so that a handler can return it. */
unsigned api_problem(struct api_request *request, unsigned status, const char *field,
		     const char *format, ...) PRINTF_LIKE(4, 5);
/* The problem of a database's -errno: 404, 409 or 500. subject is the user's name. */
unsigned api_problem_errno(struct api_request *request, int r, const char *subject);

/* Groups have other members, or a member another home, from now on: their quotas look anew. */
void api_members_changed(const struct api_request *request);

/* What is wrong with a directory that workers are to serve, or NULL. */
const char *api_directory_problem(const struct api_request *request, const char *directory);

/* The decoded parameter of the query ("?user=alice"); false: it is not there. 422 and true in
 * *ret_is_bad: it cannot be decoded or is too long. */
bool api_query(struct api_request *request, const char *name, char ret[static API_ARGUMENT_SIZE],
	       bool *ret_is_bad);

/* The body as a JSON object, a new reference; NULL: *ret_status is the problem's. An empty body is
 * {} when may_be_empty. */
json_t *api_body(struct api_request *request, bool may_be_empty, unsigned *ret_status);

/* JSON of a time in milliseconds since 1970, null for 0; of text of any bytes: what is not UTF-8
 * becomes U+FFFD; of text where empty means null. */
json_t *api_time(int64_t wall_ms);
json_t *api_text(struct text value);
json_t *api_text_or_null(const char *value);

#endif
