/* doctor/evidence.h - everything that an examination has seen, in one plain structure.
 *
 * The probes write it (probe.h), the table of causes reads it (causes.h), --json and reports print
 * it (evidence_json.h). It holds facts, no opinions: what was sent, what came, when, and how each
 * wait ended. Whatever was not tried is zero, and the first value of every enumeration says so.
 *
 * All of it is fixed in size, so that a hostile server cannot make it grow, and holds no pointers,
 * so that it can be written as JSON and read back without loss: recorded evidence drives the unit
 * tests of the causes. What does not fit is left out, and where that matters a flag or a length
 * tells. It is large (some MB): evidence_new() takes it from the heap.
 *
 * Texts are UTF-8 that may be shown: bytes of the network that are not, control bytes and
 * backslashes stand as "\xNN" (evidence_text). Lines of a reply end in '\n' here, without CR.
 * Passwords are in none of them.
 * Times: *_ms are milliseconds; started_ms counts from the begin of the examination; *_s of
 * certificates are seconds since 1970, UTC.
 *
 * Threads: the ladder takes the slots (evidence_add_*); a probe writes its own slots only. */
#ifndef DOCTOR_EVIDENCE_H
#define DOCTOR_EVIDENCE_H

#include "base/clock.h"
#include "net/address.h"
#include "net/host_name.h"

#define EVIDENCE_VERSION 1

/* The most of each. */
#define EVIDENCE_ADDRESSES 16
#define EVIDENCE_DOORS 64
#define EVIDENCE_ATTEMPTS 10
#define EVIDENCE_CONTROLS 24
#define EVIDENCE_EXCHANGES 64
#define EVIDENCE_TRANSFERS 96
#define EVIDENCE_CELLS 64
#define EVIDENCE_SAMPLES 80
#define EVIDENCE_TRACES 4
#define EVIDENCE_HOPS 32
#define EVIDENCE_CHAIN 6

#define EVIDENCE_NAME 64    /* names of probe files */
#define EVIDENCE_LINE 256   /* commands, names, reasons */
#define EVIDENCE_REPLY 2048 /* text of a reply */
#define EVIDENCE_NAMES 1024 /* names of a certificate */

/* How something on the network ended. */
enum net_outcome {
	NET_UNTRIED,
	NET_OK,
	NET_REFUSED,	 /* RST in answer to our SYN */
	NET_TIMED_OUT,	 /* silence up to our deadline */
	NET_UNREACHABLE, /* an ICMP error came back: see struct icmp */
	NET_RESET,	 /* RST on a connection that stood */
	NET_CLOSED,	 /* the peer ended a connection (FIN) where more was due */
	NET_NO_ROUTE,	 /* our own machine has no way there: no address of that family, no route */
	NET_GARBAGE,	 /* something came that is none of what the protocol allows */
	NET_TOO_MUCH,	 /* more came than we are willing to read */
	NET_FAILED,	 /* else: errno is in error */
	NET_SKIPPED,	 /* not tried on purpose: another host, read only, no login */
};

enum tls_mode {
	MODE_UNKNOWN,
	MODE_PLAIN,    /* no TLS at all */
	MODE_EXPLICIT, /* AUTH TLS */
	MODE_IMPLICIT, /* TLS from the first byte */
};

/* What was found in the error queue of a socket (ip(7), IP_RECVERR). */
struct icmp {
	bool is_there;
	struct address from; /* the router or host that complained; port 0 */
	uint16_t type, code; /* of ICMP, or of ICMPv6 for an IPv6 address */
	/* "host_unreachable", "net_unreachable", "port_unreachable", "prohibited",
	 * "fragmentation_needed", "ttl_exceeded", "other" */
	char kind[32];
	uint32_t mtu; /* of "fragmentation_needed" */
};

/* One TCP connection that we tried to open. */
struct attempt {
	struct address peer;
	struct address local; /* ours, as soon as it is known */
	enum net_outcome outcome;
	int error; /* errno, positive; 0: none */
	int64_t started_ms;
	int64_t duration_ms; /* up to the outcome; at NET_TIMED_OUT: how long we waited */
	struct icmp icmp;
	uint32_t mss; /* bytes per segment, of a connection that stands (TCP_INFO) */
	/* Of a command port: in which of the tries, which go from one address of the name to the
	 * next: 1, 2 ...; 0: none of them, the address was tested by itself. */
	unsigned in_try;
};

