/* doctor/simulate_tail.c - see simulate_tail.h. Source: RFC 8446 5.1, the header of a record: its
 * type, two bytes of version, two of length; as old as TLS itself. */
#include "doctor/simulate_tail.h"

#define HEADER 5
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_DATA 23 /* TLS 1.3 hides its alerts in these */

static size_t record_size(const struct tail *tail)
{
	return HEADER + ((size_t)tail->held[3] << 8 | tail->held[4]);
}

/* An alert, or as short as one. */
static bool may_be_last(const struct tail *tail)
{
	return (tail->held[0] == RECORD_ALERT || tail->held[0] == RECORD_DATA) &&
	       record_size(tail) <= TAIL_MAX;
}

bool tail_has_record(const struct tail *tail)
{
	return tail->n_held >= HEADER && tail->n_held == record_size(tail);
}

static size_t release(struct tail *tail, uint8_t *ret)
{
	size_t n = tail->n_held;

	memcpy(ret, tail->held, n);
	tail->n_held = 0;
	return n;
}

size_t tail_pass(struct tail *tail, const uint8_t *in, size_t n, uint8_t *ret)
{
	size_t n_out = 0, at = 0;

	if (!tail->is_begun && n > 0) {
		tail->is_begun = true;
		tail->is_plain = in[0] != RECORD_HANDSHAKE;
	}
	while (at < n) {
		size_t n_now = tail->is_plain ? n - at : MIN_OF(n - at, tail->n_passing);

		if (n_now > 0) {
			memcpy(ret + n_out, in + at, n_now);
			n_out += n_now;
			at += n_now;
			tail->n_passing -= MIN_OF(n_now, tail->n_passing);
			continue;
		}
		if (tail_has_record(tail))
			n_out += release(tail, ret + n_out);
		tail->held[tail->n_held++] = in[at++];
		if (tail->n_held == HEADER && !may_be_last(tail)) {
			tail->n_passing = record_size(tail) - HEADER;
			n_out += release(tail, ret + n_out);
		}
	}
	return n_out;
}
