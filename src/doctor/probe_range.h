/* doctor/probe_range.h - which part of the passive range can be reached. Threads: one at a time per
 * client. */
#ifndef DOCTOR_PROBE_RANGE_H
#define DOCTOR_PROBE_RANGE_H

#include "doctor/client.h"

/* Asks for a few more passive ports and knocks at each. */
void probe_offered_ports(struct client *client, enum data_mode mode, unsigned n_ports);

/* Knocks at ports of a promised range, all at once: its ends and some between. A port where nobody
 * listens answers with an RST, which proves the way there as well. */
void probe_promised_range(struct doctor *doctor, const struct address *host, uint16_t first,
			  uint16_t last);

/* Finds the exact borders of what is open: the server opens the ports for us (SITE DOCTOR PORT).
 * has_open: some passive port is known to be reached. */
void probe_reserved_range(struct client *client, uint16_t first, uint16_t last, bool has_open);

#endif