/* One reply, or the lack of one. */
struct reply {
	enum net_outcome outcome;  /* NET_OK: a reply that could be read */
	unsigned code;		   /* 100 to 659; 0: none */
	char text[EVIDENCE_REPLY]; /* with its code, all lines, as it came; cut when too long */
	uint64_t size_bytes;	   /* of the whole */
	int64_t after_ms;	   /* from our command (the banner: from the connect) to its end */
	bool is_masked;		   /* runs of 'X' stand where words are due: an inspecting box */
	/* Other bytes than line ends CRLF, or a continuation that is none: harmless, yet
	 * strange. */
	bool is_odd;
};

struct exchange {
	char verb[16];		     /* "FEAT"; "" for the banner and for what came unasked */
	char command[EVIDENCE_LINE]; /* as sent, without line end; "PASS ****" */
	bool is_tls;		     /* sent under TLS */
	int64_t started_ms;
	struct reply reply; /* the last one (226) when there were several */
};

struct certificate {
	char subject[EVIDENCE_LINE]; /* "CN=ftp.example.com,O=Example" */
	char issuer[EVIDENCE_LINE];
	char common_name[EVIDENCE_LINE];
	char issuer_name[EVIDENCE_LINE]; /* common name, or organisation, of the issuer */
	char names[EVIDENCE_NAMES];	 /* "DNS:a, DNS:b, IP:192.0.2.1"; of a leaf */
	int64_t not_before_s, not_after_s;
	char fingerprint[72]; /* SHA-256, 64 lower case hexadecimal digits */
	char key_type[16];    /* "RSA", "EC", "ED25519" */
	uint32_t key_bits;
	char signature[64];		/* "sha256WithRSAEncryption" */
	char issuer_url[EVIDENCE_LINE]; /* authority information access: where the issuer's is */
	bool is_authority;
	bool is_self_signed; /* subject is issuer, and its own key signs it */
};

/* A TLS handshake on a control connection. */
struct handshake {
	enum net_outcome outcome; /* NET_OK: done; NET_GARBAGE: an alert, or no TLS */
	int64_t duration_ms;
	uint64_t received_bytes; /* of TLS from the server, also when it failed */
	char version[16];	 /* "TLSv1.3" */
	/* PURPOSE_OLDER_TLS: "TLSv1.2" is the highest that we offered, or "any" version and cipher
	 * that there ever were; else "". */
	char maximum[16];
	char cipher[64];
	char group[32];
	char sni[HOST_NAME_SIZE]; /* the name that we sent; "": none, since it is an address */
	bool is_resumed;
	bool wants_client_certificate;
	unsigned alert;		   /* number of the alert that we received; 0: none */
	char error[EVIDENCE_LINE]; /* OpenSSL's words */

	struct certificate chain[EVIDENCE_CHAIN]; /* as sent: the leaf first */
	size_t n_chain;
	int verify_error;		    /* X509_V_ERR_*; 0: trusted, the name aside */
	char verify_text[EVIDENCE_LINE];    /* OpenSSL's words for it */
	bool name_matches;		    /* of the leaf: the host that we were told */
	bool is_incomplete;		    /* the chain ends before an authority that we know */
	char missing_issuer[EVIDENCE_LINE]; /* then: common name of the first that is missing */
	bool is_unordered; /* complete, yet not leaf first, each signed by the next */
};

/* What speaks behind an open port. */
enum answer {
	ANSWER_UNKNOWN,
	ANSWER_FTP,    /* a reply 1xx to 5xx as an FTP server says it, in clear */
	ANSWER_TLS,    /* a TLS handshake was answered with TLS: implicit TLS */
	ANSWER_SSH,    /* "SSH-..." */
	ANSWER_HTTP,   /* "HTTP/..." or HTML */
	ANSWER_SMTP,   /* a 220 that says SMTP, or ESMTP */
	ANSWER_OTHER,  /* bytes that we do not know */
	ANSWER_SILENT, /* nothing, neither to a wait nor to a TLS handshake */
	ANSWER_CLOSED, /* the connection was ended before any byte */
};

/* A command port of an address: all tries to open it, and what answered. */
struct door {
	struct address address; /* with its port */
	enum tls_mode mode; /* what this port is for: MODE_EXPLICIT (also plain), MODE_IMPLICIT */
	bool is_requested;  /* the user named this port */
	struct attempt attempts[EVIDENCE_ATTEMPTS];
	size_t n_attempts;
	enum net_outcome outcome; /* of the last attempt that tells: NET_OK once one stood */

