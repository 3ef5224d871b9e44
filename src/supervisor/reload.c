/* supervisor/reload.c - see reload.h. Everything that can fail comes first; the change itself
 * cannot. */
#include "supervisor/reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/notify.h"
#include "supervisor/sandbox.h"

/* An old worker that does not answer must not hide that the new ones serve. */
#define ANNOUNCE_TIMEOUT_MS 2000

/* Configuration, keys and certificates may be readable by root only. */
static int load_next(struct supervisor *s, struct generation **ret, struct failure *ret_failure)
{
	struct settings_loaded *loaded = NULL;

	privileges_raise();

	int r = configuration_load(s->configuration, s->generation->settings, &loaded, ret_failure);

	if (r == 0)
		r = generation_new(s->generation->number + 1, &loaded, &s->ticket_keys, ret,
				   ret_failure);
	privileges_lower();
	settings_free(&loaded);
	return r;
}

/* Both or none. */
static int apply_listeners(struct supervisor *s, const struct generation *next,
			   struct failure *ret_failure)
{
	struct web_listeners web;
	int r = web_listeners_prepare(&s->web, next->loaded, &web, ret_failure);

	if (r < 0)
		return r;
	r = listeners_apply(&s->listeners, next->settings, &next->addresses, ret_failure);
	if (r < 0)
		web_listeners_drop(&web);
	else
		web_listeners_commit(&s->web, &web);
	return r;
}

static int prepare(struct supervisor *s, struct generation **ret, struct failure *ret_failure)
{
	struct generation *next = NULL;

	if (!children_have_room(&s->children))
		return failure_set(ret_failure, -EBUSY,
				   "workers of earlier reloads still finish their sessions and no "
				   "worker slot is free; end those sessions or reload later");

	int r = load_next(s, &next, ret_failure);

	if (r == 0)
		r = sandbox_check_kernel(next->settings, ret_failure);
	if (r == 0)
		r = generation_open_data_roots(next, ret_failure);
	if (r == 0)
		r = apply_listeners(s, next, ret_failure);
	if (r < 0) {
		generation_unref(&next);
		return r;
	}
	*ret = next;
	return 0;
}

/* Opens the log anew, also for those who rotate it. */
static void reopen_log(const struct settings *settings)
{
	int r = log_open(settings->log_file, (enum log_level)settings->log_level);

	if (r < 0)
		log_event(LOG_WARNING, "log-kept", F_STR("log_file", settings->log_file),
			  F_ERRNO(r));
}

static void take_over(struct supervisor *s, struct generation *next)
{
	generation_unref(&s->generation);
	s->generation = next;
	reopen_log(next->settings);
	(void)!sandbox_forbid_dumps(next->settings); /* it has said so */
	children_serve(&s->children, next);
	s->announce_by_ms = deadline_in(ANNOUNCE_TIMEOUT_MS);
}

void reload_announce(struct supervisor *s)
{
	if (s->announce_by_ms == 0 ||
	    (!children_are_settled(&s->children) && clock_ms() < s->announce_by_ms))
		return;
	s->announce_by_ms = 0;
	s->view.generation = s->generation->number;
	s->view.last_reload_wall_ms = clock_wall_ms();
	s->view.last_reload_error[0] = '\0';
	scoreboard_set_server(s->children.board, &s->view);
	log_event(LOG_INFO, "reload", F_UINT("generation", s->generation->number),
		  F_UINT("workers", s->children.n_workers));
	notify_ready();
}

void reload(struct supervisor *s)
{
	struct failure failure = { "" };
	struct generation *next = NULL;

	notify_reloading();

	int r = prepare(s, &next, &failure);

	if (r == 0) {
		take_over(s, next);
	} else {
		s->view.last_reload_wall_ms = clock_wall_ms();
		(void)snprintf(s->view.last_reload_error, sizeof(s->view.last_reload_error), "%s",
			       failure.text);
		scoreboard_set_server(s->children.board, &s->view);
		log_event(LOG_ERROR, "reload-failed", F_STR("reason", failure.text),
			  F_UINT("generation-kept", s->generation->number));
		notify_ready();
	}
}
