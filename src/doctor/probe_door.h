/* doctor/probe_door.h - what answers behind the command ports. Threads: the ladder's; it starts one
 * for each open door. */
#ifndef DOCTOR_PROBE_DOOR_H
#define DOCTOR_PROBE_DOOR_H

#include "doctor/probe.h"

/* Takes the slots: each address with each port that is asked for. */
void doors_choose(struct doctor *doctor);
/* Opens them, with all tries, then looks behind each that is open: the first bytes, the banner,
 * FEAT, AUTH, the certificate. */
void doors_open(struct doctor *doctor, int *fds);
void doors_look(struct doctor *doctor, int *fds);
/* Where a handshake failed: what the server would take; and where an inspecting box cut us off:
 * whether it does so without FEAT. */
void doors_look_again(struct doctor *doctor);

/* The handshake of this look again, as clients make it that send no name (SNI). */
void doors_look_without_name(struct doctor *doctor, const struct control *look);

/* The best door for the ladder, of this family (0: any, AF_INET, AF_INET6), other than port
 * `except` (0: none); NULL: none leads to an FTP server. *ret_mode is how to enter it. */
const struct door *doors_best(const struct doctor *doctor, int family, uint16_t except,
			      enum tls_mode *ret_mode);
/* How the look at the door went; NULL: there was none. */
const struct control *door_look(const struct evidence *evidence, const struct door *door);

/* What the first bytes of a server are. Pure. */
enum answer answer_of_bytes(struct text bytes);

#endif