	enum answer answer;
	char first_bytes[EVIDENCE_LINE]; /* what came unasked, or to our TLS handshake */
	int64_t first_byte_ms;		 /* from the connect; 0 when nothing came */
	enum net_outcome ending; /* how the connection ended while we looked; NET_OK: we closed */
	uint64_t received_bytes; /* before it ended */
	struct reply banner;
	struct handshake handshake; /* of implicit TLS */
};

enum login {
	LOGIN_UNTRIED,
	LOGIN_OK,
	LOGIN_REFUSED,	   /* a reply 4xx or 5xx: the exchanges tell which, to which verb */
	LOGIN_BROKEN,	   /* the connection failed meanwhile */
	LOGIN_WITHHELD,	   /* the password was not sent, since it would have gone out in clear */
	LOGIN_NO_PASSWORD, /* none was given */
};

/* What a control connection was opened for. */
enum purpose {
	PURPOSE_UNKNOWN,
	PURPOSE_LOOK,	   /* banner, FEAT, AUTH, handshake: no login */
	PURPOSE_MAIN,	   /* the whole ladder */
	PURPOSE_FAMILY,	   /* the other address family: login and data connections */
	PURPOSE_PORT,	   /* another command port: login and a listing */
	PURPOSE_OLDER_TLS, /* the handshake again with at most handshake.maximum */
	PURPOSE_GENTLE,	   /* again without the verbs behind which the first one was cut off */
	PURPOSE_IDLE,	   /* waits until the server ends it */
	PURPOSE_KEEPALIVE, /* waits and sends NOOP */
	PURPOSE_SLOW,	   /* a long transfer with a silent control connection */
	PURPOSE_CLEAN_UP,  /* removes probe files */
	PURPOSE_NO_NAME,   /* the handshake again without SNI, as some clients make it */
};

/* One control connection from its connect to its end. */
struct control {
	enum purpose purpose;
	enum tls_mode mode;
	struct attempt attempt;
	struct handshake handshake; /* after AUTH, or of implicit TLS */
	struct exchange
		exchanges[EVIDENCE_EXCHANGES]; /* the banner first, in the order of sending */
	size_t n_exchanges;
	enum login login;
	/* How it ended: NET_OK: QUIT by us; NET_CLOSED, NET_RESET, NET_TIMED_OUT: by what, behind
	 * the last exchange. */
	enum net_outcome ending;
	int64_t duration_ms;
	bool was_asked_to_leave; /* a 421 came */
};

enum data_mode { DATA_UNKNOWN, DATA_EPSV, DATA_PASV, DATA_PORT, DATA_EPRT };

enum operation {
	OPERATION_UNKNOWN,
	OPERATION_LIST,
	OPERATION_UPLOAD,
	OPERATION_DOWNLOAD,
	OPERATION_RESUME, /* the second half, with REST */
	OPERATION_LARGE_UPLOAD,
	OPERATION_LARGE_DOWNLOAD,
	OPERATION_EMPTY_UPLOAD,
	OPERATION_DELETE, /* no data connection: only command, final and result count */
};

/* The step at which a transfer failed; earlier steps worked. */
enum transfer_result {
	TRANSFER_UNTRIED,
	TRANSFER_OK,
	TRANSFER_SETUP_REFUSED,	   /* PASV, EPSV, PORT or EPRT: not 227, 229, 200; or no reply */
	TRANSFER_SETUP_UNREADABLE, /* a 227 or 229 that names no address */
	TRANSFER_ELSEWHERE,	   /* the address belongs to another host: not dialled (skipped) */
	TRANSFER_NOT_CONNECTED,	   /* passive: the connect failed; active: no one came */
	TRANSFER_COMMAND_REFUSED, /* 4xx or 5xx instead of 150, with the data connection unused or up */
	TRANSFER_TLS_FAILED,	  /* the handshake on the data connection */
	TRANSFER_STALLED,	  /* bytes stopped coming or leaving */
	TRANSFER_CUT,		  /* the data connection was reset or ended early */
	TRANSFER_DIFFERENT,	  /* what came is not what was sent */
	TRANSFER_NOT_CONFIRMED, /* all bytes moved, then 4xx, 5xx */
	TRANSFER_NO_REPLY,	/* all bytes moved, then silence or a dead control connection */
	TRANSFER_SKIPPED,	/* read only, or what it needs had failed */
};

