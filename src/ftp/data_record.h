/* ftp/data_record.h - what became of one data connection, as the server has seen it: planned how,
 * with which port, and whether anybody came. Made by workers, stored with the transfer, shown by
 * the manager. Threads: any; pure functions. */
#ifndef FTP_DATA_RECORD_H
#define FTP_DATA_RECORD_H

#include "net/address.h"

enum data_mode { DATA_MODE_NONE, DATA_MODE_PASV, DATA_MODE_EPSV, DATA_MODE_PORT, DATA_MODE_EPRT };

enum data_outcome {
	DATA_OPEN_QUESTION, /* nothing was said about it */
	DATA_ARRIVED,	    /* it is there (active mode: the client has let us in) */
	DATA_NEVER,	    /* nobody has come, or the client could not be reached */
	DATA_ELSEWHERE,	    /* somebody has come to the port, from another address */
	DATA_REFUSED,	    /* we have not even begun: the cause says why */
	DATA_TLS_FAILED,    /* it has come, and TLS on it failed */
};

struct data_record {
	/* As it was sent: in PASV's reply by us, in PORT and EPRT by the client; the address is
	 * unspecified where none is named (EPSV). Its port is the port of the data connection. */
	struct address advertised;
	struct address peer; /* that came, or that we reached; port 0: nobody */
	uint32_t waited_ms;
	uint16_t cause; /* number of the D-id; 0: none */
	uint8_t mode,
		outcome; /* enum data_mode: DATA_MODE_NONE is no record at all; data_outcome */
	bool is_tls, is_resumed;
};

/* "pasv", "arrived", ...; NULL for numbers that mean nothing, for DATA_MODE_NONE and for
 * DATA_OPEN_QUESTION. */
const char *data_mode_name(unsigned mode);
const char *data_outcome_name(unsigned outcome);

/* The client could not exchange data for this. */
static inline bool data_record_is_failure(const struct data_record *record)
{
	return record->mode != DATA_MODE_NONE && record->outcome >= DATA_NEVER;
}

/* One line, as the database keeps it: "pasv 203.0.113.5:40123 198.51.100.7:50312 arrived 12 tls+
 * 0"; empty without a mode. */
#define DATA_RECORD_TEXT_SIZE (2 * ADDRESS_TEXT_SIZE + 64)
void data_record_format(const struct data_record *record, char ret[static DATA_RECORD_TEXT_SIZE]);
/* 0, also for an empty text (no mode); -EINVAL with *ret untouched. */
int data_record_parse(struct text in, struct data_record *ret) MUST_CHECK;

#endif
