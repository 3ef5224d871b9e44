/* doctor/cause.h - what the tables of causes are made of. Internal to src/doctor/: causes_*.c hold
 * the rows, a file per stage of the way or a part of one, causes.c asks them in order.
 *
 * A row's predicate looks at the evidence, and when it applies it notes the facts that prove it.
 * The texts of the row are templates: "{port}" stands for the fact of this name. What not every
 * case has is added by the predicate in words of its own.
 * Threads: any; pure functions. */
#ifndef DOCTOR_CAUSE_H
#define DOCTOR_CAUSE_H

#include "doctor/causes.h"

struct cause {
	const char *id;
	const char *title;
	enum severity severity;
	enum who who;
	unsigned confidence; /* in percent; a predicate may know better, as with the two above */
	/* True: it is so; facts are noted. The finding comes with the values of the row. */
	bool (*applies)(const struct evidence *evidence, struct finding *finding);
	const char *explanation, *remedy;
	const char *tells_apart; /* NULL: nothing is open */
	/* What it explains as well: later rows of these ids are not asked. "D-29 D-27"; NULL. */
	const char *explains;
	bool is_last_resort; /* asked only when no problem and no warning was found */
};

/* Rows in the order in which things can go wrong. Neighbours of one name are one stage. */
struct stage {
	const char *name; /* as docs/doctor.md calls it */
	const struct cause *causes;
	size_t n_causes;
};
extern const struct stage stage_name, stage_connect, stage_control, stage_tls, stage_login,
	stage_data, stage_passive, stage_range, stage_mode, stage_active, stage_transfer,
	stage_session, stage_left, stage_reuse, stage_once;

/* All rows, in order; NULL past the end. ret_stage may be NULL. */
const struct cause *cause_at(size_t index, const struct stage **ret_stage);

/* --- facts ------------------------------------------------------------------------------------ */

void fact_number(struct finding *finding, const char *name, int64_t number);
/* An empty text is no fact. */
void fact_text(struct finding *finding, const char *name, const char *text);
void fact_host(struct finding *finding, const char *name, const struct address *address);
/* "40000-50000" as `range`, with `first` and `last`. */
void fact_range(struct finding *finding, uint16_t first, uint16_t last);
/* `code` and `reply`, its first line. */
void fact_reply(struct finding *finding, const struct reply *reply);
/* `address` and `port`. */
void fact_address(struct finding *finding, const struct address *address);
/* A data connection that did not open: `address`, `port`, `seconds` waited, and `how`: "silence" or
 * "refused". */
void fact_blocked(struct finding *finding, const struct transfer *transfer);
const struct named_value *finding_fact(const struct finding *finding, const char *name);

/* Adds a sentence to the explanation, or sets the remedy instead of the row's (templates too). */
void finding_add(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_advise(struct finding *finding, enum who who, const char *remedy);

/* Replaces "{name}" by facts; one that is not there becomes "?". */
void finding_expand(const struct finding *finding, const char *template, struct buf *out);

/* --- looking for things in the evidence ------------------------------------------------------- */

#define BIT(value) (1U << (value))
#define MODES_PASSIVE (BIT(DATA_EPSV) | BIT(DATA_PASV))
#define MODES_ACTIVE (BIT(DATA_PORT) | BIT(DATA_EPRT))
#define OPERATIONS_UPLOAD                                                                          \
	(BIT(OPERATION_UPLOAD) | BIT(OPERATION_LARGE_UPLOAD) | BIT(OPERATION_EMPTY_UPLOAD))
#define OPERATIONS_DOWNLOAD                                                                        \
	(BIT(OPERATION_DOWNLOAD) | BIT(OPERATION_LARGE_DOWNLOAD) | BIT(OPERATION_RESUME))
#define ANY (~0U)

/* Sets of bits; 0 of none: ANY. */
struct wanted {
	unsigned modes, operations, results, failures;
};
/* The first transfer that fits, from *at on (NULL: from the begin), which moves past it. The slow
 * one of --idle is not among them. NULL: none. */
const struct transfer *find_transfer(const struct evidence *evidence, struct wanted wanted,
				     size_t *at);
unsigned count_transfers(const struct evidence *evidence, struct wanted wanted);
static inline bool has_transfer(const struct evidence *evidence, struct wanted wanted)
{
	return find_transfer(evidence, wanted, NULL) != NULL;
}
bool transfer_is_passive(const struct transfer *transfer);
static inline bool transfer_has_failed(const struct transfer *transfer)
{
	return transfer->result != TRANSFER_UNTRIED && transfer->result != TRANSFER_OK &&
	       transfer->result != TRANSFER_SKIPPED;
}
#define RESULTS_FAILED (~(BIT(TRANSFER_UNTRIED) | BIT(TRANSFER_OK) | BIT(TRANSFER_SKIPPED)))

/* The reply 4xx or 5xx that belongs to its failure; NULL: there is none. */
const struct reply *transfer_refusal(const struct transfer *transfer);

/* The first PASV, EPSV ... that was answered with 4xx or 5xx. NULL: none. */
const struct transfer *find_refused_setup(const struct evidence *evidence, enum data_mode mode);
/* Whom its command connection has reached; NULL: not known. */
const struct address *transfer_server(const struct evidence *evidence,
				      const struct transfer *transfer);

/* Without resumption on purpose, to see whether the server requires it (D-52). */
static inline bool transfer_may_fail(const struct transfer *transfer)
{
	return transfer->is_protected && !transfer->tls.offered_resumption;
}

/* An upload of which all was sent into our own buffers counts as stalled as well, when the server
 * has not seen its end. */
bool upload_is_stuck(const struct transfer *transfer);

/* What became of the data connections of these modes. */
struct way {
	unsigned n_tried, n_connected, n_silent, n_refused;
	/* The first that was not connected, and the first that was. */
	const struct transfer *blocked, *open;
};
struct way way_of(const struct evidence *evidence, unsigned modes);

bool reply_is_refusal(const struct reply *reply);
/* True when the text holds one of the words ("quota|space"), in any case. */
bool text_has_word(const char *text, const char *words);
/* A Sallyport server names the cause in its reply: "425 [D-33] ...". */
bool reply_names(const struct reply *reply, const char *id);
bool reply_names_any(const struct reply *reply);

bool address_is_shared(const struct address *address); /* 100.64.0.0/10, RFC 6598 */

/* The door that the user means: the requested one, else that of port 21, else the first. NULL:
 * none was tried. */
const struct door *main_door(const struct evidence *evidence);
/* Some door led to an FTP server that let us go on. */
bool has_good_door(const struct evidence *evidence);
bool door_is_good(const struct door *door);
/* The session of the ladder, or what comes nearest to it. NULL: none. */
const struct control *main_control(const struct evidence *evidence);
/* The handshake that counts: of the login, else of what was looked at; NULL: none was made. */
const struct handshake *main_handshake(const struct evidence *evidence,
				       const struct address **ret_peer);

/* `hop` and `hop_address`: the last hop on the way to this port that answered (1: the first), where
 * or right behind which its packets vanish. Says so in the explanation. False: no trace. */
bool fact_hop(const struct evidence *evidence, struct finding *finding,
	      const struct address *target);

int64_t seconds_of_ms(int64_t ms); /* rounded */

#endif
