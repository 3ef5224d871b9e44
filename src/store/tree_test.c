/* Tests of store/tree.h: a walk ends where its directory leaves the home; then what it does
 * inside. */
#include <fcntl.h>
#include <stdio.h>

#include "base/test.h"
#include "store/tree.h"

/* <base>/home is the home, <base>/out lies outside. */
struct world {
	char base[64];
	int fd;
	struct home *home;
	const char *leaves; /* what mover() moves out */
	unsigned n_visits;
};

static void put(const struct world *world, const char *name)
{
	AUTO_CLOSE int fd = openat(world->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
}

static int make_world(void **state)
{
	static struct world world;
	char home[96];

	(void)snprintf(world.base, sizeof(world.base), "/tmp/tree_test.XXXXXX");
	if (!mkdtemp(world.base))
		return -1;
	world.fd = open(world.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(world.fd, "out", 0700), 0);
	assert_int_equal(mkdirat(world.fd, "home", 0700), 0);
	(void)snprintf(home, sizeof(home), "%s/home", world.base);
	assert_int_equal(home_open(-1, home, &world.home), 0);
	assert_int_equal(home_make_directories(world.home, "tree/deep/er", 0700), 0);
	put(&world, "home/tree/deep/er/a");
	put(&world, "home/tree/deep/er/b");
	put(&world, "out/key");
	world.n_visits = 0;
	*state = &world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;
	char command[128];

	home_free(&world->home);
	fd_close(&world->fd);
	(void)snprintf(command, sizeof(command), "rm -r -- '%s'", world->base);
	return system(command);
}

static bool is_there(const struct world *world, const char *name)
{
	return faccessat(world->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A tree_visit: somebody moves a directory out of the home when the first file is about to go. */
static int mover(void *arg, const char *name)
{
	struct world *world = arg;

	if ((strcmp(name, "a") == 0 || strcmp(name, "b") == 0) && world->n_visits++ == 0)
		assert_int_equal(renameat(world->fd, world->leaves, world->fd, "out/moved"), 0);
	return 0;
}

static void what_has_left_the_home_is_not_removed(void **state)
{
	static const struct {
		const char *leaves, *then;
	} rows[] = {
		{ "home/tree/deep/er", "out/moved" },
		{ "home/tree/deep", "out/moved/er" },
		{ "home/tree", "out/moved/deep/er" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[64];

		world->leaves = rows[i].leaves;
		world->n_visits = 0;
		assert_int_equal(home_remove_tree(world->home, "tree", mover, world), -ESTALE);
		for (const char *file = "ab"; *file; file++) {
			(void)snprintf(name, sizeof(name), "%s/%c", rows[i].then, *file);
			assert_true(is_there(world, name));
		}
		assert_int_equal(renameat(world->fd, "out/moved", world->fd, rows[i].leaves), 0);
	}
	assert_true(is_there(world, "out/key"));
}

static void what_is_moved_inside_the_home_is_still_removed(void **state)
{
	struct world *world = *state;

	assert_int_equal(renameat(world->fd, "out", world->fd, "home/out"), 0);
	world->leaves = "home/tree";
	assert_int_equal(mkdirat(world->fd, "out", 0700), 0);
	assert_int_equal(unlinkat(world->fd, "out", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("home/out", world->fd, "out"), 0);
	/* Its name has gone, but not the directory. */
	assert_int_equal(home_remove_tree(world->home, "tree", mover, world), -ENOENT);
	assert_false(is_there(world, "home/out/moved/deep"));
	assert_true(is_there(world, "home/out/moved"));
}

static void links_are_removed_and_not_followed(void **state)
{
	struct world *world = *state;
	uint64_t bytes = 0;

	assert_int_equal(symlinkat("../../out", world->fd, "home/tree/out"), 0);
	assert_int_equal(symlinkat("/etc", world->fd, "home/tree/deep/etc"), 0);
	assert_int_equal(home_tree_bytes(world->home, "tree", NULL, NULL, &bytes), 0);
	assert_int_equal(bytes, 10);
	assert_int_equal(home_remove_tree(world->home, "tree/out", NULL, NULL), -ENOTDIR);
	assert_int_equal(home_remove_tree(world->home, "tree", NULL, NULL), 0);
	assert_false(is_there(world, "home/tree"));
	assert_true(is_there(world, "out/key"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_has_left_the_home_is_not_removed),
		IN_WORLD(what_is_moved_inside_the_home_is_still_removed),
		IN_WORLD(links_are_removed_and_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
