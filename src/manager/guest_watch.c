/* manager/guest_watch.c - see guest_watch.h. */
#include "manager/guest_watch.h"

#include "base/clock.h"
#include "manager/api_request.h"

struct look {
	struct guest_watch *watch;
	void (*tell)(struct guest_watch *watch, json_t *item, void *arg);
	void *arg;
};

json_t *guest_watch_note(struct guest_watch *watch, const char *what, const char *severity,
			 uint64_t session, const char *text)
{
	json_t *item =
		json_pack("{s:o, s:s, s:s, s:o, s:o}", "time", api_time(clock_wall_ms()), "what",
			  what, "severity", severity, "text", api_text(text_of(text)), "session",
			  session ? json_integer((json_int_t)session) : json_null());

	if (json_array_size(watch->seen) >= GUEST_SEEN_MAX)
		(void)json_array_remove(watch->seen, 0);
	return json_array_append_new(watch->seen, item) == 0 ? item : NULL;
}

static void note(const struct look *look, const char *what, const char *severity, uint64_t session,
		 const char *format, ...) PRINTF_LIKE(5, 6);

static void note(const struct look *look, const char *what, const char *severity, uint64_t session,
		 const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_t *item = guest_watch_note(look->watch, what, severity, session, text);
	if (item)
		look->tell(look->watch, item, look->arg);
}

static struct guest_session *find(struct guest_watch *watch, uint64_t id)
{
	struct guest_session *place = NULL;

	for (size_t i = 0; i < GUEST_SESSIONS_MAX; i++) {
		if (watch->sessions[i].id == id)
			return &watch->sessions[i];
		if (watch->sessions[i].id == 0)
			place = &watch->sessions[i];
	}
	return place;
}

static const char *transfer_words(enum transfer_kind kind)
{
	switch (kind) {
	case TRANSFER_LISTING:
		return "A listing is on its way";
	case TRANSFER_DOWNLOAD:
		return "A download is on its way";
	case TRANSFER_UPLOAD:
		return "An upload is on its way";
	case TRANSFER_NONE:
		break;
	}
	return "";
}

static void compare(const struct look *look, const struct session_view *view)
{
	struct guest_session *session = find(look->watch, view->id);
	char port[ADDRESS_TEXT_SIZE];

	if (!session)
		return; /* so many sessions of one address tell nothing more */
	if (session->id == 0) {
		*session = (struct guest_session){ .id = view->id };
		note(look, "connected", "note", view->id, "A connection came in at %s%s.",
		     address_format(&view->local, port),
		     view->is_implicit ? ", with TLS from its first byte" : "");
	}
	session->is_there = true;
	if (view->is_tls && !session->is_tls)
		note(look, "tls", "note", view->id, "It is protected: %s.",
		     *view->tls ? view->tls : "TLS");
	if (view->is_logged_in && !session->is_logged_in)
		note(look, "login", "note", view->id, "Logged in as %s.", view->user);
	if (view->transfer != session->transfer && view->transfer != TRANSFER_NONE)
		note(look, "arrived", "note", view->id, "%s: its data connection has come.",
		     transfer_words(view->transfer));
	session->is_tls = view->is_tls;
	session->is_logged_in = view->is_logged_in;
	session->transfer = view->transfer;
}

void guest_watch_look(struct guest_watch *watch, const struct scoreboard *board,
		      void (*tell)(struct guest_watch *watch, json_t *item, void *arg), void *arg)
{
	const struct look look = { watch, tell, arg };
	size_t max = scoreboard_max_sessions(board);
	struct session_view view;

	for (size_t i = 0; i < GUEST_SESSIONS_MAX; i++)
		watch->sessions[i].is_there = false;
	for (uint32_t slot = 0; slot < max; slot++)
		if (scoreboard_get_session(board, slot, &view) &&
		    address_same_host(&view.peer, &watch->address))
			compare(&look, &view);
	for (size_t i = 0; i < GUEST_SESSIONS_MAX; i++) {
		struct guest_session *session = &watch->sessions[i];

		if (session->id == 0 || session->is_there)
			continue;
		note(&look, "disconnected", "note", session->id, "%s",
		     session->is_logged_in ? "The session has ended."
					   : "The connection has ended before a login.");
		*session = (struct guest_session){ 0 };
	}
}
