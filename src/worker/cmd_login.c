/* worker/cmd_login.c - USER, PASS, QUIT (RFC 959 4.1.1). */
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "settings/data_roots.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/hosts.h"
#include "worker/session_limits.h"
#include "worker/manager_link.h"
#include "worker/place.h"
#include "worker/quota.h"
#include "worker/sessions.h"

static void refuse_plain(struct session *s)
{
	const struct port_list *implicit = &s->worker->settings->implicit_ports;
	char alternative[64] = "";

	if (implicit->n > 0)
		(void)snprintf(alternative, sizeof(alternative),
			       " (or connect with implicit TLS to port %u)", implicit->ports[0]);
	reply(s, 530, "[D-59] Plain FTP is not served here: send AUTH TLS first%s.", alternative);
}

void cmd_user(struct session *s, struct text argument)
{
	if (!session_is_tls(s) && !s->worker->settings->plain_ftp) {
		refuse_plain(s);
		return;
	}
	if (s->user) {
		reply(s, 503, "You are logged in already.");
		return;
	}
	free(s->login_user);
	s->login_user = argument.len <= USER_NAME_MAX ? text_dup(argument) : NULL;
	if (!s->login_user) {
		reply(s, 501, "The user name is too long (%d bytes at most).", USER_NAME_MAX);
		return;
	}
	/* The same for every name, so that names cannot be found out. */
	reply(s, 331, "Password, please.");
}

/* Failures all take the same time and say the same: which factor was wrong is the administrator's
 * to know (R46). */
static void refuse_login(struct session *s)
{
	const struct settings *settings = s->worker->settings;
	int r = 0;

	while (r == 0 && !atomic_load(&s->farewell))
		r = control_wait_wake(s, s->refuse_from_ms, false);
	s->failed_logins++;
	if (s->failed_logins >= settings->max_login_attempts) {
		reply(s, 421, "Login incorrect; too many failed logins (%u), closing.",
		      s->failed_logins);
		s->wants_end = true;
		return;
	}
	reply(s, 530, "Login incorrect.");
}

static int keep_limits(struct session_user *user, const struct user_limits *limits)
{
	if (limits_are_as_server(limits))
		return 0;
	user->limits = malloc(sizeof(*user->limits));
	if (!user->limits)
		return -ENOMEM;
	*user->limits = *limits;
	return 0;
}

static int open_user(struct session *s, const struct message_auth_reply *answer)
{
	size_t len = strlen(answer->user);
	struct session_user *user = calloc(1, sizeof(*user) + len + 1);

	if (!user)
		return -ENOMEM;
	memcpy(user->name, answer->user, len + 1);
	user->uploads = answer->uploads;
	user->directory = text_dup(T("/"));
	int r = user->directory
			? policy_new(answer->permissions, text_of(answer->policy), &user->policy)
			: -ENOMEM;
	if (r == 0)
		r = keep_limits(user, &answer->limits);
	if (r == 0)
		r = place_open_home(s, answer->home, !policy_is_plain(user->policy), &user->home);
	if (r == 0)
		r = place_open_folders(s, user);
	if (r == 0)
		r = quota_open(s, user, answer);
	if (r < 0) {
		session_user_free(&user);
		return r;
	}
	s->user = user;
	return 0;
}

static void admit(struct session *s, const struct message_auth_reply *answer)
{
	char peer[ADDRESS_TEXT_SIZE], tls[64];
	/* Every command would fail in a home that the sandbox keeps us out of. */
	bool is_outside = !data_roots_reach(s->worker->settings, text_of(answer->home));
	int r = is_outside ? -EACCES : open_user(s, answer);

	if (r < 0) {
		log_event(LOG_ERROR, "home-unavailable", F_STR("user", answer->user),
			  F_STR("home", answer->home), F_ERRNO(r),
			  F_STR("reason", place_reason(is_outside, r)), F_STR("cause", "D-69"));
		reply(s, 530,
		      "[D-69] Your home directory is not available; tell the administrator.");
		return;
	}
	if (!limits_admit(s)) {
		session_user_free(&s->user);
		return;
	}
	sessions_logged_in(s->worker->sessions, s);
	s->failed_logins = 0;
	stream_describe_tls(&s->control, tls, sizeof(tls));
	log_event(LOG_INFO, "login", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_STR("peer", address_format(&s->peer, peer)), F_STR("tls", tls),
		  F_STR("host", s->host->name));
	session_publish(s);
	reply(s, 230, "Welcome.");
}

static void reply_unavailable(struct session *s)
{
	reply(s, 421, "[D-67] Logins are not possible at the moment; try again later.");
	s->wants_end = true;
}

void cmd_pass(struct session *s, struct text argument)
{
	AUTO_SECRET struct secret password = { 0 };
	AUTO_FREE char *name = s->login_user;

	s->refuse_from_ms = deadline_in(s->worker->settings->failed_login_delay_ms);
	s->login_user = NULL;
	if (s->user) {
		reply(s, 503, "You are logged in already.");
		return;
	}
	if (!name) {
		reply(s, 503, "Send USER first.");
		return;
	}
	if (secret_set(&password, argument) < 0) {
		reply(s, 501, "The password is too long (%d bytes at most).", SECRET_MAX);
		return;
	}
	control_flush(s); /* who sees the question may look at the scoreboard */
	if (manager_link_ask(s->worker->manager, s, name, &password) < 0)
		reply_unavailable(s);
	else
		s->awaits_answer = true; /* no thread waits for it: login_answered goes on */
}

void login_answered(struct session *s, const struct message_auth_reply *answer)
{
	if (answer->result == AUTH_BACKEND_ERROR)
		reply_unavailable(s);
	else if (answer->result == AUTH_OK)
		admit(s, answer);
	else if (answer->result == AUTH_NEEDS_TLS)
		reply(s, 530, "[D-59] This account may log in over TLS only: send AUTH TLS first.");
	else
		refuse_login(s);
}

void cmd_quit(struct session *s, struct text argument UNUSED)
{
	reply(s, 221, "Goodbye: %" PRIu64 " bytes sent, %" PRIu64 " bytes received.", s->bytes_sent,
	      s->bytes_received);
	s->wants_end = true;
}
