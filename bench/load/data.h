/* load/data.h - data connections of the simulated clients: downloads are dropped in the kernel
 * unless someone wants to see them, uploads of large files are sent by sendfile(2), so that the
 * generator takes little from the machine that the server is measured on.
 * Functions return -1 after client_fail. */
#ifndef LOAD_DATA_H
#define LOAD_DATA_H

#include "load/control.h"
#include "load/options.h"
#include "load/phases.h"

struct data {
	struct watch watch;
	SSL *ssl;
};

/* Maps the file that is uploaded (options.source), if there is one. 0, or -1 with errno. */
int data_init(void);

/* EPSV or PASV, the connection, the command, its 1xx reply and the TLS handshake, in any order. */
int data_open(struct client *client, struct data *data, const char *command);
void data_close(struct data *data);

/* One whole transfer, counted in the tally. size -1: any. With count_lines the time to the first
 * byte and the lines are counted, too. */
int transfer_get(struct client *client, const char *command, long size, bool count_lines,
		 struct tally *tally);
int transfer_put(struct client *client, const char *command, long size, struct tally *tally);

#endif
