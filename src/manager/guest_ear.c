/* manager/guest_ear.c - see guest_ear.h. The bus speaks server-sent events: lines, of which those
 * with data are of interest. */
#include "manager/guest_ear.h"

#include "base/text.h"

#define MOST_BYTES (64 * 1024)

struct guest_ear {
	struct bus_listener *listener;
	size_t len, taken;
	char storage[MOST_BYTES];
};

/* We come by ourselves, again and again. */
static void do_nothing(void *arg UNUSED)
{
}

static bool is_never_gone(void *arg UNUSED)
{
	return false;
}

struct guest_ear *guest_ear_new(struct bus *bus)
{
	const struct bus_subscription subscription = {
		.topics = "events",
		.owner = "guest links",
		.wait = do_nothing,
		.wake = do_nothing,
		.is_gone = is_never_gone,
	};
	struct guest_ear *ear = calloc(1, sizeof(*ear));

	if (ear && bus_listen(bus, &subscription, &ear->listener) < 0)
		guest_ear_free(&ear);
	return ear;
}

void guest_ear_free(struct guest_ear **ear)
{
	if (*ear)
		bus_listener_free(&(*ear)->listener);
	free(*ear);
	*ear = NULL;
}

/* A line longer than there is room for is nothing that we want to know: its parts are skipped. */
static bool take_line(struct guest_ear *ear, struct text *ret)
{
	char *start = ear->storage + ear->taken;
	char *end = memchr(start, '\n', ear->len - ear->taken);

	if (!end)
		return false;
	*ret = (struct text){ start, (size_t)(end - start) };
	ear->taken += ret->len + 1;
	return true;
}

static ssize_t read_more(struct guest_ear *ear)
{
	memmove(ear->storage, ear->storage + ear->taken, ear->len - ear->taken);
	ear->len -= ear->taken;
	ear->taken = 0;
	if (ear->len == sizeof(ear->storage))
		ear->len = 0;

	ssize_t n = bus_listener_read(ear->listener, ear->storage + ear->len,
				      sizeof(ear->storage) - ear->len);

	ear->len += n > 0 ? (size_t)n : 0;
	return n;
}

json_t *guest_ear_next(struct guest_ear *ear, bool *ret_is_over)
{
	ssize_t n = 1;

	while (n > 0) {
		struct text line;

		while (take_line(ear, &line)) {
			json_t *event = text_skip(&line, T("data: "))
						? json_loadb(line.ptr, line.len, 0, NULL)
						: NULL;

			if (event)
				return event;
		}
		n = read_more(ear);
	}
	*ret_is_over = n < 0;
	return NULL;
}
