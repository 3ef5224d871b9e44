/* manager/api_route.h - which handler serves which method and path. Threads: any; pure. */
#ifndef MANAGER_API_ROUTE_H
#define MANAGER_API_ROUTE_H

#include "manager/api_request.h"

#define API_ALLOW_SIZE 64

/* RFC 3986 2.1. 0 or -EINVAL: a broken escape, a NUL, more than fits. */
int api_percent_decode(struct text in, char ret[static API_ARGUMENT_SIZE]) MUST_CHECK;

typedef unsigned (*api_handler)(struct api_request *request);

/* path is as it came, percent-encoded, without the query. 0 and *ret, with the decoded last segment
 * in ret_argument; -ENOENT (no such path); -EPERM (not with this method: ret_allow lists those that
 * are, as the Allow header wants it). */
int api_route_find(struct text method, struct text path, api_handler *ret,
		   char ret_argument[static API_ARGUMENT_SIZE],
		   char ret_allow[static API_ALLOW_SIZE]) MUST_CHECK;

#endif
