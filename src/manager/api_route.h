/* manager/api_route.h - which handler serves which method and path, and who may ask for it: a
 * table. Threads: any; pure. */
#ifndef MANAGER_API_ROUTE_H
#define MANAGER_API_ROUTE_H

#include "manager/api_request.h"

#define API_ALLOW_SIZE 64

typedef unsigned (*api_handler)(struct api_request *request);

/* A row without flags is the strictest: its role is asked for, its body is small. */
enum route_flag {
	/* A change of one resource: the web page must name the state that it started from. */
	ROUTE_IF_MATCH = 1 << 0,
	/* Nobody needs to be logged in; the least role is not asked for. */
	ROUTE_PUBLIC = 1 << 1,
	/* The answer goes on for long: the handler makes request->stream. */
	ROUTE_STREAMS = 1 << 2,
	/* The body may have API_LARGE_BODY_MAX bytes. */
	ROUTE_LARGE_BODY = 1 << 3,
};

struct api_route {
	const char *method;
	const char *path; /* a segment "{}" stands for any one, up to two of them */
	api_handler handler;
	enum role least_role;
	unsigned flags;
};

/* RFC 3986 2.1. 0 or -EINVAL: a broken escape, a NUL, more than fits. */
int api_percent_decode(struct text in, char ret[static API_ARGUMENT_SIZE]) MUST_CHECK;

/* path is as it came, percent-encoded, without the query; HEAD finds what GET does. A path with the
 * words of one pattern goes there rather than to a pattern with {}. 0 and *ret, with the decoded
 * arguments; -ENOENT (no such path); -EPERM (not with this method: ret_allow lists those that are,
 * as the Allow header wants it). */
int api_route_find(struct text method, struct text path, const struct api_route **ret,
		   char ret_first[static API_ARGUMENT_SIZE],
		   char ret_second[static API_ARGUMENT_SIZE],
		   char ret_allow[static API_ALLOW_SIZE]) MUST_CHECK;

/* A word stands in the way: what bears this name in the collection ("/api/v1/users") could not be
 * asked for by it, since some method goes to the word's own path ("/api/v1/users/export"). */
bool api_route_is_taken(struct text collection, struct text name);

/* The n-th row; NULL past the end. */
const struct api_route *api_route_row(size_t n);

#endif
