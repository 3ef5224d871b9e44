/* doctor/simulate_tail.h - the end of an upload, which a bad box loses: what tells a server under
 * TLS that a file is whole is a last record of a few bytes. Whoever passes that on and resets the
 * connection only then has lost nothing, if the server reads quickly; so it is held back until
 * something follows it. For the simulator only; nothing here is decrypted.
 * Threads: one at a time per tail. */
#ifndef DOCTOR_SIMULATE_TAIL_H
#define DOCTOR_SIMULATE_TAIL_H

#include "base/common.h"

#define TAIL_MAX 40 /* bytes held at most: an alert under any cipher of TLS 1.2 and 1.3 */

struct tail {
	uint8_t held[TAIL_MAX];
	size_t n_held;
	size_t n_passing; /* what is still to come of a record that passes */
	bool is_begun, is_plain;
};

/* Takes n bytes and gives those that may pass now. ret holds n + TAIL_MAX; its count is returned.
 * What does not begin as TLS does passes as it comes. All zeroes is a new tail. */
size_t tail_pass(struct tail *tail, const uint8_t *in, size_t n, uint8_t *ret);

/* A whole record is held, and may be the last one. */
bool tail_has_record(const struct tail *tail);

#endif
