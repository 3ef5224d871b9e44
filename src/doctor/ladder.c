/* doctor/ladder.c - the order of the examination; see doctor.h and ladder.h. Each rung stands on
 * the one below: what cannot be reached is not guessed at. */
#include "doctor/ladder.h"

#include <netinet/in.h>

#include "base/random.h"
#include "doctor/probe_door.h"
#include "doctor/probe_range.h"
#include "doctor/session.h"
#include "doctor/target.h"
#include "ftp/reply_reader.h"
#include "net/socket.h"

#define REPLY_MS 20000
#define REPLY_QUICK_MS 8000
#define DATA_MS 10000
#define DATA_AGAIN_MS 4000
#define DATA_QUICK_MS 3000
#define DATA_AGAIN_QUICK_MS 1500
#define STALL_MS 10000
#define STALL_QUICK_MS 4000
#define TIMEOUT_QUICK_MS 4000
/* Reverse DNS that hangs delays a greeting, wrong passwords are punished by waiting: no haste. */
#define GREETING_MS 45000
#define GREETING_QUICK_MS 10000
#define LOGIN_QUICK_MS 12000
#define DISCARD_PORT 9

void step_begin(struct step *step, struct ladder *ladder, const char *title)
{
	*step = (struct step){ .ladder = ladder, .title = title, .begin_ms = clock_ms() };
	buf_init(&step->detail, step->storage, sizeof(step->storage));
	ladder->doctor.watcher->begin(ladder->doctor.watcher, title);
}

void step_end(struct step *step, enum step_state state)
{
	struct watcher *watcher = step->ladder->doctor.watcher;

	watcher->end(watcher, state, step->title, step->storage, clock_ms() - step->begin_ms);
}

const char *outcome_phrase(enum net_outcome outcome)
{
	switch (outcome) {
	case NET_OK:
		return "open";
	case NET_REFUSED:
		return "refused";
	case NET_TIMED_OUT:
		return "no answer";
	case NET_UNREACHABLE:
		return "unreachable";
	case NET_RESET:
		return "reset";
	case NET_CLOSED:
		return "closed by the other side";
	case NET_NO_ROUTE:
		return "no route from this machine";
	case NET_GARBAGE:
		return "not understood";
	case NET_TOO_MUCH:
		return "too much";
	case NET_SKIPPED:
		return "skipped";
	case NET_FAILED:
	case NET_UNTRIED:
		break;
	}
	return "failed";
}

/* --- before the first packet ------------------------------------------------------------------ */

static void set_patience(struct doctor *doctor)
{
	const struct doctor_options *options = doctor->options;
	struct conditions *conditions = &doctor->evidence->conditions;
	bool is_quick = options->is_quick;

	conditions->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms
				 : is_quick		 ? TIMEOUT_QUICK_MS
							 : DOCTOR_TIMEOUT_MS;
	conditions->interval_ms =
		options->interval_ms > 0 ? options->interval_ms : DOCTOR_INTERVAL_MS;
	conditions->tries = options->tries > 0 ? options->tries : is_quick ? 1 : DOCTOR_TRIES;
	conditions->tries = MIN_OF(conditions->tries, (unsigned)EVIDENCE_ATTEMPTS);

	int64_t most = conditions->timeout_ms;
	doctor->connect_ms = most;
	doctor->reply_ms = MIN_OF(most, (int64_t)(is_quick ? REPLY_QUICK_MS : REPLY_MS));
	doctor->data_ms = MIN_OF(most, (int64_t)(is_quick ? DATA_QUICK_MS : DATA_MS));
	doctor->data_again_ms =
		MIN_OF(most, (int64_t)(is_quick ? DATA_AGAIN_QUICK_MS : DATA_AGAIN_MS));
	doctor->greeting_ms = is_quick ? GREETING_QUICK_MS : MIN_OF(most, (int64_t)GREETING_MS);
	doctor->greeting_ms = MAX_OF(doctor->greeting_ms, doctor->reply_ms);
	doctor->login_ms = MAX_OF(doctor->reply_ms, (int64_t)LOGIN_QUICK_MS);
	doctor->stall_ms = MIN_OF(most, (int64_t)(is_quick ? STALL_QUICK_MS : STALL_MS));
}

/* The address that this machine would use for the world; connecting a datagram socket sends
 * nothing. */
static bool own_address(const char *world, char ret[static ADDRESS_TEXT_SIZE])
{
	struct address far, own;
	struct sockaddr_storage sa;

	if (address_parse(text_of(world), &far) < 0)
		return false;
	far.port = DISCARD_PORT;
	socklen_t len = address_to_sockaddr(&far, &sa);
	AUTO_CLOSE int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0 || socket_local(fd, &own) < 0)
		return false;
	(void)address_format_ip(&own, ret);
	return true;
}

