/* doctor/probe_door.c - see probe_door.h. */
#include "doctor/probe_door.h"

#include <poll.h>
#include <stdatomic.h>

#include "doctor/client.h"
#include "doctor/session.h"

/* A door that stays silent while another one is open need not be waited for any longer. */
#define GRACE_MS 2500
#define GRACE_QUICK_MS 1500
/* Silence behind an open door: from here on TLS from the first byte is tried as well. */
#define SILENCE_MS 2000
#define SLICE_MS 250
/* A careful guest looks behind so many doors at most. */
#define LOOKS_MAX 12

static const struct {
	uint16_t port;
	enum tls_mode mode;
} usual_doors[] = {
	{ 21, MODE_EXPLICIT },
	{ 990, MODE_IMPLICIT },
	{ 3021, MODE_EXPLICIT },
	{ 3990, MODE_IMPLICIT },
};

enum answer answer_of_bytes(struct text bytes)
{
	static const struct {
		struct text begin;
		enum answer answer;
	} known[] = {
		{ T("SSH-"), ANSWER_SSH },	 { T("HTTP/"), ANSWER_HTTP },
		{ T("<!DOCTYPE"), ANSWER_HTTP }, { T("<html"), ANSWER_HTTP },
		{ T("\x15\x03"), ANSWER_TLS },	 { T("\x16\x03"), ANSWER_TLS },
	};
	uint64_t code;

	if (bytes.len == 0)
		return ANSWER_SILENT;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (text_starts(bytes, known[i].begin))
			return known[i].answer;
	if (bytes.len < 4 || text_to_uint((struct text){ bytes.ptr, 3 }, 599, &code) < 0 ||
	    code < 100 || (bytes.ptr[3] != ' ' && bytes.ptr[3] != '-'))
		return ANSWER_OTHER;
	/* SMTP says so in its 220, and so do FTP servers never. */
	for (size_t i = 0; i + 4 <= bytes.len; i++)
		if (text_starts((struct text){ bytes.ptr + i, bytes.len - i }, T("SMTP")))
			return ANSWER_SMTP;
	return ANSWER_FTP;
}

static void add_door(struct doctor *doctor, const struct address *host, uint16_t port,
		     enum tls_mode mode, bool is_requested)
{
	struct door *door = evidence_add_door(doctor->evidence);

	if (!door)
		return;
	door->address = *host;
	door->address.port = port;
	door->mode = mode;
	door->is_requested = is_requested;
}

static enum tls_mode mode_of_port(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual_doors); i++)
		if (usual_doors[i].port == port)
			return usual_doors[i].mode;
	return MODE_EXPLICIT;
}

void doors_choose(struct doctor *doctor)
{
	const struct evidence *evidence = doctor->evidence;
	const struct target *target = &evidence->target;

	for (size_t i = 0; i < evidence->dns.n_addresses; i++) {
		const struct address *host = &evidence->dns.addresses[i];

		if (target->given_port != 0) {
			enum tls_mode mode = target->given_mode == MODE_IMPLICIT ? MODE_IMPLICIT
					     : target->given_mode == MODE_UNKNOWN
						     ? mode_of_port(target->given_port)
						     : MODE_EXPLICIT;

			add_door(doctor, host, target->given_port, mode, true);
			continue;
		}
		for (size_t d = 0; d < ARRAY_SIZE(usual_doors); d++)
			add_door(doctor, host, usual_doors[d].port, usual_doors[d].mode, false);
	}
}

static bool pause_between_tries(const struct doctor *doctor)
{
	struct pollfd fd = { .fd = doctor->cancel_fd, .events = POLLIN };

	return poll(&fd, 1,
		    (int)MIN_OF(doctor->evidence->conditions.interval_ms, (int64_t)INT32_MAX)) == 0;
}

static bool is_any_open(const struct door *doors, size_t n_doors)
{
	for (size_t i = 0; i < n_doors; i++)
		if (doors[i].outcome == NET_OK)
			return true;
	return false;
}

