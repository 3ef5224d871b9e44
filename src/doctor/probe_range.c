/* doctor/probe_range.c - see probe_range.h. */
#include "doctor/probe_range.h"

#include "base/random.h"
#include "doctor/other_end.h"
#include "doctor/probe_data.h"

#define KNOCK_MS 2500
#define KNOCK_QUICK_MS 1000
#define PROMISED_KNOCKS 8u
/* How many ports of a range are looked at together whose borders are sought, and the most of it
 * all: four rounds find the border in a range of 10,000. */
#define RESERVED_ROUND 12u
#define RESERVED_KNOCKS 56u
#define RESERVED_KNOCK_MS 1200
#define RESERVED_KNOCK_QUICK_MS 600

static int64_t knock_ms(const struct doctor *doctor)
{
	return doctor->options->is_quick ? KNOCK_QUICK_MS : KNOCK_MS;
}

void probe_offered_ports(struct client *client, enum data_mode mode, unsigned n_ports)
{
	const struct doctor *doctor = client->doctor;

	for (unsigned i = 0; i < n_ports && client_is_alive(client) && doctor_has_time(doctor);
	     i++) {
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
		(void)!probe_connect(doctor, &sample->attempt, NULL, 0,
				     doctor_patience(doctor, knock_ms(doctor)), &fd);
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

/* A port that the server opened for us, and what came of the knock. */
struct knock {
	uint16_t port;
	struct sample *sample;
};

struct border_search {
	struct client *client;
	/* All that were knocked at, by port. */
	struct knock knocks[RESERVED_KNOCKS];
	unsigned n_knocks;
	bool has_open; /* passive ports are known that can be reached */
};

static bool is_open(const struct knock *knock)
{
	return knock->sample->attempt.outcome == NET_OK;
}

/* Long enough for the answer of a far server, as its command port has shown. */
static int64_t reserved_knock_ms(const struct client *client)
{
	bool is_quick = client->doctor->options->is_quick;
	int64_t least_ms = is_quick ? RESERVED_KNOCK_QUICK_MS : RESERVED_KNOCK_MS;

	return MAX_OF(least_ms, 3 * client->control->attempt.duration_ms);
}

/* Sorted in by port. NULL: no room. */
static struct knock *add_knock(struct border_search *search, uint16_t port)
{
	unsigned at = search->n_knocks;
	struct sample *sample =
		at < RESERVED_KNOCKS ? evidence_add_sample(search->client->doctor->evidence) : NULL;

	if (!sample)
		return NULL;
	for (; at > 0 && search->knocks[at - 1].port > port; at--)
		search->knocks[at] = search->knocks[at - 1];
	search->knocks[at] = (struct knock){ port, sample };
	search->n_knocks++;
	sample->origin = SAMPLE_RESERVED;
	sample->attempt.peer = search->client->control->attempt.peer;
	sample->attempt.peer.port = port;
	return &search->knocks[at];
}

static bool is_knocked_at(const struct border_search *search, uint16_t port)
{
	for (unsigned i = 0; i < search->n_knocks; i++)
		if (search->knocks[i].port == port)
			return true;
	return false;
}

/* The server listens at a port that it reserved for longer than its reservation lasts, so that all
 * are asked for first and knocked at together. One that it cannot open tells nothing. */
static void knock_at(struct border_search *search, const uint16_t *ports, unsigned n_ports)
{
	const struct doctor *doctor = search->client->doctor;
	struct attempt *attempts[RESERVED_ROUND], *silent[RESERVED_ROUND];
	size_t n = 0, n_silent = 0;

	for (unsigned i = 0; i < n_ports && client_is_alive(search->client); i++) {
		if (is_knocked_at(search, ports[i]) || !other_end_reserve(search->client, ports[i]))
			continue;
		struct knock *knock = add_knock(search, ports[i]);
		if (knock)
			attempts[n++] = &knock->sample->attempt;
	}
	probe_connect_all(doctor, attempts, NULL, n, reserved_knock_ms(search->client));
	for (size_t i = 0; i < n; i++) {
		search->has_open |= attempts[i]->outcome == NET_OK;
		if (attempts[i]->outcome == NET_TIMED_OUT)
			silent[n_silent++] = attempts[i];
	}
	/* A slow answer is no drop: where others answer it is looked at again. */
	if (search->has_open && n_silent > 0)
		probe_connect_all(doctor, silent, NULL, n_silent,
				  reserved_knock_ms(search->client));
}

/* Between these two lies a border. */
static bool is_border(const struct border_search *search, unsigned i)
{
	const struct knock *low = &search->knocks[i], *high = &search->knocks[i + 1];

	return is_open(low) != is_open(high) && high->port - low->port > 1;
}

/* Ports at equal distances between two that differ, for each border that is not exact yet. False:
 * there is none. */
static bool narrow(struct border_search *search)
{
	uint16_t ports[RESERVED_ROUND];
	unsigned n_borders = 0, n_ports = 0;

	for (unsigned i = 0; i + 1 < search->n_knocks; i++)
		n_borders += is_border(search, i);
	if (n_borders == 0)
		return false;
	unsigned each = MAX_OF(RESERVED_ROUND / n_borders, 1u);
	for (unsigned i = 0; i + 1 < search->n_knocks; i++) {
		if (!is_border(search, i))
			continue;
		uint16_t low = search->knocks[i].port;
		unsigned width = (unsigned)(search->knocks[i + 1].port - low);
		unsigned n = MIN_OF(each, width - 1);

		for (unsigned k = 1; k <= n && n_ports < RESERVED_ROUND; k++)
			ports[n_ports++] = (uint16_t)(low + width * k / (n + 1));
	}
	unsigned before = search->n_knocks;
	knock_at(search, ports, n_ports);
	return search->n_knocks > before;
}

void probe_reserved_range(struct client *client, uint16_t first, uint16_t last, bool has_open)
{
	struct border_search search = { .client = client, .has_open = has_open };
	unsigned width = (unsigned)(last - first);
	unsigned n = MIN_OF(width + 1, RESERVED_ROUND);
	uint16_t ports[RESERVED_ROUND];

	for (unsigned i = 0; i < n; i++)
		ports[i] = (uint16_t)(first + width * i / MAX_OF(n - 1, 1u));
	knock_at(&search, ports, n);
	while (client_is_alive(client) && narrow(&search))
		;
}
