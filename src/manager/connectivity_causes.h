/* manager/connectivity_causes.h - what stands between a client network and the server, as far as
 * the server's side can tell: a table of rows in the words of the doctor (docs/doctor.md), each
 * with a predicate over what is known of the network. Threads: any; pure functions. */
#ifndef MANAGER_CONNECTIVITY_CAUSES_H
#define MANAGER_CONNECTIVITY_CAUSES_H

#include "base/buf.h"
#include "manager/connectivity.h"

enum reach_state { REACH_UNKNOWN, REACH_OK, REACH_MIXED, REACH_STUCK, N_REACH_STATES };

/* "unknown", "ok", "mixed", "stuck". */
extern const char *const reach_state_names[N_REACH_STATES];

#define REACH_RANGES_MAX 8u
#define REACH_EXPLANATION_SIZE 640

/* Texts of one cause; explanations begin with the facts. */
struct reach_cause {
	const char *id, *title, *remedy;
};

struct reach_verdict {
	enum reach_state state;
	const struct reach_cause *cause; /* NULL: none is known */
	const char *confidence;		 /* "certain", "likely", "possible" */
	char explanation[REACH_EXPLANATION_SIZE];
	/* Of the passive range: where nothing has come; the newest word on a port counts. */
	unsigned n_failed;
	struct port_range failed[REACH_RANGES_MAX];
};

void reach_judge(const struct network_state *state, const struct settings *settings,
		 struct reach_verdict *ret);

/* What the other side's administrator needs to know, to be sent. */
void reach_letter(const struct network_state *state, const struct settings *settings,
		  const struct reach_verdict *verdict, struct buf *out);

#endif
