/* doctor/doctor.h - examines an FTP server from the client's side, in the order of the ladder:
 * host name, DNS, command ports, what answers, FEAT and AUTH, certificate, login, a listing on the
 * control connection, passive and active data connections with files, a large file, TLS session
 * reuse, the passive range, the place of the wall, idle times, both address families.
 *
 * It is a careful guest: few logins and connections, the password never in clear when TLS was asked
 * for or is offered anywhere on the host, only the host under test is connected to unless told, and
 * its probe file is removed even after a failure. All waits have deadlines, and what a server sends
 * takes a fixed amount of memory.
 * The process must ignore SIGPIPE. Threads: one examination per struct at a time; it starts threads
 * of its own and joins them, but for a resolver that does not answer. */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "base/secret.h"
#include "doctor/evidence.h"
#include "net/tls_client.h"

enum step_state { STEP_OK, STEP_FAILED, STEP_WARNED, STEP_SKIPPED };

/* Whom the examination tells how it goes. Calls come from one thread, begin and end in pairs. */
struct watcher {
	void (*begin)(struct watcher *watcher, const char *title);
	/* title and detail are short texts that may be shown. */
	void (*end)(struct watcher *watcher, enum step_state state, const char *title,
		    const char *detail, int64_t duration_ms);
};

/* Text is borrowed for the time of the examination. */
struct doctor_options {
	const char *host;   /* as given: it will be mended */
	uint16_t port;	    /* 0: the usual ones */
	enum tls_mode mode; /* MODE_UNKNOWN: the best that is there */
	/* 0: the defaults: 60 s, 3 tries, 10 s apart; is_quick: 4 s, one try. */
	int64_t timeout_ms, interval_ms;
	unsigned tries;
	bool is_quick, is_read_only, has_no_login, allows_plain, is_insecure, wants_idle;
	bool follows_elsewhere;		      /* connects to other hosts that a reply names */
	unsigned n_parallel;		      /* sessions with a transfer each; 0: not tried */
	uint64_t large_size_bytes;	      /* of the larger transfer; 0: none */
	uint16_t passive_first, passive_last; /* promised; 0: not known */
	struct tls_client *tls;		      /* what to trust */
	struct tls_client *tls_1_2,
		*tls_old;	       /* the same with at most TLS 1.2; with all of the past */
	const char *user;	       /* NULL: no login */
	const struct secret *password; /* NULL: none */
	int cancel_fd;		       /* becomes readable when the user wants to stop; -1: never */
};

#define DOCTOR_PARALLEL_MAX 8
#define DOCTOR_TIMEOUT_MS 60000
#define DOCTOR_INTERVAL_MS 10000
#define DOCTOR_TRIES 3
#define DOCTOR_LARGE_BYTES ((uint64_t)4 * 1024 * 1024)

/* Runs the ladder, as far as it leads, and fills the evidence (evidence_new). 0; -EINVAL: the host
 * cannot be made sense of: nothing was tried, the evidence holds what was given. */
int doctor_examine(const struct doctor_options *options, struct watcher *watcher,
		   struct evidence *evidence) MUST_CHECK;

#endif
