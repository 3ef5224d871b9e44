/* manager/api_query.h - the parameters of a request's query ("?user=alice&limit=10"), checked. The
 * functions that return a status return 0 when all is well, the parameter's absence included, and
 * else that of the problem which they have made. Threads: the one that runs the request. */
#ifndef MANAGER_API_QUERY_H
#define MANAGER_API_QUERY_H

#include "manager/api_request.h"

#define API_PAGE_DEFAULT 100u
#define API_PAGE_MOST 1000u

/* The decoded parameter; false: it is not there. 422 and true in *ret_is_bad: it cannot be decoded
 * or is too long. */
bool api_query(struct api_request *request, const char *name, char ret[static API_ARGUMENT_SIZE],
	       bool *ret_is_bad);

/* The same as a status; ret is the empty text when the parameter is not there. */
unsigned api_query_text(struct api_request *request, const char *name,
			char ret[static API_ARGUMENT_SIZE]);
/* A number from 1 to most; *ret stays when the parameter is not there. */
unsigned api_query_number(struct api_request *request, const char *name, uint64_t most,
			  uint64_t *ret);
/* A time such as 2026-11-20T11:17:40Z; *ret_ms stays when it is not there. */
unsigned api_query_time(struct api_request *request, const char *name, int64_t *ret_ms);
/* One of n words; its index, which stays when the parameter is not there. */
unsigned api_query_word(struct api_request *request, const char *name, const char *const *words,
			size_t n_words, int *ret_index);
/* "true", "1", "false" or "0"; *ret stays when it is not there. */
unsigned api_query_flag(struct api_request *request, const char *name, bool *ret);

/* limit (1 to API_PAGE_MOST) and after, the opaque text that the last page gave as "next"; empty on
 * the first page. */
unsigned api_page(struct api_request *request, unsigned *ret_limit,
		  char ret_after[static API_ARGUMENT_SIZE]);
/* The same where `after` is a number, as ids are; 0 on the first page. */
unsigned api_page_number(struct api_request *request, unsigned *ret_limit, int64_t *ret_after);
/* "next" of a page whose rows have a number "id": text, or null when the page was not full. */
json_t *api_next_id(const json_t *list, unsigned limit);
/* The same of rows that are ordered by their "name". */
json_t *api_next_name(const json_t *list, unsigned limit);

#endif
