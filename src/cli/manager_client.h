/* cli/manager_client.h - requests to the manager's REST API over its Unix socket.
 * Threads: one. Source: RFC 9457 (problem details), libcurl's CURLOPT_UNIX_SOCKET_PATH. */
#ifndef CLI_MANAGER_CLIENT_H
#define CLI_MANAGER_CLIENT_H

#include <jansson.h>

#include "cli/command.h"

/* Sends method and path ("/users/alice") with body, which is borrowed and may be NULL.
 * EXIT_OK: *ret is the reply, owned by the caller (json_decref), NULL when the reply has no body.
 * EXIT_FAILED: what went wrong has been printed; *ret is untouched. */
int manager_call(const struct cli *cli, const char *method, const char *path, const json_t *body,
		 json_t **ret) MUST_CHECK;

/* GET of a list that comes in pages: all of them, in the member of that name. As manager_call. */
int manager_get_all(const struct cli *cli, const char *path, const char *member,
		    json_t **ret) MUST_CHECK;
/* POST of a file; content_type is a header such as "Content-Type: text/csv". As manager_call. */
int manager_send_file(const struct cli *cli, const char *path, const char *content_type,
		      struct text file, json_t **ret) MUST_CHECK;
/* GET of what is no JSON: its text, to be given back with free(3). */
int manager_get_text(const struct cli *cli, const char *path, char **ret) MUST_CHECK;

/* GET for those who ask again and again: as manager_call, but silent when nobody answers. */
int manager_try(const struct cli *cli, const char *path, json_t **ret) MUST_CHECK;
int manager_try_all(const struct cli *cli, const char *path, const char *member,
		    json_t **ret) MUST_CHECK;

/* "/users/" and the name percent-encoded, owned by the caller; NULL when memory is short. */
char *manager_path(const char *collection, const char *name) MUST_CHECK;

/* Prints what the API said, for scripts; nothing for an empty reply. */
void json_print(const json_t *json);

/* Members of an object, for tables: "" and 0 and false when there is none. */
const char *json_text(const json_t *object, const char *key);
uint64_t json_number(const json_t *object, const char *key);
bool json_flag(const json_t *object, const char *key);

static inline void json_release_(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}
#define AUTO_JSON __attribute__((cleanup(json_release_)))

#endif
