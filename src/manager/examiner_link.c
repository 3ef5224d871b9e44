/* manager/examiner_link.c - see examiner_link.h. */
#include "manager/examiner_link.h"

#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

#define SEND_PATIENCE_MS 2000
#define LINE_MAX_BYTES (4 * 1024 * 1024)
#define AROUND_PATIENCE_MS 4000

static int send_request(int supervisor, const char *text, const int fds[static 2])
{
	AUTO_FREE struct message_examine *message = calloc(1, sizeof(*message));
	size_t len = strlen(text);

	if (!message)
		return -ENOMEM;
	if (len >= sizeof(message->text))
		return -E2BIG;
	message->head.kind = MSG_EXAMINE;
	memcpy(message->text, text, len + 1);

	int r = channel_send(supervisor, message, offsetof(struct message_examine, text) + len + 1,
			     fds, 2, SEND_PATIENCE_MS);

	explicit_bzero(message->text, len);
	return r;
}

int examiner_link_open(int supervisor, const json_t *request, struct examiner_link *ret)
{
	struct examiner_link link = { .answers = -1, .cancel = -1 };
	char *text = json_dumps(request, JSON_COMPACT);
	int answers[2] = { -1, -1 }, cancel[2] = { -1, -1 };
	int r = text ? 0 : -ENOMEM;

	link.storage = malloc(LINE_MAX_BYTES);
	if (!link.storage)
		r = -ENOMEM;
	if (r == 0 && (pipe2(answers, O_CLOEXEC) < 0 || pipe2(cancel, O_CLOEXEC) < 0))
		r = -errno;
	if (r == 0)
		r = send_request(supervisor, text, (const int[]){ answers[1], cancel[0] });
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	fd_close(&answers[1]);
	fd_close(&cancel[0]);
	link.answers = answers[0];
	link.cancel = cancel[1];
	if (r < 0) {
		examiner_link_close(&link);
		return r;
	}
	*ret = link;
	return 0;
}

void examiner_link_close(struct examiner_link *link)
{
	fd_close(&link->answers);
	fd_close(&link->cancel);
	free(link->storage);
	*link = (struct examiner_link){ .answers = -1, .cancel = -1 };
}

/* False: the end, an error, or no room for a line that long. */
static bool read_more(struct examiner_link *link, int64_t deadline_ms)
{
	struct pollfd wait = { link->answers, POLLIN, 0 };

	if (link->taken > 0) {
		memmove(link->storage, link->storage + link->taken, link->len - link->taken);
		link->len -= link->taken;
		link->taken = 0;
	}
	if (link->len == LINE_MAX_BYTES || poll(&wait, 1, deadline_left(deadline_ms)) <= 0)
		return false;

	ssize_t n = read(link->answers, link->storage + link->len, LINE_MAX_BYTES - link->len);

	if (n > 0)
		link->len += (size_t)n;
	return n > 0;
}

json_t *examiner_link_next(struct examiner_link *link, int64_t deadline_ms)
{
	for (size_t looked = link->taken;;) {
		const char *start = link->storage + link->taken;
		const char *end = memchr(link->storage + looked, '\n', link->len - looked);

		if (end) {
			link->taken = (size_t)(end - link->storage) + 1;
			return json_loadb(start, (size_t)(end - start), 0, NULL);
		}
		looked = link->len - link->taken;
		if (!read_more(link, deadline_ms))
			return NULL;
	}
}

json_t *examiner_look_around(int supervisor, const char *name)
{
	struct examiner_link link;
	json_t *request = json_pack("{s:s, s:s}", "look", "around", "name", name);
	json_t *found = NULL;
	int r = request ? examiner_link_open(supervisor, request, &link) : -ENOMEM;

	json_decref(request);
	if (r < 0) {
		log_event(LOG_WARNING, "examiner-unreachable", F_ERRNO(r));
		return json_object();
	}
	found = examiner_link_next(&link, deadline_in(AROUND_PATIENCE_MS));
	examiner_link_close(&link);
	return json_is_object(found) ? found : json_object();
}