/* The ranges that the help pages of two services tell. */
static void note_known_range(const struct target *target, struct conditions *ret)
{
	static const struct {
		const char *domain;
		uint16_t first, last;
	} known[] = {
		{ "exavault.com", 21000, 21050 },
		{ "files.com", 40000, 50000 },
	};
	struct text host = text_of(target->host);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct text domain = text_of(known[i].domain);
		bool is_it = host.len > domain.len &&
			     strcmp(target->host + host.len - domain.len, known[i].domain) == 0 &&
			     target->host[host.len - domain.len - 1] == '.';

		if (!is_it)
			continue;
		ret->promised_first = known[i].first;
		ret->promised_last = known[i].last;
		ret->range_is_of_help_pages = true;
	}
}

static void note_conditions(struct doctor *doctor)
{
	const struct doctor_options *options = doctor->options;
	struct conditions *ret = &doctor->evidence->conditions;

	ret->is_quick = options->is_quick;
	ret->is_read_only = options->is_read_only;
	ret->has_no_login = options->has_no_login;
	ret->allows_plain = options->allows_plain;
	ret->is_insecure = options->is_insecure;
	ret->has_user = options->user != NULL;
	ret->has_password = options->password != NULL;
	ret->large_size_bytes = options->large_size_bytes;
	if (options->passive_first != 0) {
		ret->promised_first = options->passive_first;
		ret->promised_last = options->passive_last;
	} else {
		note_known_range(&doctor->evidence->target, ret);
	}
	ret->has_v4 = own_address("192.0.2.1", ret->own_v4);
	ret->has_v6 = own_address("2001:db8::1", ret->own_v6);
}

static int check_target(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;
	struct target *target = &doctor->evidence->target;
	struct step step;

	step_begin(&step, ladder, "Host name");
	int r = target_parse(text_of(doctor->options->host), target);
	if (doctor->options->port != 0)
		target->given_port = doctor->options->port;
	if (doctor->options->mode != MODE_UNKNOWN)
		target->given_mode = doctor->options->mode;
	if (r < 0) {
		buf_addf(&step.detail, "\"%.200s\" is no host name", target->given);
		step_end(&step, STEP_FAILED);
		return r;
	}
	bool is_clean = strcasecmp(target->given, target->host) == 0;
	buf_addf(&step.detail, is_clean ? "%s" : "%s (taken out of what you gave)", target->host);
	step_end(&step,
		 is_clean || (target->had_port && !target->had_scheme) ? STEP_OK : STEP_WARNED);
	return 0;
}

static bool find_addresses(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;
	const struct dns *dns = &doctor->evidence->dns;
	char shown[ADDRESS_TEXT_SIZE];
	struct step step;

	if (doctor->evidence->target.is_address) {
		probe_dns(doctor);
		return dns->n_addresses > 0;
	}
	step_begin(&step, ladder, "DNS");
	probe_dns(doctor);
	for (size_t i = 0; i < dns->n_addresses; i++)
		buf_addf(&step.detail, "%s%s", i > 0 ? ", " : "",
			 address_format_ip(&dns->addresses[i], shown));
	if (dns->n_addresses == 0)
		buf_addf(&step.detail, "%s", *dns->a.error ? dns->a.error : "no address");
	step_end(&step, dns->n_addresses > 0 ? STEP_OK : STEP_FAILED);
	return dns->n_addresses > 0;
}

/* --- doors ------------------------------------------------------------------------------------ */

/* "21 open, 990 refused": of the first address; how many others there are. */
static bool describe_doors(const struct evidence *evidence, struct buf *out)
{
	bool is_any_open = false, is_first = true;

	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		is_any_open |= door->outcome == NET_OK;
		if (!address_same_host(&door->address, &evidence->doors[0].address) &&
		    door->outcome == evidence->doors[i % 4].outcome)
			continue;
		char shown[ADDRESS_TEXT_SIZE];
		bool is_same_host = address_same_host(&door->address, &evidence->doors[0].address);
		buf_addf(out, "%s", is_first ? "" : ", ");
		if (!is_same_host)
			buf_addf(out, "%s ", address_format_ip(&door->address, shown));
		buf_addf(out, "%u %s", door->address.port, outcome_phrase(door->outcome));
		is_first = false;
	}
	return is_any_open;
}

