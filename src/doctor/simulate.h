/* doctor/simulate.h - a wall to practise with: a proxy between a client and a server that does to
 * their connections what firewalls, translators and misconfigured servers do, one cause at a time.
 *
 * Each cause is a row (simulate_causes.c). Data connections go through ports of the proxy: where it
 * can read the command connection it announces them itself; where TLS hides that, it either listens
 * on the server's own passive ports (option passive_ports), or takes TLS apart with certificates of
 * its own (intercepts), as some firewalls do. The server's certificate is not verified then: this
 * is for training and tests, not for secrets.
 * Threads: one that runs it, one per session, one per data connection, all its own. */
#ifndef DOCTOR_SIMULATE_H
#define DOCTOR_SIMULATE_H

#include "net/address.h"
#include "settings/settings.h"

/* What becomes of connections, beyond the dialogue. */
enum simulate_control {
	CONTROL_PASSES,
	CONTROL_DROPPED,      /* no answer to SYN */
	CONTROL_REFUSED,      /* RST */
	CONTROL_CLOSED,	      /* accepted, then FIN */
	CONTROL_SPEAKS,	      /* says `text` and closes */
	CONTROL_SILENT,	      /* accepted, and not a word */
	CONTROL_SLOW,	      /* the greeting comes after `seconds` */
	CONTROL_IDLE_DROPPED, /* nothing passes any more once it was silent for `seconds` */
	CONTROL_IDLE_RESET,
	CONTROL_IDLE_CLOSED, /* ... with a 421 */
};

enum simulate_data {
	DATA_PASSES,
	DATA_DROPPED,
	DATA_REFUSED,
	DATA_RESET,	   /* accepted, then RST */
	DATA_PARTLY,	   /* outside of `open` dropped */
	DATA_EPSV_DROPPED, /* ports told by EPSV */
	DATA_LIMITED,	   /* more than `limit` at a time are reset */
	DATA_BANNED,	   /* after `limit` of them everything is dropped */
	DATA_OTHER_SOURCE, /* reaches the server from `source` */
	DATA_STALLS,	   /* no byte after the first `size` */
	DATA_UPLOAD_STALLS,
	DATA_CUT,	  /* an upload ends after `size` bytes as if it were whole */
	DATA_KILLED,	  /* after `size` bytes all connections are reset */
	DATA_SLOW,	  /* `rate` bytes a second */
	DATA_LATE,	  /* a download begins after `seconds` */
	DATA_LOSSY,	  /* segments are lost */
	DATA_NO_NOTIFY,	  /* TLS ends without close_notify */
	DATA_UPLOAD_LOST, /* the server gets a reset in place of the upload's end */
	DATA_TICKETS_END, /* TLS after the first `limit` data connections is refused */
	DATA_MUST_RESUME, /* TLS that does not resume the control session is refused */
};

enum simulate_tls {
	TLS_PASSES,
	TLS_RESET,	 /* at the ClientHello */
	TLS_ALERT,	 /* number `alert` answers the ClientHello */
	TLS_NO_1_3,	 /* a ClientHello that offers TLS 1.3 is reset */
	TLS_INTERCEPTED, /* a certificate of an authority of our own */
	TLS_EXPIRED,
	TLS_SELF_SIGNED,
	TLS_INCOMPLETE,
	TLS_OTHER_NAME,
	TLS_OTHER_ON_DATA,
	TLS_WANTS_CLIENT, /* a client certificate */
};

/* How passive and active addresses change on their way. */
enum simulate_address {
	ADDRESS_KEPT,
	PASSIVE_PRIVATE,
	PASSIVE_FOREIGN,
	PASSIVE_OTHER_PORT,
	ACTIVE_DROPPED,
	ACTIVE_PRIVATE,
	ACTIVE_OTHER_PORT,
};

/* Instead of passing a command on. */
struct simulate_answer {
	const char *verbs; /* with blanks between */
	const char *reply; /* without the end of the line; NULL: the connection is reset */
	bool closes;
	bool only_clear;       /* not inside of TLS */
	bool only_unprotected; /* while PROT P has not been said */
};

struct simulation {
	const char *id; /* "none", "D-20" */
	const char *title;
	enum simulate_control control;
	enum simulate_data data;
	enum simulate_tls tls;
	enum simulate_address address;
	struct simulate_answer answers[2];
	const char *text; /* CONTROL_SPEAKS; else a sentence for people on what is special */
	uint8_t alert;
	bool masks;	     /* greeting and FEAT lose what tells of TLS */
	bool clamps;	     /* pieces above a small size vanish, and all that follows */
	bool reads_dialogue; /* TLS has to be taken apart to play it */
	unsigned seconds, limit, rate;
	uint64_t size;
};

const struct simulation *simulation_at(size_t index);	  /* NULL past the end */
const struct simulation *simulation_find(struct text id); /* "D-20", "d-20", "20"; or NULL */

struct simulate_options {
	const struct simulation *simulation;
	struct address listen; /* port 0: the kernel chooses */
	struct address server;
	const char *server_name;	 /* for certificates and SNI; borrowed */
	bool is_implicit;		 /* TLS from the first byte */
	bool intercepts;		 /* takes TLS apart whatever the cause */
	struct port_range passive_ports; /* of the server; first 0: not told */
	struct port_range open;		 /* DATA_PARTLY */
	struct address source;		 /* DATA_OTHER_SOURCE */
	bool has_source;
	const char *ca_path; /* where to write our authority's certificate; NULL: nowhere */
	/* 0: as the cause has it. */
	unsigned seconds, limit, rate;
	uint64_t size;
	/* Is told what people should know at once, by any thread; NULL: nobody is. */
	void (*tell)(const char *text);
};

/* TLS hides from the wall what the cause needs, and nothing of it will be seen: which options would
 * help, as a clause for people. NULL: it can be played whatever the client does. */
const char *simulate_lacks(const struct simulate_options *options);

struct simulator;

struct simulate_error {
	char text[256];
};

/* Opens the ports. 0 and *ret owned by the caller; -errno with the reason in *ret_error. */
int simulator_new(const struct simulate_options *options, struct simulator **ret,
		  struct simulate_error *ret_error) MUST_CHECK;
/* Where clients connect. */
struct address simulator_address(const struct simulator *simulator);
/* Serves until simulator_stop, which any thread and any signal handler may call. */
void simulator_run(struct simulator *simulator);
void simulator_stop(struct simulator *simulator);
void simulator_free(struct simulator **simulator); /* accepts NULL; leaves NULL */

#endif