/* How the data connection of a transfer ended. */
enum data_end {
	DATA_END_UNKNOWN,
	DATA_END_PROVEN, /* close_notify */
	DATA_END_FIN,	 /* FIN; under TLS without close_notify */
	DATA_END_RESET,
	/* An upload: we ended it, and the server did too; DATA_END_UNKNOWN: it did not. */
	DATA_END_OURS,
};

/* TLS on a data connection. */
struct data_tls {
	enum net_outcome outcome; /* NET_UNTRIED: clear */
	int64_t duration_ms;
	char version[16];
	char cipher[64];
	bool offered_resumption;
	bool is_resumed;
	char fingerprint[72]; /* of the certificate shown here; when resumed that of the control */
	unsigned alert;
	char error[EVIDENCE_LINE];
};

/* What a Sallyport server told of the last data connection (SITE DOCTOR). */
enum arrival { ARRIVAL_UNKNOWN, ARRIVAL_NOTHING, ARRIVAL_HERE, ARRIVAL_ELSEWHERE };
struct server_view {
	bool is_there;
	char passive_reply[EVIDENCE_LINE];  /* the 227 or 229 as it was sent */
	char active_command[EVIDENCE_LINE]; /* the PORT or EPRT as it was received */
	uint16_t port;			    /* the one that was reserved */
	enum arrival arrival; /* ARRIVAL_ELSEWHERE: from an address not the client's */
	struct address arrived_from;
	enum { RESUMED_UNKNOWN, RESUMED_NO, RESUMED_YES } resumed;
};

/* One operation over one data connection. */
struct transfer {
	size_t control; /* index of its control connection */
	bool is_v6;
	enum tls_mode tls_mode;
	bool is_protected; /* PROT P */
	enum data_mode mode;
	/* Passive: the address of the 227 was obeyed (strict), or replaced by that of the control
	 * connection (lenient), as most clients do. */
	bool is_lenient;
	enum operation operation;

	char setup_command[EVIDENCE_LINE]; /* "EPSV", "PORT 192,0,2,1,200,10" */
	struct reply setup;		   /* raw: the 227 as it came */
	struct address announced; /* passive: in the reply (229: port only); active: what we said */
	bool announced_is_private; /* of a 227, while the server's own address is not */
	bool announced_differs;	   /* of a 227: another host than the one we speak to */
	struct attempt attempt;	   /* passive: ours; active: peer is who came, duration its wait */
	bool peer_differs;	   /* active: someone else than the server came */

	char command[EVIDENCE_LINE]; /* "STOR sallyport-doctor-..." */
	struct reply preliminary;    /* 150, or the refusal */
	struct data_tls tls;
	uint64_t expected_bytes, moved_bytes;
	/* Of an upload: what the peer's TCP had taken when it broke, or behind its end. */
	uint64_t acknowledged_bytes;
	int64_t first_byte_ms, duration_ms; /* from the data connection's begin */
	uint32_t retransmits;		    /* segments (TCP_INFO) */
	uint32_t mss;
	enum data_end end;
	struct reply final; /* 226, or what came instead */
	/* Listings: lines, those that nobody can read, and whether the probe file was among
	 * them. */
	uint32_t n_lines, n_unreadable_lines;
	uint32_t n_foreign_lines; /* with bytes that are no UTF-8 */
	bool lists_probe_file;
	/* Of an upload that failed, while the server could be asked (SIZE): what it left there. */
	bool has_left_file;
	uint64_t left_bytes;
	enum transfer_result result;
	enum net_outcome failure; /* of what failed: refused, timed out ...; NET_OK: nothing */
	struct server_view view;
};

enum cell_result { CELL_UNTESTED, CELL_OK, CELL_FAILED };

/* The matrix: what works with this mode, port, TLS and family. */
struct cell {
	enum data_mode mode;
	uint16_t port; /* of the control connection */
	enum tls_mode tls_mode;
	bool is_v6;
	enum cell_result listing, upload, download, resume, removal, large_upload, large_download;
};

/* A port of the passive range that was knocked at. */
enum sample_origin {
	SAMPLE_UNKNOWN,
	SAMPLE_OFFERED,	 /* in a 227 or 229: the server listens there */
	SAMPLE_RESERVED, /* opened for us by SITE DOCTOR */
	SAMPLE_PROMISED, /* of --passive-range or a known range: nobody need listen there */
};
struct sample {
	enum sample_origin origin;
	struct attempt attempt; /* its peer holds the port */
};

