/* store/test_home.h - a home in a directory of its own under /tmp, for tests. Threads: one. */
#ifndef STORE_TEST_HOME_H
#define STORE_TEST_HOME_H

#include <fcntl.h>
#include <stdio.h>

#include "base/test.h"
#include "store/home.h"

struct world {
	char base[64];
	int fd; /* of base, to prepare files without the code under test */
	struct home *home;
};

/* cmocka's set-up of a group: *state is the world. */
static inline int make_world(void **state)
{
	static struct world world;

	(void)snprintf(world.base, sizeof(world.base), "/tmp/store_test.XXXXXX");
	if (!mkdtemp(world.base) || home_open(-1, world.base, &world.home) < 0)
		return -1;
	world.fd = open(world.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &world;
	return world.fd < 0;
}

static inline int remove_world(void **state)
{
	struct world *world = *state;
	char command[128];

	home_free(&world->home);
	fd_close(&world->fd);
	(void)snprintf(command, sizeof(command), "rm -r -- '%s'", world->base);
	return system(command);
}

#endif
