/* supervisor/notify.c - see notify.h. */
#include "supervisor/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"

/* Best effort: who starts us without a listener behind the socket does not want to know. */
static void notify(struct text state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un where = { .sun_family = AF_UNIX };

	if (!path || text_copy(text_of(path), where.sun_path, sizeof(where.sun_path)) < 0)
		return;

	size_t len = offsetof(struct sockaddr_un, sun_path) + strlen(where.sun_path);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (where.sun_path[0] == '@')
		where.sun_path[0] = '\0'; /* an abstract name */
	if (fd >= 0)
		(void)sendto(fd, state.ptr, state.len, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&where, (socklen_t)len);
}

void notify_ready(void)
{
	notify(T("READY=1\n"));
}

void notify_reloading(void)
{
	char storage[64];
	struct buf state;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	buf_init(&state, storage, sizeof(storage));
	buf_addf(&state, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify(buf_text(&state));
}

void notify_stopping(void)
{
	notify(T("STOPPING=1\n"));
}
