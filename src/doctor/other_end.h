/* doctor/other_end.h - what a Sallyport server tells of its end: SITE DOCTOR (docs/protocol.md).
 * Lines are "name: value"; names that we do not know are skipped. Threads: one at a time per
 * client. */
#ifndef DOCTOR_OTHER_END_H
#define DOCTOR_OTHER_END_H

#include "doctor/client.h"

/* True when banner, FEAT or SYST of this control connection name a Sallyport server. */
bool other_end_is_sallyport(const struct control *control);

/* Asks once, into the evidence. */
void other_end_ask(struct client *client, struct other_end *ret);
/* Asks what became of the last data connection. */
void other_end_view(struct client *client, struct server_view *ret);
/* Asks to open this port of the passive range for us. True: it listens there. */
bool other_end_reserve(struct client *client, uint16_t port);

/* Pure: the reply of SITE DOCTOR. */
void other_end_parse(struct text reply, struct other_end *ret);
void other_end_parse_view(struct text reply, struct server_view *ret);

#endif
