/* accounts/reach_store.h - from where clients get through to the server, and at which ports, as the
 * accounts database keeps it over restarts; and the newest data connections that failed, each with
 * what its session had said until then.
 * Counters are written as differences, so that two managers that overlap at a reload lose nothing.
 * Threads: any; one connection with a lock. */
#ifndef ACCOUNTS_REACH_STORE_H
#define ACCOUNTS_REACH_STORE_H

#include "accounts/database.h"
#include "base/text.h"
#include "ftp/account.h"
#include "ftp/data_record.h"

#define REACH_NETWORK_SIZE 64
#define REACH_FAILURES_MAX 1000u /* the newest are kept */
#define REACH_KIND_SIZE 16

enum reach_count {
	REACH_OFFERED,
	REACH_ARRIVED,
	REACH_NEVER,
	REACH_ELSEWHERE,
	REACH_REFUSED,
	REACH_TLS_FAILED,
	REACH_LOGINS,
	N_REACH_COUNTS
};

struct reach_counts {
	uint64_t n[N_REACH_COUNTS];
};

struct reach_port_counts {
	uint64_t offered, connected, timed_out;
};

struct reach_failure {
	int64_t id, wall_ms;
	uint64_t session;
	struct data_record data;
	char network[REACH_NETWORK_SIZE];
	char user[USER_NAME_MAX + 1];
	char address[ADDRESS_TEXT_SIZE];
	char kind[REACH_KIND_SIZE]; /* "upload", "download", "listing" */
	struct text path;	    /* borrowed; any bytes */
	const char *timeline;	    /* borrowed; a JSON array */
};

struct reach_store;

/* The database must have been opened by accounts_open before. 0, or -errno with *ret_error
 * filled. */
int reach_store_open(const char *path, struct reach_store **ret,
		     struct database_error *ret_error) MUST_CHECK;
void reach_store_free(struct reach_store **store); /* accepts NULL; leaves NULL */

/* Calls each for all that is kept, the networks that were seen last first; under the lock. detail
 * is a JSON text. 0 or -errno. */
int reach_store_load_networks(struct reach_store *store, unsigned most,
			      void (*each)(const char *network, int64_t seen_wall_ms,
					   const struct reach_counts *counts, const char *detail,
					   void *arg),
			      void *arg) MUST_CHECK;
int reach_store_load_ports(struct reach_store *store,
			   void (*each)(uint16_t port, const struct reach_port_counts *counts,
					void *arg),
			   void *arg) MUST_CHECK;

/* Around changes: all of them or none. reach_store_end takes what they returned, and returns it or
 * why they could not be kept; after it more may be tried. */
int reach_store_begin(struct reach_store *store) MUST_CHECK;
int reach_store_end(struct reach_store *store, int r) MUST_CHECK;

/* Adds to the counts; the rest is replaced. *counts becomes what is there now. 0 or -errno. */
int reach_store_add_network(struct reach_store *store, const char *network, int64_t seen_wall_ms,
			    struct reach_counts *counts, const char *detail) MUST_CHECK;
int reach_store_add_port(struct reach_store *store, uint16_t port,
			 struct reach_port_counts *counts) MUST_CHECK;
/* Deletes all but those so many that were seen last. */
int reach_store_trim_networks(struct reach_store *store, unsigned keep) MUST_CHECK;
/* With the oldest beyond REACH_FAILURES_MAX deleted. */
int reach_store_add_failure(struct reach_store *store,
			    const struct reach_failure *failure) MUST_CHECK;

/* Calls each for the failures of a network, or of a session since then (network NULL), newest
 * first, under the lock. 0 or -errno. */
int reach_store_list_failures(struct reach_store *store, const char *network, uint64_t session,
			      int64_t since_wall_ms, unsigned most,
			      void (*each)(const struct reach_failure *failure, void *arg),
			      void *arg) MUST_CHECK;

#endif
