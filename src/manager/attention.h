/* manager/attention.h - what an administrator should look at: a table of rows, each with a
 * predicate over the state of the server. Threads: any. */
#ifndef MANAGER_ATTENTION_H
#define MANAGER_ATTENTION_H

#include "manager/certificate_watch.h"

struct attention {
	json_t *items;	    /* owned: [{"id", "severity", "title", "detail", "link"}] */
	const char *health; /* "ok", "attention", "problem": the worst of them */
	size_t stuck;	    /* client networks that do not get through */
	struct certificate_state certificate; /* of the default host */
};

void attention_collect(const struct api_context *context, struct attention *ret);

#endif