/* The doors of each address stand together, as many for each. */
static size_t doors_per_address(const struct evidence *evidence)
{
	return evidence->n_doors / MAX_OF(evidence->dns.n_addresses, (size_t)1);
}

/* A slow answer is no dead machine: an address that is silent at every door, while others answer,
 * is knocked at once more before anything is said of it. */
static void look_twice(struct doctor *doctor, int *fds)
{
	struct evidence *evidence = doctor->evidence;
	int64_t grace_ms = doctor->options->is_quick ? GRACE_QUICK_MS : GRACE_MS;
	size_t each = doors_per_address(evidence);

	for (size_t i = 0; each > 0 && i + each <= evidence->n_doors; i += each) {
		struct door *doors = &evidence->doors[i];
		bool is_silent = !doctor_is_cancelled(doctor);

		for (size_t d = 0; d < each; d++)
			is_silent &= doors[d].outcome == NET_TIMED_OUT;
		if (is_silent)
			probe_connect_doors(doctor, doors, each,
					    MIN_OF(doctor->connect_ms, grace_ms), grace_ms,
					    &fds[i]);
	}
}

/* Every address is tested by itself, all of them at once with the first try; as long as none opens,
 * each further try goes to the next address of the name, as clients do. */
void doors_open(struct doctor *doctor, int *fds)
{
	struct evidence *evidence = doctor->evidence;
	int64_t grace_ms = doctor->options->is_quick ? GRACE_QUICK_MS : GRACE_MS;
	size_t each = doors_per_address(evidence), n = evidence->n_doors, from = 0;

	for (unsigned try = 0; try < evidence->conditions.tries; try++) {
		if (try > 0 && !pause_between_tries(doctor))
			return;
		size_t first = each > 0 ? each * try % evidence->n_doors : 0;

		if (try > 0) {
			from = first;
			n = each;
		}
		probe_connect_doors(doctor, &evidence->doors[from], n, doctor->connect_ms, grace_ms,
				    &fds[from]);
		for (size_t i = first; i < first + each; i++)
			if (evidence->doors[i].n_attempts > 0)
				evidence->doors[i]
					.attempts[evidence->doors[i].n_attempts - 1]
					.in_try = try + 1;
		if (doctor_is_cancelled(doctor))
			return;
		if (is_any_open(evidence->doors, evidence->n_doors)) {
			look_twice(doctor, fds);
			return;
		}
	}
}

/* --- looking ---------------------------------------------------------------------------------- */

struct look {
	struct doctor *doctor;
	struct door *door;
	struct control *control;
	struct control scratch; /* for a second connection that only reads */
	int fd;
};

/* The first bytes without taking them. */
static void peek(struct look *look, int fd, int64_t connected_ms)
{
	char bytes[EVIDENCE_LINE / 4]; /* each may be shown as "\xNN" */
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	struct door *door = look->door;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		door->ending = n == 0 ? NET_CLOSED : outcome_of(-errno);
		if (door->answer == ANSWER_UNKNOWN || door->answer == ANSWER_SILENT)
			door->answer = ANSWER_CLOSED;
		return;
	}
	door->first_byte_ms = MAX_OF(clock_ms() - connected_ms, (int64_t)1);
	door->received_bytes = (uint64_t)n;
	door->answer = answer_of_bytes((struct text){ bytes, (size_t)n });
	evidence_text((struct text){ bytes, (size_t)n }, door->first_bytes,
		      sizeof(door->first_bytes));
}

/* A second connection that speaks TLS at once; its handshake is kept when it gets an answer. */
static bool speaks_tls_at_once(struct look *look)
{
	struct client client;
	struct control *control = &look->scratch;
	bool speaks;

	*control = (struct control){ .purpose = PURPOSE_LOOK };
	if (client_open(&client, look->doctor, control, &look->door->address, MODE_IMPLICIT) < 0) {
		client_close(&client);
		return false;
	}
	speaks = client_start_tls(&client, look->doctor->options->tls) == 0;
	if (speaks)
		look->door->banner = *client_read_banner(&client, look->doctor->reply_ms);
	if (speaks || control->handshake.alert != 0)
		look->door->handshake = control->handshake;
	speaks |= control->handshake.alert != 0;
	client_close(&client);
	return speaks;
}