/* The way to a port, hop by hop: connects with a limited TTL. */
struct hop {
	unsigned ttl;
	enum net_outcome outcome; /* NET_UNREACHABLE with "ttl_exceeded" is the rule */
	struct address from;	  /* who answered; unspecified: silence */
	struct icmp icmp;
	int64_t duration_ms;
};
struct trace {
	struct address target; /* with its port */
	bool is_blocked;       /* the port that fails; else one that passes, to compare with */
	struct hop hops[EVIDENCE_HOPS];
	size_t n_hops;
	unsigned reached_ttl;	 /* the target itself answered at this TTL; 0: never */
	unsigned last_heard_ttl; /* the last that anybody answered at; 0: nobody did */
};

/* NOOP in the middle of a transfer: its 200 came before the transfer's reply, behind it, or not at
 * all; or the transfer broke. */
enum noop_fate { NOOP_UNTRIED, NOOP_EARLY, NOOP_LATE, NOOP_LOST, NOOP_BREAKS };

/* --idle: how long a connection may be silent. */
struct idle {
	bool was_measured;
	/* Without a command: after how long it ended, and how (reply: a 421 that came with it).
	 * NET_OK: it still stood after waited_ms. */
	int64_t waited_ms;
	enum net_outcome ending;
	struct reply farewell;
	/* With NOOP every keepalive_ms. */
	int64_t keepalive_ms, keepalive_waited_ms;
	enum net_outcome keepalive_ending;
	/* A transfer of this length with a silent control connection, and what came of its 226. */
	int64_t silent_ms;
	enum net_outcome silent_ending;
	enum noop_fate noop;
};

/* --parallel: uploads at the same time, each in a session of its own. */
struct parallel {
	unsigned wanted;    /* 0: not tried */
	unsigned logged_in; /* sessions that the server let in */
	unsigned carried;   /* uploads that stood together and ended well */
	/* Of the first that did not: where, how, and the reply if there was one. */
	enum transfer_result result;
	enum net_outcome failure;
	char reply[EVIDENCE_LINE];
	char refusal[EVIDENCE_LINE]; /* of the first login that was refused */
};

/* What the host name of the command line looked like before it was mended. */
struct target {
	char given[EVIDENCE_LINE];
	char host[HOST_NAME_SIZE]; /* mended: a name or an address */
	uint16_t given_port;	   /* of the text or --port; 0: the usual ones */
	enum tls_mode given_mode;  /* --tls, or ftps://; MODE_UNKNOWN: any */
	bool is_address;
	bool had_scheme, had_path, had_port, had_blanks, had_user, had_dot, had_brackets;
	char scheme[16]; /* "https" */
};

enum dns_outcome {
	DNS_UNTRIED,
	DNS_OK,
	DNS_NO_NAME,	/* NXDOMAIN */
	DNS_NO_ADDRESS, /* the name exists without an address of this family */
	DNS_FAILED,	/* the resolver answered with an error (SERVFAIL), or not at all */
	DNS_TIMED_OUT,	/* we stopped waiting */
};
struct dns_answer {
	enum dns_outcome outcome;
	int64_t duration_ms;
	char error[EVIDENCE_LINE];
};
struct dns {
	struct dns_answer a, aaaa;
	struct address addresses[EVIDENCE_ADDRESSES]; /* IPv4 first; port 0 */
	size_t n_addresses;
	bool has_more; /* of them than fit */
	/* An address was given, and the trusted certificate there has a name: where it leads. */
	char certificate_name[HOST_NAME_SIZE]; /* "": not asked */
	struct dns_answer named;
	struct address named_addresses[EVIDENCE_ADDRESSES];
	size_t n_named_addresses;
};

/* How the examination was asked for: what could not be seen because of it. */
struct conditions {
	int64_t timeout_ms, interval_ms;
	unsigned tries;
	bool is_quick, is_read_only, has_no_login, allows_plain, is_insecure;
	bool has_user, has_password;
	/* Of a password that was refused, and that may have changed on its way here: blanks around
	 * it, bytes beyond ASCII, "%40" as in a URL. */
	bool password_has_blanks, password_is_foreign, password_is_encoded;
	uint64_t large_size_bytes;
	/* What the server's administrator promised, or the help pages; 0: nothing. */
	uint16_t promised_first, promised_last;
	bool range_is_of_help_pages;
	bool has_v4, has_v6; /* this machine has a route to the world in that family */
	char own_v4[ADDRESS_TEXT_SIZE],
		own_v6[ADDRESS_TEXT_SIZE]; /* it would use these addresses */
	bool was_interrupted;		   /* the user stopped it */
	/* What there was no time for: "the large file, active mode"; "": nothing. */
	char left_out[EVIDENCE_LINE];
};