static bool open_doors(struct ladder *ladder, int *fds)
{
	struct step step;

	doors_choose(&ladder->doctor);
	for (size_t i = 0; i < EVIDENCE_DOORS; i++)
		fds[i] = -1;
	step_begin(&step, ladder, "Command ports");
	doors_open(&ladder->doctor, fds);
	bool is_any_open = describe_doors(ladder->doctor.evidence, &step.detail);
	step_end(&step, is_any_open ? STEP_OK : STEP_FAILED);
	return is_any_open;
}

static void describe_answer(const struct door *door, struct buf *out)
{
	struct text rest = text_of(door->banner.text), line;

	switch (door->answer) {
	case ANSWER_FTP:
	case ANSWER_TLS:
		if (reply_next_line(&rest, &line))
			buf_addf(out, "%u: %.*s", door->banner.code, (int)MIN_OF(line.len, 100u),
				 line.ptr);
		else
			buf_add(out, T("a handshake without a greeting"));
		break;
	case ANSWER_SSH:
		buf_add(out, T("an SSH server answers, not FTP"));
		break;
	case ANSWER_HTTP:
		buf_add(out, T("a web server answers, not FTP"));
		break;
	case ANSWER_SMTP:
		buf_add(out, T("a mail server answers, not FTP"));
		break;
	case ANSWER_SILENT:
		buf_add(out, T("connected, then silence"));
		break;
	case ANSWER_CLOSED:
		buf_add(out, T("connected, then closed without a word"));
		break;
	case ANSWER_OTHER:
	case ANSWER_UNKNOWN:
		buf_add(out, T("something else than FTP answers"));
		break;
	}
}

static const struct door *first_open(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_doors; i++)
		if (evidence->doors[i].outcome == NET_OK)
			return &evidence->doors[i];
	return NULL;
}

static bool look_behind_doors(struct ladder *ladder, int *fds)
{
	struct doctor *doctor = &ladder->doctor;
	struct step step;

	step_begin(&step, ladder, "What answers");
	doors_look(doctor, fds);
	doors_look_again(doctor);
	ladder->door = doors_best(doctor, AF_UNSPEC, 0, &ladder->mode);
	const struct door *shown = ladder->door ? ladder->door : first_open(doctor->evidence);
	if (shown) {
		buf_addf(&step.detail, "port %u: ", shown->address.port);
		describe_answer(shown, &step.detail);
	}
	step_end(&step, ladder->door ? STEP_OK : STEP_FAILED);
	return ladder->door != NULL;
}

static const struct handshake *main_handshake(const struct ladder *ladder)
{
	const struct control *look = door_look(ladder->doctor.evidence, ladder->door);

	return ladder->mode == MODE_IMPLICIT ? &ladder->door->handshake
	       : look			     ? &look->handshake
					     : NULL;
}

/* Some clients send no name: what would they be shown? And where ours is refused: is it the
 * name? */
static void look_without_name(struct ladder *ladder, const struct handshake *handshake)
{
	const struct control *look = door_look(ladder->doctor.evidence, ladder->door);

	if (look && *handshake->sni && (handshake->outcome == NET_OK || handshake->alert != 0) &&
	    !doctor_is_cancelled(&ladder->doctor))
		doors_look_without_name(&ladder->doctor, look);
}

static void tell_tls(struct ladder *ladder)
{
	const struct handshake *handshake = main_handshake(ladder);
	struct step step;

	step_begin(&step, ladder, "TLS");
	if (ladder->doctor.evidence->target.given_mode == MODE_PLAIN) {
		buf_add(&step.detail, T("not asked for (--tls none)"));
		step_end(&step, STEP_SKIPPED);
		return;
	}
	if (!handshake || handshake->outcome == NET_UNTRIED) {
		buf_add(&step.detail, T("not offered here"));
		step_end(&step, STEP_WARNED);
		return;
	}
	look_without_name(ladder, handshake);
	if (handshake->outcome == NET_OK)
		buf_addf(&step.detail, "%s, %s", handshake->version, handshake->cipher);
	else
		buf_addf(&step.detail, "the handshake failed: %s",
			 *handshake->error ? handshake->error : outcome_phrase(handshake->outcome));
	step_end(&step, handshake->outcome == NET_OK ? STEP_OK : STEP_FAILED);
}

