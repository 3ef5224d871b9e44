/* manager/api_answer.h - what a handler has left becomes an HTTP response.
 * Threads: the one that runs the request. */
#ifndef MANAGER_API_ANSWER_H
#define MANAGER_API_ANSWER_H

#include <microhttpd.h>

#include "manager/api_request.h"

/* Sends it; consumes answer, text and stream of the request. allow: for the Allow header, or
 * empty. */
enum MHD_Result api_respond(struct api_request *request, unsigned status, const char *allow);

#endif
