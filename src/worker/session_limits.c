/* worker/session_limits.c - see session_limits.h. The cause ids in the replies are those of the
 * doctor. */
#include "worker/session_limits.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/places.h"
#include "net/socket.h"
#include "worker/control.h"
#include "worker/refusal.h"

static uint64_t of_server(const struct settings *settings, enum limit limit)
{
	switch (limit) {
	case LIMIT_SESSION_UPLOAD_RATE:
		return settings->session_upload_rate;
	case LIMIT_SESSION_DOWNLOAD_RATE:
		return settings->session_download_rate;
	case LIMIT_USER_UPLOAD_RATE:
		return settings->user_upload_rate;
	case LIMIT_USER_DOWNLOAD_RATE:
		return settings->user_download_rate;
	case LIMIT_USER_SESSIONS:
		return settings->user_sessions;
	case LIMIT_UPLOAD_SIZE:
		return settings->upload_size;
	case LIMIT_MIN_RATE:
		return settings->min_rate;
	case LIMITS:
		break;
	}
	return 0;
}

uint64_t limits_value(const struct session *s, enum limit limit)
{
	const struct user_limits *limits = s->user ? s->user->limits : NULL;
	int64_t own = limits ? limits->values[limit] : LIMIT_AS_SERVER;

	return own == LIMIT_AS_SERVER ? of_server(s->worker->settings, limit) : (uint64_t)own;
}

/* --- sessions --------------------------------------------------------------------------------- */

/* How long the session that has waited longest for its client has done so, of this user, or of this
 * address when user is NULL. Negative: none waits. */
static int64_t oldest_idle_s(const struct scoreboard *board, const char *user,
			     const struct address *peer)
{
	size_t max = scoreboard_max_sessions(board);
	int64_t now = clock_wall_ms(), oldest = -1;
	struct session_view view;

	for (uint32_t slot = 0; slot < max; slot++) {
		if (!scoreboard_get_session(board, slot, &view) || view.is_running ||
		    view.last_command_wall_ms == 0)
			continue;
		bool is_counted = user ? view.is_logged_in && strcmp(view.user, user) == 0
				       : address_same_host(&view.peer, peer);
		if (is_counted)
			oldest = MAX_OF(oldest, (now - view.last_command_wall_ms) / 1000);
	}
	return oldest;
}

static void add_counts(struct buf *out, uint64_t limit, unsigned count, int64_t idle_s)
{
	buf_addf(out, " (limit %" PRIu64 ", %u open", limit, count);
	if (idle_s >= 0)
		buf_addf(out, "; the oldest idle one since %" PRId64 " s", idle_s);
	buf_add_char(out, ')');
}

static void describe_full(const struct worker *worker, struct buf *out)
{
	unsigned max = (unsigned)scoreboard_max_sessions(worker->start->board);

	buf_add(out, T("[D-15] Too many sessions on this server"));
	add_counts(out, max, max, -1);
	buf_add(out, T(": try again later, or ask the administrator to raise max_sessions."));
}

static void describe_address(const struct worker *worker, const struct address *peer,
			     unsigned count, struct buf *out)
{
	char ip[ADDRESS_TEXT_SIZE];

	buf_addf(out, "[D-68] Too many sessions from %s", address_format_ip(peer, ip));
	add_counts(out, worker->settings->address_sessions, count,
		   oldest_idle_s(worker->start->board, NULL, peer));
	buf_add(out, T(": close one, let the client open fewer connections at a time, or ask the "
		       "administrator to raise address_sessions."));
}

static void describe_ban(const struct address *peer, const struct ban_entry *ban, struct buf *out)
{
	char ip[ADDRESS_TEXT_SIZE], until[CLOCK_ISO_SIZE];

	buf_addf(out, "[%s] Your address %s is banned here", ban->is_automatic ? "D-63" : "D-14",
		 address_format_ip(peer, ip));
	if (ban->is_automatic)
		buf_add(out, T(" after too many failed logins"));
	if (ban->until_wall_ms != 0) {
		clock_format_iso(ban->until_wall_ms, until);
		buf_addf(out, " until %.19sZ", until);
	}
	buf_add(out, T(": ask the administrator to lift the ban."));
}

void limits_refuse(const struct worker *worker, int fd, const struct address *peer,
		   bool is_implicit, const struct session_refusal *refusal)
{
	char storage[512], ip[ADDRESS_TEXT_SIZE];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("421 "));
	if (refusal->error == -EUSERS)
		describe_address(worker, peer, refusal->count, &text);
	else if (refusal->error == -EACCES)
		describe_ban(peer, &refusal->ban, &text);
	else if (refusal->error == -ENOSPC)
		describe_full(worker, &text);
	else
		buf_add(&text, T("Out of memory."));
	log_event(LOG_WARNING, "session-refused", F_STR("peer", address_format_ip(peer, ip)),
		  F_STR("reply", storage + 4));
	buf_add(&text, T("\r\n"));
	if (is_implicit) {
		refusal_tell_in_tls(worker, &fd, buf_text(&text));
		return;
	}
	(void)!send(fd, text.ptr, text.len, MSG_NOSIGNAL);
	socket_close_gently(&fd, false);
}

bool limits_admit(struct session *s)
{
	const struct worker_start *start = s->worker->start;
	unsigned most = (unsigned)MIN_OF(limits_value(s, LIMIT_USER_SESSIONS), UINT32_MAX), count;
	char storage[512];
	struct buf text;

	if (places_log_in(start->places, s->board_slot, s->user->name, most, &count) == 0)
		return true;
	buf_init(&text, storage, sizeof(storage));
	buf_addf(&text, "[D-68] Too many sessions for %s", s->user->name);
	add_counts(&text, most, count, oldest_idle_s(start->board, s->user->name, NULL));
	buf_add(&text, T(": close one, let the client open fewer connections at a time, or ask the "
			 "administrator to raise user_sessions."));
	log_event(LOG_WARNING, "login-refused", F_UINT("session", s->id),
		  F_STR("user", s->user->name), F_UINT("limit", most), F_UINT("open", count),
		  F_STR("cause", "D-68"));
	reply_text(s, 421, buf_text(&text));
	s->wants_end = true;
	return false;
}

/* --- transfers -------------------------------------------------------------------------------- */

uint64_t limits_upload_room(const struct session *s, uint64_t position)
{
	uint64_t limit = limits_value(s, LIMIT_UPLOAD_SIZE);

	if (limit == 0)
		return UINT64_MAX;
	return position < limit ? limit - position : 0;
}

void limits_reply_too_large(struct session *s, uint64_t bytes)
{
	reply(s, 552,
	      "The file is larger than an upload may make it (upload_size = %" PRIu64
	      " bytes, %" PRIu64 " are there): send less, or ask the administrator to raise it.",
	      limits_value(s, LIMIT_UPLOAD_SIZE), bytes);
}

void limits_reply_slow(struct session *s, uint64_t rate, const char *more)
{
	reply(s, 426,
	      "[D-81] The transfer is too slow: %" PRIu64 " bytes/s over %u s, at least %" PRIu64
	      " are wanted (min_rate); transfer aborted. Use a faster connection, or ask the "
	      "administrator to lower it. %s",
	      rate, s->worker->settings->min_rate_time_s, limits_value(s, LIMIT_MIN_RATE), more);
}