/* What a server says that did not answer our ClientHello with TLS. */
static void read_in_clear(struct look *look)
{
	struct client client;
	struct control *control = &look->scratch;

	*control = (struct control){ .purpose = PURPOSE_LOOK };
	if (client_open(&client, look->doctor, control, &look->door->address, MODE_PLAIN) == 0) {
		look->door->answer = ANSWER_SILENT;
		(void)client_has_reply(&client, SILENCE_MS);
		peek(look, client.stream.fd, client.opened_ms);
		if (look->door->answer == ANSWER_FTP)
			look->door->banner = *client_read_banner(&client, SILENCE_MS);
	}
	client_close(&client);
}

static void look_under_tls(struct client *client)
{
	(void)client_ask(client, "FEAT", NULL, "FEAT");
}

static void look_at_implicit(struct look *look, struct client *client)
{
	struct door *door = look->door;

	if (client_start_tls(client, look->doctor->options->tls) < 0) {
		door->handshake = look->control->handshake;
		door->ending = client->broken;
		door->received_bytes = door->handshake.received_bytes;
		if (door->handshake.alert != 0)
			door->answer = ANSWER_TLS;
		else
			read_in_clear(look);
		return;
	}
	door->answer = ANSWER_TLS;
	door->handshake = look->control->handshake;
	door->banner = *client_read_banner(client, look->doctor->greeting_ms);
	if (reply_class(&door->banner) != 2)
		return;
	atomic_store(&look->doctor->is_greeted, true);
	look_under_tls(client);
}

/* A greeting may be late because the server asks for our name in vain (reverse DNS); as long as no
 * other server has greeted there is nothing better to do than to wait for it. */
static void await_greeting(const struct doctor *doctor, struct client *client)
{
	int64_t patient_ms = client->opened_ms + doctor->reply_ms;
	int64_t latest_ms = client->opened_ms + doctor->greeting_ms;

	while (!client_has_reply(client, SLICE_MS) && client_is_alive(client) &&
	       !doctor_is_cancelled(doctor) &&
	       clock_ms() < (atomic_load(&doctor->is_greeted) ? patient_ms : latest_ms))
		;
}

static void look_at_explicit(struct look *look, struct client *client)
{
	struct doctor *doctor = look->doctor;
	struct door *door = look->door;

	door->answer = ANSWER_SILENT;
	if (!client_has_reply(client, SILENCE_MS) && speaks_tls_at_once(look)) {
		door->answer = ANSWER_TLS;
		return;
	}
	await_greeting(doctor, client);
	peek(look, client->stream.fd, client->opened_ms);
	if (door->answer != ANSWER_FTP)
		return;
	door->banner = *client_read_banner(client, doctor->reply_ms);
	if (reply_class(&door->banner) != 2)
		return;
	atomic_store(&doctor->is_greeted, true);
	if (look->control->purpose != PURPOSE_GENTLE)
		(void)client_ask(client, "FEAT", NULL, "FEAT");
	if (client_ask(client, "AUTH", NULL, "AUTH TLS")->code == 234 &&
	    client_start_tls(client, doctor->options->tls) == 0 &&
	    look->control->purpose != PURPOSE_GENTLE)
		look_under_tls(client);
	/* The one of the door is that of TLS from the first byte, else nothing. */
}

static void run_look(void *arg)
{
	struct look *look = arg;
	struct door *door = look->door;
	struct client client;

	client_adopt(&client, look->doctor, look->control, look->fd,
		     &door->attempts[door->n_attempts - 1], door->mode);
	if (door->mode == MODE_IMPLICIT)
		look_at_implicit(look, &client);
	else
		look_at_explicit(look, &client);
	if (door->ending == NET_UNTRIED)
		door->ending = client_is_alive(&client) ? NET_OK : client.broken;
	/* Nobody there understands QUIT. */
	if (door->answer != ANSWER_FTP && door->answer != ANSWER_TLS && client_is_alive(&client))
		client.broken = NET_SKIPPED;
	client_close(&client);
}