static void tell_certificate(struct ladder *ladder)
{
	const struct handshake *handshake = main_handshake(ladder);
	struct step step;

	if (!handshake || handshake->n_chain == 0 ||
	    ladder->doctor.evidence->target.given_mode == MODE_PLAIN)
		return;
	step_begin(&step, ladder, "Certificate");
	const struct certificate *leaf = &handshake->chain[0];
	bool is_trusted = handshake_is_trusted(handshake);
	char day[CLOCK_ISO_SIZE];

	/* Whoever is trusted may name a host for us to look up. */
	if (handshake->verify_error == 0 && !handshake->name_matches)
		probe_certificate_name(&ladder->doctor, leaf);

	clock_format_iso(leaf->not_after_s * 1000, day);
	buf_addf(&step.detail, "%.60s, valid until %.10s",
		 *leaf->common_name ? leaf->common_name : leaf->names, day);
	if (handshake->verify_error != 0)
		buf_addf(&step.detail, ": %s", handshake->verify_text);
	if (!handshake->name_matches)
		buf_addf(&step.detail, "%s not for %s", handshake->verify_error ? "," : ":",
			 ladder->doctor.evidence->target.host);
	step_end(&step, is_trusted ? STEP_OK : STEP_FAILED);
}

/* --- login ------------------------------------------------------------------------------------ */

static void describe_login(const struct control *control, struct buf *out)
{
	const struct exchange *last =
		control->n_exchanges > 0 ? &control->exchanges[control->n_exchanges - 1] : NULL;

	switch (control->login) {
	case LOGIN_OK:
		buf_addf(out, "%s", control->mode == MODE_PLAIN ? "in clear" : "under TLS");
		break;
	case LOGIN_WITHHELD:
		if (control->mode == MODE_PLAIN)
			buf_add(out, T("withheld: the password would go out in clear "
				       "(--allow-plain permits it)"));
		else
			buf_add(out, T("withheld: the certificate is not trusted (--ca names the "
				       "authority, --insecure goes on)"));
		break;
	case LOGIN_NO_PASSWORD:
		buf_add(out, T("no password was given"));
		break;
	default:
		if (control->handshake.outcome != NET_UNTRIED &&
		    control->handshake.outcome != NET_OK)
			buf_addf(out, "not reached: the TLS handshake failed");
		else if (last && last->reply.outcome == NET_OK)
			buf_addf(out, "%.200s", last->reply.text);
		else
			buf_addf(out, "%s",
				 outcome_phrase(control->ending != NET_UNTRIED ? control->ending
									       : NET_CLOSED));
	}
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* Of a refused password: what often goes wrong between a person and the server. */
static void note_password(struct doctor *doctor, const struct control *control)
{
	const struct secret *password = doctor->options->password;
	struct conditions *ret = &doctor->evidence->conditions;

	if (control->login != LOGIN_REFUSED || !password || password->len == 0)
		return;
	ret->password_has_blanks = text_trim(secret_text(password)).len != password->len;
	for (size_t i = 0; i < password->len; i++) {
		char c = password->bytes[i];

		ret->password_is_foreign |= (c & 0x80) != 0;
		ret->password_is_encoded |= c == '%' && i + 2 < password->len &&
					    is_hex(password->bytes[i + 1]) &&
					    is_hex(password->bytes[i + 2]);
	}
}

static bool log_in(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;
	struct control *control = evidence_add_control(doctor->evidence);
	struct step step;

	step_begin(&step, ladder, "Login");
	if (doctor->options->has_no_login || !doctor->options->user || !control) {
		buf_addf(&step.detail, "%s",
			 doctor->options->has_no_login ? "not wanted (--no-login)"
						       : "no user was given (--user)");
		if (control)
			doctor->evidence->n_controls--;
		step_end(&step, STEP_SKIPPED);
		return false;
	}
	control->purpose = PURPOSE_MAIN;
	ladder->has_main = true;
	ladder->n_logins++;
	bool is_in =
		session_open(&ladder->main, doctor, control, &ladder->door->address, ladder->mode);
	note_password(doctor, control);
	describe_login(control, &step.detail);
	step_end(&step, is_in ? STEP_OK : STEP_FAILED);
	return is_in;
}

/* --- beyond ----------------------------------------------------------------------------------- */

/* The same host over the other family, and its other kind of door. */
static void visit_others(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;
	int other = address_is_v4(&ladder->door->address) ? AF_INET6 : AF_INET;
	enum tls_mode mode;
	const struct door *door = doors_best(doctor, other, 0, &mode);

	if (door && ladder_begin_frugal(ladder, "The other address family"))
		ladder_visit(ladder, door, mode, PURPOSE_FAMILY);
	door = doors_best(doctor, address_is_v4(&ladder->door->address) ? AF_INET : AF_INET6,
			  ladder->door->address.port, &mode);
	if (door && mode != ladder->mode && mode != MODE_PLAIN &&
	    ladder_begin_frugal(ladder, "The other command port"))
		ladder_visit(ladder, door, mode, PURPOSE_PORT);
	ladder_end_frugal(ladder);
}

/* The first command port that nobody answered at. */
static const struct address *silent_door(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->n_doors; i++) {
		const struct door *door = &evidence->doors[i];

		if ((door->outcome == NET_TIMED_OUT || door->outcome == NET_UNREACHABLE) &&
		    (door->is_requested || door->address.port == 21))
			return &door->address;
	}
	return NULL;
}

