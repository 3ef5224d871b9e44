/* manager/certificate_watch.c - see certificate_watch.h. */
#include "manager/certificate_watch.h"

#include <pthread.h>

#include "base/clock.h"
#include "manager/api_handlers.h"

#define LOOK_EVERY_MS ((int64_t)3600 * 1000)

struct certificate_watch {
	pthread_mutex_t lock;
	int64_t next_ms; /* 0: at once */
	struct certificate_state first, worst;
};

struct certificate_watch *certificate_watch_new(void)
{
	struct certificate_watch *watch = calloc(1, sizeof(*watch));

	if (watch)
		(void)pthread_mutex_init(&watch->lock, NULL);
	return watch;
}

void certificate_watch_free(struct certificate_watch **watch)
{
	if (!*watch)
		return;
	(void)pthread_mutex_destroy(&(*watch)->lock);
	free(*watch);
	*watch = NULL;
}

static void copy_member(char *dst, size_t size, const json_t *text)
{
	(void)snprintf(dst, size, "%s", json_is_string(text) ? json_string_value(text) : "");
}

static void read_state(const json_t *json, struct certificate_state *ret)
{
	const json_t *problems = json_object_get(json, "problems");

	ret->is_there = true;
	ret->days_left = json_integer_value(json_object_get(json, "days_left"));
	copy_member(ret->host, sizeof(ret->host), json_object_get(json, "host"));
	copy_member(ret->name, sizeof(ret->name),
		    json_array_get(json_object_get(json, "names"), 0));
	for (size_t i = 0; !*ret->problem && i < json_array_size(problems); i++) {
		const json_t *problem = json_array_get(problems, i);

		if (strcmp(json_string_value(json_object_get(problem, "severity")), "problem") == 0)
			copy_member(ret->problem, sizeof(ret->problem),
				    json_object_get(problem, "detail"));
		ret->lacks_issuer =
			*ret->problem &&
			strcmp(json_string_value(json_object_get(problem, "id")), "chain") == 0;
	}
}

static bool is_worse(const struct certificate_state *one, const struct certificate_state *other)
{
	if (!other->is_there || (*one->problem != '\0') != (*other->problem != '\0'))
		return !other->is_there || *one->problem != '\0';
	return one->days_left < other->days_left;
}

static void look_locked(struct certificate_watch *watch, const struct api_context *context)
{
	watch->first = watch->worst = (struct certificate_state){ .is_there = false };
	for (size_t i = 0; i <= context->settings->n_hosts; i++) {
		struct certificate_state state = { .is_there = false };
		json_t *json = certificate_json(context, i);

		if (json)
			read_state(json, &state);
		json_decref(json);
		if (i == 0)
			watch->first = state;
		if (state.is_there && is_worse(&state, &watch->worst))
			watch->worst = state;
	}
}

void certificate_watch_look(struct certificate_watch *watch, const struct api_context *context,
			    struct certificate_state *ret_default,
			    struct certificate_state *ret_worst)
{
	int64_t now_ms = clock_ms();

	(void)pthread_mutex_lock(&watch->lock);
	if (now_ms >= watch->next_ms) {
		look_locked(watch, context);
		watch->next_ms = now_ms + LOOK_EVERY_MS;
	}
	*ret_default = watch->first;
	*ret_worst = watch->worst;
	(void)pthread_mutex_unlock(&watch->lock);
}