static bool offers_tls(const struct control *look)
{
	const struct reply *auth = control_any_reply(look, "AUTH");
	const struct reply *features = control_reply(look, "FEAT", false);

	if (look->handshake.outcome != NET_UNTRIED)
		return true;
	/* A box that blots out words would blot out this offer too. */
	return (auth && (auth->code == 234 || auth->is_masked)) ||
	       (features && (reply_has_line(features, "AUTH") || features->is_masked));
}

void doors_look(struct doctor *doctor, int *fds)
{
	struct evidence *evidence = doctor->evidence;
	struct look *looks = calloc(LOOKS_MAX, sizeof(*looks));
	struct threads threads = { .n_ids = 0 };
	size_t n_looks = 0;

	for (size_t i = 0; i < evidence->n_doors; i++) {
		if (fds[i] < 0)
			continue;
		struct control *control =
			looks && n_looks < LOOKS_MAX ? evidence_add_control(evidence) : NULL;
		if (!control) {
			fd_close(&fds[i]);
			continue;
		}
		control->purpose = PURPOSE_LOOK;
		looks[n_looks] = (struct look){ .doctor = doctor,
						.door = &evidence->doors[i],
						.control = control,
						.fd = fd_take(&fds[i]) };
		threads_run(&threads, run_look, &looks[n_looks++]);
	}
	threads_join(&threads);
	for (size_t i = 0; i < n_looks; i++) {
		const struct door *door = looks[i].door;
		int64_t late_ms = MAX_OF(door->first_byte_ms, door->banner.after_ms);

		doctor->tls_is_offered |=
			offers_tls(looks[i].control) || door->handshake.outcome != NET_UNTRIED;
		/* Later greetings may be later still. */
		doctor->greeting_ms = MAX_OF(doctor->greeting_ms, 2 * late_ms);
	}
	free(looks);
}

/* --- looking again ---------------------------------------------------------------------------- */

static void shake_hands_again(struct doctor *doctor, const struct control *look,
			      struct control *control, struct tls_client *trust)
{
	struct client client;

	if (client_open(&client, doctor, control, &look->attempt.peer, look->mode) == 0) {
		bool is_ready =
			look->mode == MODE_IMPLICIT ||
			(reply_class(client_read_banner(&client, doctor->greeting_ms)) == 2 &&
			 client_ask(&client, "AUTH", NULL, "AUTH TLS")->code == 234);

		client.hides_name = control->purpose == PURPOSE_NO_NAME;
		if (is_ready)
			(void)!client_start_tls(&client, trust);
	}
	client_close(&client);
}

static void try_older_tls(struct doctor *doctor, const struct control *failed,
			  struct tls_client *trust, const char *maximum)
{
	struct control *control = evidence_add_control(doctor->evidence);

	if (!control)
		return;
	control->purpose = PURPOSE_OLDER_TLS;
	(void)snprintf(control->handshake.maximum, sizeof(control->handshake.maximum), "%s",
		       maximum);
	shake_hands_again(doctor, failed, control, trust);
}

void doors_look_without_name(struct doctor *doctor, const struct control *look)
{
	struct control *control = evidence_add_control(doctor->evidence);

	if (!control)
		return;
	control->purpose = PURPOSE_NO_NAME;
	shake_hands_again(doctor, look, control, doctor->trust);
}

static bool failed_at_handshake(const struct control *look)
{
	enum net_outcome outcome = look->handshake.outcome;

	return look->purpose == PURPOSE_LOOK && outcome != NET_UNTRIED && outcome != NET_OK &&
	       outcome != NET_SKIPPED;
}

/* Cut off behind FEAT or AUTH, in clear: a box that dislikes the verb. */
static bool was_cut_off(const struct control *look)
{
	const struct exchange *last =
		look->n_exchanges > 0 ? &look->exchanges[look->n_exchanges - 1] : NULL;

	return look->purpose == PURPOSE_LOOK && last && *last->verb && !last->is_tls &&
	       (last->reply.outcome == NET_RESET || last->reply.outcome == NET_CLOSED ||
		last->reply.outcome == NET_TIMED_OUT);
}