/* SITE DOCTOR of a Sallyport server: docs/protocol.md. */
struct other_end {
	bool is_there;
	char version[32];
	struct address sees;	      /* us, as the server sees us */
	struct address local;	      /* the address that we reached, as the server sees it */
	char external[EVIDENCE_LINE]; /* its external address as configured; "": none */
	uint16_t passive_first, passive_last;
	uint32_t idle_timeout_s;
	uint32_t max_sessions_per_user, max_sessions_per_address; /* 0: no limit */
	uint32_t data_timeout_s; /* how long it waits for a data connection */
	uint32_t min_rate;	 /* bytes per second below which it ends a transfer; 0: any */
	uint64_t upload_size;	 /* the largest file that it takes; 0: any */
	char session_reuse[16];	 /* "off", "prefer", "require" */
	char raw[EVIDENCE_REPLY];
};

struct probe_file {
	char name[EVIDENCE_NAME];
	bool was_stored;
	bool is_left_behind; /* stored, and not removed again */
	char reason[EVIDENCE_LINE];
};

struct evidence {
	unsigned version; /* EVIDENCE_VERSION */
	char started[CLOCK_ISO_SIZE];
	int64_t duration_ms;
	struct target target;
	struct conditions conditions;
	struct dns dns;
	struct door doors[EVIDENCE_DOORS];
	size_t n_doors;
	struct control controls[EVIDENCE_CONTROLS];
	size_t n_controls;
	struct transfer transfers[EVIDENCE_TRANSFERS];
	size_t n_transfers;
	struct cell matrix[EVIDENCE_CELLS];
	size_t n_matrix;
	struct sample samples[EVIDENCE_SAMPLES];
	size_t n_samples;
	struct trace traces[EVIDENCE_TRACES];
	size_t n_traces;
	struct idle idle;
	struct parallel parallel;
	struct other_end other_end;
	struct probe_file probe_file;
	/* The server's clock minus ours, from MDTM of the file just stored. */
	bool knows_clock;
	int64_t clock_offset_s;
};

/* Zeroed, with its version; NULL when memory is short. */
struct evidence *evidence_new(void) MUST_CHECK;
void evidence_free(struct evidence **evidence); /* accepts NULL; leaves *evidence NULL */
#define AUTO_EVIDENCE __attribute__((cleanup(evidence_free)))

/* The next slot, zeroed; NULL when all are taken. */
struct door *evidence_add_door(struct evidence *evidence);
struct control *evidence_add_control(struct evidence *evidence);
struct transfer *evidence_add_transfer(struct evidence *evidence);
struct sample *evidence_add_sample(struct evidence *evidence);
struct trace *evidence_add_trace(struct evidence *evidence);
struct exchange *control_add_exchange(struct control *control);

/* Copies bytes of the network so that they may be shown, as told above; what does not fit is cut at
 * a whole character. */
void evidence_text(struct text bytes, char *ret, size_t size);

/* The last reply to this verb ("FEAT"; "" is the banner), sent under TLS or not; NULL: none was
 * asked for, or its outcome is not NET_OK and there is no reply. */
const struct reply *control_reply(const struct control *control, const char *verb, bool is_tls);
/* The same whether under TLS or not. */
const struct reply *control_any_reply(const struct control *control, const char *verb);
/* The last exchange with this verb, whatever came of it; NULL: never sent. */
const struct exchange *control_exchange(const struct control *control, const char *verb);
/* The first control connection for this purpose, NULL: none. */
const struct control *evidence_control(const struct evidence *evidence, enum purpose purpose);
/* Its place among them; EVIDENCE_CONTROLS: it is none of them. */
size_t evidence_index(const struct evidence *evidence, const struct control *control);
/* The door of this address and port; NULL: none. */
const struct door *evidence_door(const struct evidence *evidence, const struct address *address);
/* True when a line of the reply's text, without its code, begins with this word (any case). */
bool reply_has_line(const struct reply *reply, const char *word);

/* Fills the matrix from the transfers: a cell is there for what was tried, and an operation of it
 * has failed when it did so once, be it with the strict address only. */
void evidence_fill_matrix(struct evidence *evidence);

#endif
