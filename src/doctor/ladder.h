/* doctor/ladder.h - what the steps of the ladder share. Internal to src/doctor/: ladder.c has the
 * order and the steps before the login, ladder_session.c those behind it.
 * Threads: the examination's own. */
#ifndef DOCTOR_LADDER_H
#define DOCTOR_LADDER_H

#include "base/buf.h"
#include "doctor/client.h"
#include "doctor/probe_data.h"

/* The ways to a blocked port and to one that passes, looked for beside all else. */
struct wall_search {
	struct threads threads;
	struct trace_task {
		const struct doctor *doctor;
		struct trace *trace;
	} tasks[2];
	size_t n_tasks;
};

struct ladder {
	struct doctor doctor;
	struct client main; /* has_main: it was opened */
	bool has_main;
	const struct door *door; /* where it went in, and how */
	enum tls_mode mode;
	unsigned n_logins, n_revivals;
	char probe_name[64];
	bool may_exist; /* the probe file, on the server: an upload has begun */
	bool exists;	/* one has ended well */
	/* A data connection stayed out, passive or active: the next of its kind need not wait as
	 * long. */
	bool knows_passive_silence, knows_active_silence;
	bool listing_is_stuck; /* open, and not a byte: a large file tells more (D-79) */
	/* The first passive mode that carried a listing; DATA_UNKNOWN: none did. */
	enum data_mode working_mode;
	bool working_is_lenient;
	/* What a data connection got stuck at: port 0: nothing. */
	struct address blocked;
	struct wall_search wall;
};

/* One step of the checklist: title is what is being done, as long as it lasts. */
struct step {
	struct ladder *ladder;
	const char *title;
	int64_t begin_ms;
	char storage[EVIDENCE_LINE];
	struct buf detail; /* to be filled */
};
void step_begin(struct step *step, struct ladder *ladder, const char *title);
void step_end(struct step *step, enum step_state state);

/* Begins to look for where packets to the blocked port vanish, beside those to the door that we
 * went in by (NULL: there is none); once per examination. The end waits for it and tells. */
void ladder_seek_wall(struct ladder *ladder, const struct address *blocked,
		      const struct address *open);
void ladder_tell_wall(struct ladder *ladder);

/* From here on the time of the session runs. */
void ladder_begin_time(struct ladder *ladder);
/* What follows decides nothing: true when there is time for it, which its waits keep to, until
 * ladder_end_frugal; else it is left out, and the evidence says so. */
bool ladder_begin_frugal(struct ladder *ladder, const char *what);
/* The same for a part of it. */
bool ladder_has_time(struct ladder *ladder, const char *what);
void ladder_end_frugal(struct ladder *ladder);

/* Everything behind the login of ladder->main; and its end: the probe file and QUIT. */
void ladder_run_session(struct ladder *ladder);
void ladder_clean_up(struct ladder *ladder);

/* Logs in at another door: of the other family with files, of another port with a listing. */
void ladder_visit(struct ladder *ladder, const struct door *door, enum tls_mode mode,
		  enum purpose purpose);

/* A data connection's outcome in a few words: "timed out after 10 s at port 40123". */
void describe_transfer(const struct transfer *transfer, struct buf *out);
/* "timed out", "refused". */
const char *outcome_phrase(enum net_outcome outcome);

/* --parallel: doctor/probe_parallel.c. */
void probe_parallel(struct ladder *ladder);
/* NOOP in the middle of an upload, in a session that has just begun: doctor/probe_noop.c. The
 * file's name is in ret_left if it could not be removed, else "". */
enum noop_fate probe_noop(struct ladder *ladder, struct client *client,
			  char ret_left[static EVIDENCE_NAME]);
/* --idle: doctor/probe_idle.c. */
void probe_idle(struct ladder *ladder);

#endif
