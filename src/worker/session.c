/* worker/session.c - see session.h. */
#include "worker/session.h"

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/places.h"
#include "store/partial.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/data.h"
#include "worker/data_note.h"
#include "worker/events.h"
#include "worker/hosts.h"
#include "worker/manager_link.h"
#include "worker/opening.h"
#include "worker/passive.h"
#include "worker/quota.h"
#include "worker/sessions.h"

void session_user_free(struct session_user **user)
{
	if (*user) {
		for (size_t i = 0; i < (*user)->n_folders; i++)
			home_free(&(*user)->folders[i].home);
		free((*user)->folders);
		home_free(&(*user)->home);
		quota_free(&(*user)->quota);
		policy_free(&(*user)->policy);
		free((*user)->directory);
		free((*user)->rename_from);
		free((*user)->copy_from);
		free((*user)->sized_path);
		free((*user)->doctor);
		free((*user)->data_note);
		free(*user);
	}
	*user = NULL;
}

void session_forget_login(struct session *s)
{
	bool was_logged_in = s->user != NULL;

	data_forget(s);
	session_user_free(&s->user);
	free(s->login_user);
	s->login_user = NULL;
	s->has_pbsz = s->protects_data = s->needs_epsv = false;
	s->restart_at = 0;
	if (was_logged_in) {
		places_log_out(s->worker->start->places, s->board_slot);
		sessions_logged_out(s->worker->sessions, s);
	}
}

int session_path(struct session *s, struct text argument, struct path *ret)
{
	int r = 0;

	path_set_root(ret);
	if (!text_starts(argument, T("/")))
		r = path_join(ret, text_of(s->user->directory), ret);
	if (r == 0)
		r = path_join(ret, argument, ret);
	/* Under their own names partials would be files beside the rules for the final name. */
	if (r == 0 && partial_is_reserved(path_name(ret))) {
		reply(s, 553, "Names of this kind belong to broken uploads: use the file's own.");
		return -EPERM;
	}
	if (r < 0)
		reply_errno(s, r, argument);
	return r;
}

void session_log_change(const struct session *s, const char *event, const struct path *path)
{
	log_event(LOG_INFO, event, F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(path)));
}

void session_publish_now(struct session *s)
{
	struct session_view view = {
		.peer = s->peer,
		.local = s->local,
		.started_wall_ms = s->started_wall_ms,
		.is_logged_in = s->user != NULL,
		.is_tls = session_is_tls(s),
		.is_implicit = s->is_implicit,
		.is_running = true,
		.transfer = s->transfer_kind,
		.is_resumed = s->tls && s->tls->has_parent,
		.transfer_size = s->transfer_size,
		.transfer_started_wall_ms = s->transfer_started_wall_ms,
		.transfer_bytes = atomic_load(&s->transfer_bytes),
		.bytes_sent = s->bytes_sent,
		.bytes_received = s->bytes_received,
	};

	stream_describe_tls(&s->control, view.tls, sizeof(view.tls));
	text_copy_cut(s->user ? s->user->name : NULL, view.user, sizeof(view.user));
	text_copy_cut(s->user ? s->user->directory : NULL, view.directory, sizeof(view.directory));
	text_copy_cut(s->transfer_path, view.transfer_path, sizeof(view.transfer_path));
	scoreboard_publish(s->worker->start->board, s->board_slot, &view);
	s->is_published = true;
}

/* --- running ---------------------------------------------------------------------------------- */

static void log_connection(const struct session *s)
{
	char peer[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];

	log_event(LOG_INFO, "connected", F_UINT("session", s->id),
		  F_STR("peer", address_format(&s->peer, peer)),
		  F_STR("to", address_format(&s->local, local)), F_UINT("implicit", s->is_implicit),
		  F_STR("host", s->host->name));
}

static void begin(struct session *s)
{
	scoreboard_set_running(s->worker->start->board, s->board_slot, true);
	s->is_greeted = true;
	control_init(s);
	/* With implicit TLS the handshake names the host. */
	s->awaits_handshake = s->is_implicit;
	if (s->awaits_handshake)
		return;
	log_connection(s);
	session_publish(s);
	hosts_greet(s);
}

/* Until the first byte there is not even memory for TLS. 1: it has come; 0: not yet; < 0: the
 * connection is gone. */
