/* doctor/probe.h - what all probes of one examination share: its options, its patience, its clock,
 * and the single steps on the network. Internal to src/doctor/.
 * Threads: fields do not change after the examination began, but for the evidence's slots, which
 * each belong to one probe. */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include <pthread.h>

#include "doctor/doctor.h"
#include "net/stream.h"

struct doctor {
	const struct doctor_options *options;
	struct watcher *watcher;
	struct evidence *evidence;
	int64_t started_ms; /* on the monotonic clock */
	/* How long to wait: for a connect to a command port, for a reply, for a data connection
	 * (the first that stays out, and all behind it), for bytes to move on. */
	int64_t connect_ms, reply_ms, data_ms, data_again_ms, stall_ms;
	/* For a greeting, and longer once one was late; for the verdict about a password, which
	 * many servers delay. */
	int64_t greeting_ms, login_ms;
	_Atomic bool is_greeted; /* some server has: others that are silent have less time */
	_Atomic int cancel_fd;	 /* of the options; -1 while cleaning up */
	/* When the time of the session is used up, on the monotonic clock: from then on nothing
	 * begins that does not decide the cause. DEADLINE_NEVER before the login. */
	int64_t over_ms;
	/* What is being done decides nothing: its waits end with the time of the session. */
	bool is_frugal;
	/* For handshakes: the options' tls, or tls_1_2 where only that gets through. */
	struct tls_client *trust;
	bool tls_is_offered; /* somewhere on the host: no password in clear */
	bool asks_for_utf8;  /* every session from now on does (OPTS UTF8 ON) */
};

static inline int64_t doctor_now(const struct doctor *doctor)
{
	return clock_ms() - doctor->started_ms;
}
/* The user wants to stop. */
bool doctor_is_cancelled(const struct doctor *doctor);

/* How long a wait of the session may last that usually lasts so long. */
int64_t doctor_patience(const struct doctor *doctor, int64_t usual_ms);
/* It was not the other side that took too long, but we who had no time left. */
bool doctor_gives_up(const struct doctor *doctor);
/* There is time for one more thing that decides nothing: enough to tell silence from a busy
 * server. */
bool doctor_has_time(const struct doctor *doctor);

/* A waiter for streams that also ends with -ECANCELED when the user stops the examination. */
struct patience {
	struct waiter waiter;
	int cancel_fd; /* -1: waits even then (cleaning up) */
};
void patience_init(struct patience *patience, const struct doctor *doctor);

/* The outcome that a negative error of a socket or a stream stands for. */
enum net_outcome outcome_of(int error);

/* What the probes of host names and connections do. */

/* A and AAAA side by side, each for at most timeout_ms; an address needs none. */
void probe_dns(struct doctor *doctor);
/* The same for the name of the trusted certificate at a public address that was given instead of a
 * name: does it still lead there? Nobody is connected to. */
void probe_certificate_name(struct doctor *doctor, const struct certificate *leaf);

/* Opens a connection to attempt->peer, from the local address unless it is NULL. Fills the attempt;
 * 0 and *ret_fd owned by the caller, or a negative error. ttl 0: the usual one. */
int probe_connect(const struct doctor *doctor, struct attempt *attempt, const struct address *local,
		  unsigned ttl, int64_t timeout_ms, int *ret_fd) MUST_CHECK;
/* The same for many at once, each without a local address, all for timeout_ms; every connection is
 * closed again. ttls: one for each, or NULL. At most EVIDENCE_SAMPLES. */
void probe_connect_all(const struct doctor *doctor, struct attempt **attempts, const unsigned *ttls,
		       size_t n_attempts, int64_t timeout_ms);
/* The same for doors: all that are not open yet, once. As soon as one is open the others have until
 * grace_ms after the begin. Fills one attempt and the outcome of each; ret_fds[i] is the connection
 * of doors[i], owned by the caller, or -1. */
void probe_connect_doors(const struct doctor *doctor, struct door *doors, size_t n_doors,
			 int64_t timeout_ms, int64_t grace_ms, int *ret_fds);
/* Follows the way to the target's port, hop by hop. */
void probe_trace(const struct doctor *doctor, struct trace *trace);

/* Runs on a thread of its own; joined by threads_join. */
struct threads {
	pthread_t ids[EVIDENCE_DOORS];
	size_t n_ids;
};
/* Runs at once on this thread when no other can be had. */
void threads_run(struct threads *threads, void (*run)(void *arg), void *arg);
void threads_join(struct threads *threads);

/* TCP's own numbers of a connection, where the kernel tells them. */
struct tcp_numbers {
	uint32_t mss, retransmits;
	uint64_t acknowledged_bytes;
};
void tcp_numbers_get(int fd, struct tcp_numbers *ret);

/* What a handshake told: version, cipher, certificates, what is wrong with them. */
void probe_handshake(const struct doctor *doctor, const struct stream *stream,
		     struct tls_client *client, const struct tls_peer *peer, struct handshake *ret);
/* SHA-256 of the certificate that the other side showed. */
void peer_fingerprint(const SSL *ssl, char ret[static 72]);

#endif