static void knock_at_promised_range(struct ladder *ladder)
{
	struct evidence *evidence = ladder->doctor.evidence;
	const struct conditions *conditions = &evidence->conditions;
	const struct address *host = ladder->door	     ? &ladder->door->address
				     : evidence->n_doors > 0 ? &evidence->doors[0].address
							     : NULL;
	size_t from = evidence->n_samples, n_answers = 0;
	struct step step;

	if (conditions->promised_first == 0 || !host)
		return;
	step_begin(&step, ladder, "Promised passive range");
	probe_promised_range(&ladder->doctor, host, conditions->promised_first,
			     conditions->promised_last);
	for (size_t i = from; i < evidence->n_samples; i++)
		n_answers += evidence->samples[i].attempt.outcome == NET_OK ||
			     evidence->samples[i].attempt.outcome == NET_REFUSED;
	buf_addf(&step.detail, "%zu of %zu ports of %u-%u answer", n_answers,
		 evidence->n_samples - from, conditions->promised_first, conditions->promised_last);
	step_end(&step, n_answers == evidence->n_samples - from ? STEP_OK : STEP_WARNED);
}

static void climb(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;
	const struct address *silent;
	int fds[EVIDENCE_DOORS];

	if (!find_addresses(ladder) || doctor_is_cancelled(doctor))
		return;
	bool is_any_open = open_doors(ladder, fds);
	if (is_any_open && look_behind_doors(ladder, fds)) {
		tell_tls(ladder);
		tell_certificate(ladder);
		if (log_in(ladder) && !doctor_is_cancelled(doctor))
			ladder_run_session(ladder);
		ladder_clean_up(ladder);
		if (ladder->n_logins > 0 && doctor->evidence->n_transfers > 0 &&
		    !doctor_is_cancelled(doctor))
			visit_others(ladder);
	}
	if (!doctor_is_cancelled(doctor))
		knock_at_promised_range(ladder);
	silent = doctor_is_cancelled(doctor) ? NULL : silent_door(doctor->evidence);
	if (silent)
		ladder_seek_wall(ladder, silent, ladder->door ? &ladder->door->address : NULL);
	ladder_tell_wall(ladder);
	if (doctor_is_cancelled(doctor))
		return;
	if (doctor->options->n_parallel > 0 && doctor->evidence->probe_file.was_stored)
		probe_parallel(ladder);
	if (doctor->options->wants_idle && doctor->evidence->n_transfers > 0)
		probe_idle(ladder);
}

static void choose_probe_name(struct ladder *ladder)
{
	uint8_t random[6];

	random_bytes(random, sizeof(random));
	(void)snprintf(ladder->probe_name, sizeof(ladder->probe_name),
		       "sallyport-doctor-%02x%02x%02x%02x%02x%02x.bin", random[0], random[1],
		       random[2], random[3], random[4], random[5]);
	(void)snprintf(ladder->doctor.evidence->probe_file.name,
		       sizeof(ladder->doctor.evidence->probe_file.name), "%s", ladder->probe_name);
}

int doctor_examine(const struct doctor_options *options, struct watcher *watcher,
		   struct evidence *evidence)
{
	struct ladder *ladder = calloc(1, sizeof(*ladder));

	if (!ladder)
		return -ENOMEM;
	ladder->doctor = (struct doctor){ .options = options,
					  .watcher = watcher,
					  .evidence = evidence,
					  .cancel_fd = options->cancel_fd,
					  .trust = options->tls,
					  .over_ms = DEADLINE_NEVER,
					  .started_ms = clock_ms() };
	clock_format_iso(clock_wall_ms(), evidence->started);
	choose_probe_name(ladder);
	int r = check_target(ladder);
	note_conditions(&ladder->doctor);
	set_patience(&ladder->doctor);
	if (r == 0)
		climb(ladder);
	evidence->conditions.was_interrupted |= doctor_is_cancelled(&ladder->doctor);
	evidence->duration_ms = doctor_now(&ladder->doctor);
	evidence_fill_matrix(evidence);
	free(ladder);
	return r;
}