static int has_hello(const struct session *s)
{
	char first;

	if (s->is_drained)
		return 0; /* a client begins once it has the reply to AUTH */

	ssize_t n = recv(s->control.fd, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		return 1;
	return n == 0 ? -ECONNRESET : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* A client that has asked for TLS may take its time, and thousands may never begin: the session
 * waits parked for each of its flights. 0: go on; 1: nothing has come; < 0: the connection is
 * gone. */
static int begin_tls(struct session *s)
{
	int r = s->is_in_handshake ? 1 : has_hello(s);

	if (r <= 0)
		return r < 0 ? r : 1;
	control_flush(s); /* the reply to AUTH is in clear */
	r = session_try_tls(s);
	if (r == -EAGAIN)
		return 1;
	s->awaits_handshake = s->is_drained = false;
	sessions_secured(s->worker->sessions, s);
	if (s->is_implicit)
		log_connection(s);
	if (r == 0)
		tally_add(s->worker->start->tally, TALLY_CONTROL_TLS, s->tls && s->tls->has_parent,
			  1);
	if (r < 0) {
		s->wants_end = true;
	} else if (s->is_implicit) {
		session_publish(s);
		hosts_greet(s);
	}
	return 0;
}

/* What the manager says to the login, when it has. 0: go on; 1: it has not. */
static int hear_answer(struct session *s)
{
	struct message_auth_reply *answer = sessions_take_answer(s->worker->sessions, s);

	if (!answer)
		return 1;
	s->awaits_answer = false;
	login_answered(s, answer);
	free(answer);
	return 0;
}

/* Appends the line in UTF-8: a client of a host with a legacy character set may send either (RFC
 * 2640
 * 3.2 trusts bytes that are valid UTF-8). False: it has been refused. */
static bool decode_line(struct session *s, struct text line, struct buf *out)
{
	int r = 0;

	if (s->host->charset && !text_is_utf8(line))
		r = charset_decode(s->host->charset, line, out);
	else
		buf_add(out, line);
	if (r == -EILSEQ)
		reply(s, 501, "The line is neither UTF-8 nor %s.", s->host->charset_name);
	else if (r < 0)
		reply(s, 500, "Line too long (%d bytes at most).", LINE_MAX_LEN);
	return r == 0;
}

/* Runs one line, if there is one. 0: go on; 1: nothing to do for now; < 0: the connection is
 * gone. */
static int step(struct session *s)
{
	AUTO_FREE char *held = s->held_line;
	struct text line = { held, s->held_len };
	char storage[LINE_MAX_LEN + 1];
	struct buf copy;
	int r = 0;

	s->held_line = NULL;
	if (!held)
		r = control_next_line(s, &line);
	if (r == -EMSGSIZE && s->lines.skipped_bytes < CONTROL_FLOOD_BYTES) {
		reply(s, 500, "Line too long (%d bytes at most).", LINE_MAX_LEN);
		return 0;
	}
	if (r == -EMSGSIZE || r == -ENOBUFS) {
		reply(s, 421, "Too much garbage; closing.");
		s->wants_end = true;
		return 0;
	}
	if (r < 0)
		return r;
	if (!line.ptr)
		return 1;
	/* The reader takes in more lines while a transfer runs: the command keeps its own. */
	buf_init(&copy, storage, sizeof(storage));
	if (decode_line(s, line, &copy))
		commands_run(s, buf_text(&copy));
	return 0;
}

static void end(struct session *s, int reason)
{
	const char *farewell = atomic_load(&s->farewell);
	const char *why = farewell ? farewell : reason < 0 ? strerrordesc_np(-reason) : "quit";
	char peer[ADDRESS_TEXT_SIZE];

	/* Who waits for TLS would take plain words for garbage. */
	if (farewell && s->is_greeted && !s->awaits_handshake && reason == 0)
		reply(s, 421, "%s", farewell);
	control_flush(s);
	if (s->is_in_handshake)
		session_log_handshake(s, farewell ? farewell : strerrordesc_np(-reason));
	else if (farewell && s->is_implicit && s->awaits_handshake)
		events_note_handshake(s, 17, "The client has said nothing");
	log_event(LOG_INFO, "disconnected", F_UINT("session", s->id),
		  F_STR("peer", address_format(&s->peer, peer)),
		  F_STR("user", s->user ? s->user->name : ""),
		  F_UINT("seconds", (clock_ms() - s->started_ms) / 1000),
		  F_UINT("sent", s->bytes_sent), F_UINT("received", s->bytes_received),
		  F_STR("reason", why));
	passive_look(s->worker->passive, s); /* what has come for it is nobody else's */
	if (s->user) {
		data_note_abandon(s);
		events_note_logout(s, why);
	}
	if (s->awaits_answer)
		manager_link_forget(s->worker->manager, s);
	sessions_close(s->worker->sessions, s);
}

static bool park(struct session *s)
{
	control_flush(s);
	if (s->wants_end)
		return false;
	scoreboard_set_running(s->worker->start->board, s->board_slot, false);
	return sessions_park(s->worker->sessions, s);
}

static int go_on(struct session *s)
{
	if (s->opening)
		return opening_go_on(s);
	if (s->awaits_answer)
		return hear_answer(s);
	return s->awaits_handshake ? begin_tls(s) : step(s);
}

void session_begin(struct session *s)
{
	begin(s);
	if (s->wants_end || !park(s))
		session_run(s);
}

void session_run(struct session *s)
{
	int r = 0;

	scoreboard_set_running(s->worker->start->board, s->board_slot, true);
	if (!s->is_greeted)
		begin(s);
	for (;;) {
		if (!s->opening && (s->wants_end || atomic_load(&s->farewell))) {
			end(s, 0);
			return;
		}
		r = go_on(s);
		if (r < 0) {
			end(s, r);
			return;
		}
		if (r == 0)
			continue;
		if (park(s))
			return;
		s->is_drained = false;
	}
}
