/* doctor/probe_data.h - one operation over one data connection, and everything seen on the way.
 * Threads: one at a time per client. */
#ifndef DOCTOR_PROBE_DATA_H
#define DOCTOR_PROBE_DATA_H

#include "doctor/client.h"

struct data_task {
	enum data_mode mode;
	enum operation operation;
	bool is_lenient;	 /* passive: dial the control connection's host whatever 227 says */
	bool without_resumption; /* a full handshake, as many clients do */
	uint64_t size_bytes;	 /* of what is sent or expected */
	/* Passive, at a Sallyport server: asks it first what came to the port. Where that was
	 * turned away the command would wait in vain, and is not sent: TRANSFER_CUT. */
	bool asks_for_arrival;
	int64_t connect_ms; /* how long the data connection may take to come up */
	/* Uploads and downloads: we end them after this long; they have worked, with the failure
	 * NET_TOO_MUCH. 0: never. */
	int64_t longest_ms;
	uint64_t pace_ms; /* uploads: a piece of one byte each so often; 0: as fast as it goes */
	const char *name; /* of the probe file */
	/* Uploads with a pace: true ends them before their size; NULL: never. */
	bool (*is_enough)(void *arg);
	void *arg;
};

/* Runs it and fills the slot; what it leaves behind is a client that can be asked on, or one that
 * is broken. OPERATION_DELETE needs no data connection. */
void probe_transfer(struct client *client, struct transfer *transfer, const struct data_task *task);

/* Asks for a passive port, as EPSV or PASV. True: transfer->announced is where to connect. */
bool probe_passive_port(struct client *client, struct transfer *transfer, enum data_mode mode,
			bool is_lenient);

/* The bytes of a probe file: those from offset on. Every line end that an ASCII transfer would
 * change is among the first 64. Pure. */
void probe_content(uint64_t offset, char *ret, size_t size);

/* Counts the lines of a listing, those that no client could read, and those that are not UTF-8;
 * looks for the name. Pure. */
struct listing_reader {
	char line[1024];
	size_t len;
	bool is_skipping; /* the rest of a line that is too long */
	const char *name;
	uint32_t n_lines, n_unreadable, n_foreign;
	bool has_name;
};
void listing_reader_feed(struct listing_reader *reader, struct text in);

#endif
