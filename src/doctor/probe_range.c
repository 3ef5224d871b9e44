/* doctor/probe_range.c - see probe_range.h. */
#include "doctor/probe_range.h"

#include "base/random.h"
#include "doctor/other_end.h"
#include "doctor/probe_data.h"

#define KNOCK_MS 2500
#define KNOCK_QUICK_MS 1000
#define PROMISED_KNOCKS 8u
/* The first look at a range whose borders are sought, and the most of it all. */
#define COARSE_KNOCKS 9u
#define COARSE_KNOCKS_QUICK 4u
/* One after the other, so that each may take less: two SYNs fit in. */
#define RESERVED_KNOCK_MS 1200
#define RESERVED_KNOCK_QUICK_MS 600
#define BISECTION_KNOCKS 40u

static int64_t knock_ms(const struct doctor *doctor)
{
	return doctor->options->is_quick ? KNOCK_QUICK_MS : KNOCK_MS;
}

void probe_offered_ports(struct client *client, enum data_mode mode, unsigned n_ports)
{
	const struct doctor *doctor = client->doctor;

	for (unsigned i = 0; i < n_ports && client_is_alive(client); i++) {
		struct transfer offer = { .mode = mode };
		int fd = -1;

		/* As clients do: to the host of the control connection. */
		if (!probe_passive_port(client, &offer, mode, true))
			return;
		struct sample *sample = evidence_add_sample(doctor->evidence);
		if (!sample)
			return;
		sample->origin = SAMPLE_OFFERED;
		sample->attempt.peer = offer.attempt.peer;
		(void)!probe_connect(doctor, &sample->attempt, NULL, 0, knock_ms(doctor), &fd);
		fd_close(&fd);
	}
}

/* The i-th of n ports of a range: its ends exactly, those between at random in their part of it. */
static uint16_t port_of_part(uint16_t first, uint16_t last, unsigned i, unsigned n)
{
	uint32_t width = (uint32_t)last - first;

	if (i == 0)
		return first;
	if (i == n - 1)
		return last;
	uint32_t part = MAX_OF(width / n, (uint32_t)1);
	uint32_t at = width * i / (n - 1) + random_below(part);

	return (uint16_t)(first + MIN_OF(at, width));
}

void probe_promised_range(struct doctor *doctor, const struct address *host, uint16_t first,
			  uint16_t last)
{
	struct attempt *attempts[PROMISED_KNOCKS];
	unsigned n = MIN_OF((unsigned)(last - first) + 1, PROMISED_KNOCKS);
	size_t n_attempts = 0;

	for (unsigned i = 0; i < n; i++) {
		struct sample *sample = evidence_add_sample(doctor->evidence);

		if (!sample)
			break;
		sample->origin = SAMPLE_PROMISED;
		sample->attempt.peer = *host;
		sample->attempt.peer.port = port_of_part(first, last, i, MAX_OF(n, 2u));
		attempts[n_attempts++] = &sample->attempt;
	}
	probe_connect_all(doctor, attempts, NULL, n_attempts, knock_ms(doctor));
}

/* --- borders ---------------------------------------------------------------------------------- */

struct border_search {
	struct client *client;
	unsigned n_knocks;
};

/* True: the port was opened for us and a connection came through. */
static bool knock_reserved(struct border_search *search, uint16_t port)
{
	struct client *client = search->client;
	const struct doctor *doctor = client->doctor;
	int64_t timeout_ms =
		doctor->options->is_quick ? RESERVED_KNOCK_QUICK_MS : RESERVED_KNOCK_MS;
	struct sample *sample;
	int fd = -1;

	search->n_knocks++;
	if (!other_end_reserve(client, port))
		return false;
	sample = evidence_add_sample(doctor->evidence);
	if (!sample)
		return false;
	sample->origin = SAMPLE_RESERVED;
	sample->attempt.peer = client->control->attempt.peer;
	sample->attempt.peer.port = port;
	(void)!probe_connect(doctor, &sample->attempt, NULL, 0, timeout_ms, &fd);
	fd_close(&fd);
	return sample->attempt.outcome == NET_OK;
}

static void bisect(struct border_search *search, uint16_t low, bool low_is_open, uint16_t high)
{
	while (high - low > 1 && search->n_knocks < BISECTION_KNOCKS &&
	       client_is_alive(search->client)) {
		uint16_t middle = (uint16_t)(low + (high - low) / 2);

		if (knock_reserved(search, middle) == low_is_open)
			low = middle;
		else
			high = middle;
	}
}

void probe_reserved_range(struct client *client, uint16_t first, uint16_t last)
{
	struct border_search search = { .client = client };
	unsigned n =
		MIN_OF((unsigned)(last - first) + 1,
		       client->doctor->options->is_quick ? COARSE_KNOCKS_QUICK : COARSE_KNOCKS);
	uint16_t ports[COARSE_KNOCKS];
	bool is_open[COARSE_KNOCKS];

	for (unsigned i = 0; i < n; i++) {
		ports[i] = (uint16_t)(first + (uint32_t)(last - first) * i / MAX_OF(n - 1, 1u));
		is_open[i] = knock_reserved(&search, ports[i]);
	}
	for (unsigned i = 0; i + 1 < n; i++)
		if (is_open[i] != is_open[i + 1])
			bisect(&search, ports[i], is_open[i], ports[i + 1]);
}