static void look_gently(struct doctor *doctor, const struct control *cut)
{
	struct look look = { .doctor = doctor, .fd = -1 };
	struct door door = { .address = cut->attempt.peer, .mode = MODE_EXPLICIT };
	struct client client;

	look.control = evidence_add_control(doctor->evidence);
	look.door = &door;
	if (!look.control)
		return;
	look.control->purpose = PURPOSE_GENTLE;
	if (client_open(&client, doctor, look.control, &door.address, MODE_EXPLICIT) == 0)
		look_at_explicit(&look, &client);
	client_close(&client);
	doctor->tls_is_offered |= offers_tls(look.control);
}

void doors_look_again(struct doctor *doctor)
{
	struct evidence *evidence = doctor->evidence;
	const struct control *failed = NULL, *cut = NULL;

	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *look = &evidence->controls[i];

		if (!failed && failed_at_handshake(look))
			failed = look;
		if (!cut && was_cut_off(look))
			cut = look;
	}
	if (failed) {
		size_t at = evidence->n_controls;

		try_older_tls(doctor, failed, doctor->options->tls_1_2, "TLSv1.2");
		if (at < evidence->n_controls && evidence->controls[at].handshake.outcome == NET_OK)
			doctor->trust = doctor->options->tls_1_2;
		else
			try_older_tls(doctor, failed, doctor->options->tls_old, "any");
	}
	if (cut)
		look_gently(doctor, cut);
}

/* --- choosing --------------------------------------------------------------------------------- */

const struct control *door_look(const struct evidence *evidence, const struct door *door)
{
	for (size_t i = 0; i < evidence->n_controls; i++) {
		const struct control *control = &evidence->controls[i];

		if (control->purpose == PURPOSE_LOOK &&
		    control->attempt.peer.port == door->address.port &&
		    address_same_host(&control->attempt.peer, &door->address))
			return control;
	}
	return NULL;
}

/* How good a door is to enter; 0: not at all. */
static unsigned worth(const struct doctor *doctor, const struct door *door, enum tls_mode *ret_mode)
{
	const struct control *look = door_look(doctor->evidence, door);
	enum tls_mode wanted = doctor->evidence->target.given_mode;
	unsigned worth = 0;

	if (!look || (door->answer != ANSWER_FTP && door->answer != ANSWER_TLS) ||
	    (door->answer == ANSWER_FTP && reply_class(&door->banner) != 2))
		return 0;
	*ret_mode = MODE_PLAIN;
	if (door->answer == ANSWER_TLS)
		*ret_mode = MODE_IMPLICIT;
	else if (look->handshake.outcome != NET_UNTRIED && wanted != MODE_PLAIN)
		*ret_mode = MODE_EXPLICIT;
	const struct handshake *handshake =
		*ret_mode == MODE_IMPLICIT ? &door->handshake : &look->handshake;
	bool has_tls = *ret_mode != MODE_PLAIN && handshake->outcome == NET_OK;

	if (has_tls)
		worth = handshake_is_trusted(handshake) ? 8 : 4;
	else
		worth = *ret_mode == MODE_PLAIN ? 2 : 1;
	if (*ret_mode == MODE_EXPLICIT)
		worth++;
	if (wanted != MODE_UNKNOWN && wanted == *ret_mode)
		worth += 16;
	return worth;
}

const struct door *doors_best(const struct doctor *doctor, int family, uint16_t except,
			      enum tls_mode *ret_mode)
{
	const struct door *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < doctor->evidence->n_doors; i++) {
		const struct door *door = &doctor->evidence->doors[i];
		bool is_v4 = address_is_v4(&door->address);
		enum tls_mode mode = MODE_UNKNOWN;

		if ((family == AF_INET && !is_v4) || (family == AF_INET6 && is_v4) ||
		    door->address.port == except)
			continue;
		unsigned value = worth(doctor, door, &mode);
		if (value > most) {
			most = value;
			best = door;
			*ret_mode = mode;
		}
	}
	return best;
}
