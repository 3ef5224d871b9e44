/* Tests of store/home.h: the way out is refused on every path, then what works inside. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "store/attributes.h"
#include "store/home.h"

/* <base>/data is the data root, <base>/data/alice the home, <base>/secret what must not be
 * reached. */
struct world {
	char base[64];
	int base_fd, data_root;
	int home_fd; /* to prepare files without the code under test */
	struct home *home;
};

static void make_file(int dir, const char *name, const char *content)
{
	AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static int make_world(void **state)
{
	static struct world world;

	(void)snprintf(world.base, sizeof(world.base), "/tmp/home_test.XXXXXX");
	if (!mkdtemp(world.base))
		return -1;
	world.base_fd = open(world.base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(world.base_fd, "secret", 0700), 0);
	assert_int_equal(mkdirat(world.base_fd, "data", 0700), 0);
	make_file(world.base_fd, "secret/key", "secret");
	world.data_root = openat(world.base_fd, "data", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(home_open(world.data_root, "alice", &world.home), 0);
	world.home_fd = openat(world.data_root, "alice", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world.home_fd >= 0);
	*state = &world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;
	char command[128];

	home_free(&world->home);
	fd_close(&world->home_fd);
	fd_close(&world->data_root);
	fd_close(&world->base_fd);
	(void)snprintf(command, sizeof(command), "rm -r -- '%s'", world->base);
	return system(command);
}

static int open_for(const struct home *home, const char *path, int flags)
{
	AUTO_CLOSE int fd = -1;

	return home_openat(home, path, flags, 0600, &fd);
}

static void ways_out_of_the_home_are_refused_everywhere(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "../key", -EXDEV },	    { "../../secret/key", -EXDEV },
		{ "/etc/passwd", -EXDEV },  { "inside/../../../secret/key", -EXDEV },
		{ "absolute/key", -EXDEV }, { "relative/key", -EXDEV },
		{ "first/key", -EXDEV },    { "root/etc", -EXDEV },
		{ "loop/x", -ELOOP },
	};

	assert_int_equal(mkdirat(world->home_fd, "inside", 0700), 0);
	assert_int_equal(symlinkat("/tmp", world->home_fd, "absolute"), 0);
	assert_int_equal(symlinkat("../../secret", world->home_fd, "relative"), 0);
	assert_int_equal(symlinkat("inside/second", world->home_fd, "first"), 0);
	assert_int_equal(symlinkat("../relative", world->home_fd, "inside/second"), 0);
	assert_int_equal(symlinkat("/proc/self/root", world->home_fd, "root"), 0);
	assert_int_equal(symlinkat("loop", world->home_fd, "loop"), 0);
	make_file(world->home_fd, "file", "x");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].path;
		int error = rows[i].error;
		struct stat st;
		char link[64];

		assert_int_equal(open_for(world->home, path, O_RDONLY), error);
		assert_int_equal(open_for(world->home, path, O_RDWR | O_CREAT), error);
		assert_int_equal(open_for(world->home, path, O_PATH), error);
		assert_int_equal(home_stat(world->home, path, &st), error);
		assert_int_equal(home_lstat(world->home, path, &st), error);
		assert_int_equal(home_mkdir(world->home, path, 0700), error);
		assert_int_equal(home_rmdir(world->home, path), error);
		assert_int_equal(home_unlink(world->home, path), error);
		assert_int_equal(home_rename(world->home, path, "here", true), error);
		assert_int_equal(home_rename(world->home, "file", path, true), error);
		assert_int_equal(home_readlink(world->home, path, link, sizeof(link)), error);
	}
	assert_int_equal(faccessat(world->base_fd, "secret/key", F_OK, 0), 0);
}

static void links_that_lead_out_are_refused_as_the_last_name(void **state)
{
	struct world *world = *state;
	struct stat st;

	assert_int_equal(symlinkat("../../secret/key", world->home_fd, "out"), 0);
	assert_int_equal(symlinkat("../../secret/new", world->home_fd, "new"), 0);
	assert_int_equal(open_for(world->home, "out", O_RDONLY), -EXDEV);
	assert_int_equal(open_for(world->home, "out", O_WRONLY | O_TRUNC), -EXDEV);
	assert_int_equal(open_for(world->home, "new", O_WRONLY | O_CREAT), -EXDEV);
	assert_int_equal(home_stat(world->home, "out", &st), -EXDEV);
	/* The link itself is inside and may be seen and removed. */
	assert_int_equal(home_lstat(world->home, "out", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(home_unlink(world->home, "out"), 0);
	assert_int_equal(faccessat(world->base_fd, "secret/key", F_OK, 0), 0);
	assert_int_not_equal(faccessat(world->base_fd, "secret/new", F_OK, 0), 0);
}

static void magic_links_are_refused(void **state)
{
	struct home *proc;

	(void)state;
	assert_int_equal(home_open(-1, "/proc/self", &proc), 0);
	assert_int_equal(open_for(proc, "root/etc/passwd", O_RDONLY), -ELOOP);
	assert_int_equal(open_for(proc, "cwd", O_RDONLY), -ELOOP);
	assert_int_equal(open_for(proc, "fd/0", O_RDONLY), -ELOOP);
	assert_int_equal(open_for(proc, "status", O_RDONLY), 0);
	home_free(&proc);
}

static void the_home_itself_and_unclear_names_are_refused(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ ".", -EBUSY },	 { "..", -EBUSY }, { "inside/.", -EBUSY },
		{ "inside/..", -EBUSY }, { "", -EINVAL },  { "inside/", -EINVAL },
	};

	assert_int_equal(home_mkdir(world->home, "inside", 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = rows[i].path;
		int error = rows[i].error;

		assert_int_equal(home_mkdir(world->home, path, 0700), error);
		assert_int_equal(home_rmdir(world->home, path), error);
		assert_int_equal(home_unlink(world->home, path), error);
		assert_int_equal(home_rename(world->home, path, "x", true), error);
		assert_int_equal(home_rename(world->home, "inside", path, true), error);
	}
}

struct swap {
	int dir;
	_Atomic bool is_over;
};

/* "here" is now a directory inside, now a link to the outside. */
static void *swap_until_over(void *arg)
{
	struct swap *swap = arg;

	while (!atomic_load(&swap->is_over))
		(void)renameat2(swap->dir, "here", swap->dir, "there", RENAME_EXCHANGE);
	return NULL;
}

static void a_link_swapped_in_at_the_wrong_moment_leads_nowhere(void **state)
{
	struct world *world = *state;
	struct swap swap = { .dir = world->home_fd };
	unsigned n_opened = 0, n_refused = 0;
	pthread_t thread;

	assert_int_equal(mkdirat(world->home_fd, "here", 0700), 0);
	make_file(world->home_fd, "here/key", "harmless");
	assert_int_equal(symlinkat("../../secret", world->home_fd, "there"), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_until_over, &swap), 0);
	for (unsigned i = 0; i < 20000 || (i < 2000000 && (n_opened == 0 || n_refused == 0)); i++) {
		AUTO_CLOSE int fd = -1;
		char content[16] = "";

		if (home_openat(world->home, "here/../here/key", O_RDONLY, 0, &fd) < 0) {
			n_refused++;
			continue;
		}
		n_opened++;
		assert_true(read(fd, content, sizeof(content) - 1) > 0);
		assert_string_equal(content, "harmless");
	}
	atomic_store(&swap.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(n_opened > 0 && n_refused > 0);
}

static void only_regular_files_are_opened_as_files(void **state)
{
	struct world *world = *state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int fd = -1;

	assert_int_equal(mkdirat(world->home_fd, "dir", 0700), 0);
	assert_int_equal(mkfifoat(world->home_fd, "fifo", 0600), 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/data/alice/socket", world->base);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(home_open_file(world->home, "gone", O_RDONLY, 0, &fd, NULL), -ENOENT);
	assert_int_equal(home_open_file(world->home, "dir", O_RDONLY, 0, &fd, NULL), -EISDIR);
	assert_int_equal(home_open_file(world->home, "dir", O_WRONLY, 0, &fd, NULL), -EISDIR);
	assert_int_equal(home_open_file(world->home, ".", O_RDONLY, 0, &fd, NULL), -EISDIR);
	assert_int_equal(home_open_file(world->home, "fifo", O_RDONLY, 0, &fd, NULL), -EINVAL);
	assert_int_equal(home_open_file(world->home, "fifo", O_WRONLY, 0, &fd, NULL), -EINVAL);
	assert_int_equal(home_open_file(world->home, "socket", O_RDONLY, 0, &fd, NULL), -EINVAL);
	assert_int_equal(fd, -1);
	make_file(world->home_fd, "file", "four");
	assert_int_equal(home_open_file(world->home, "file", O_RDONLY, 0, &fd, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
}

static void links_inside_are_followed(void **state)
{
	struct world *world = *state;
	char link[16];
	struct stat st;

	assert_int_equal(home_mkdir(world->home, "a", 0700), 0);
	assert_int_equal(home_mkdir(world->home, "a/b", 0700), 0);
	make_file(world->home_fd, "a/b/file", "x");
	assert_int_equal(symlinkat("a/b/../b", world->home_fd, "short"), 0);
	assert_int_equal(open_for(world->home, "short/file", O_RDONLY), 0);
	assert_int_equal(home_stat(world->home, "short", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(home_readlink(world->home, "a", link, sizeof(link)), -EINVAL);
	assert_int_equal(home_readlink(world->home, ".", link, sizeof(link)), -EINVAL);
	assert_int_equal(home_readlink(world->home, "short", link, 8), -ENAMETOOLONG);
	assert_int_equal(home_readlink(world->home, "short", link, sizeof(link)), 0);
	assert_string_equal(link, "a/b/../b");
}

static void names_are_made_renamed_and_removed(void **state)
{
	struct world *world = *state;
	struct stat st;

	make_file(world->home_fd, "one", "1");
	make_file(world->home_fd, "two", "22");
	assert_int_equal(home_mkdir(world->home, "dir", 0700), 0);
	assert_int_equal(home_mkdir(world->home, "dir", 0700), -EEXIST);
	assert_int_equal(home_mkdir(world->home, "no/dir", 0700), -ENOENT);
	assert_int_equal(home_mkdir(world->home, "one/dir", 0700), -ENOTDIR);
	assert_int_equal(home_unlink(world->home, "dir"), -EISDIR);
	assert_int_equal(home_rmdir(world->home, "one"), -ENOTDIR);
	assert_int_equal(home_rename(world->home, "gone", "x", false), -ENOENT);
	assert_int_equal(home_rename(world->home, "one", "two", false), -EEXIST);
	assert_int_equal(home_rename(world->home, "dir", "dir/dir", false), -EINVAL);
	assert_int_equal(home_rename(world->home, "one", "two", true), 0);
	assert_int_equal(home_stat(world->home, "two", &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(home_rename(world->home, "two", "dir/three", false), 0);
	assert_int_equal(home_rmdir(world->home, "dir"), -ENOTEMPTY);
	assert_int_equal(home_unlink(world->home, "dir/three"), 0);
	assert_int_equal(home_rmdir(world->home, "dir"), 0);
	assert_int_equal(home_stat(world->home, "dir", &st), -ENOENT);
}

static void homes_are_found_or_made(void **state)
{
	struct world *world = *state;
	struct home *home = NULL;
	char absolute[128];
	struct stat st;

	assert_int_equal(home_open(world->data_root, "", &home), -EINVAL);
	assert_int_equal(home_open(world->data_root, "../secret", &home), -EXDEV);
	assert_int_equal(home_open(world->data_root, "../new", &home), -EXDEV);
	assert_int_equal(home_open(world->data_root, "/nowhere/at/all", &home), -ENOENT);
	make_file(world->data_root, "file", "x");
	assert_int_equal(home_open(world->data_root, "file", &home), -ENOTDIR);
	assert_int_equal(symlinkat("../secret", world->data_root, "sly"), 0);
	assert_int_equal(home_open(world->data_root, "sly/new", &home), -ELOOP);
	assert_null(home);
	assert_int_equal(home_open(world->data_root, "a//b/c/", &home), 0);
	assert_int_equal(fstatat(world->data_root, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	home_free(&home);
	assert_null(home);
	home_free(&home);
	assert_int_equal(home_open(world->data_root, ".", &home), 0);
	assert_int_equal(home_stat(home, "alice", &st), 0);
	home_free(&home);
	(void)snprintf(absolute, sizeof(absolute), "%s/secret", world->base);
	assert_int_equal(home_open(-1, absolute, &home), 0);
	assert_int_equal(home_stat(home, "key", &st), 0);
	home_free(&home);
}

static void a_strict_home_follows_no_link(void **state)
{
	struct world *world = *state;
	struct home *home = NULL;
	char target[64];
	struct stat st;
	int fd = -1;

	assert_int_equal(home_open_strict(world->data_root, "alice", &home), 0);
	assert_int_equal(home_mkdir(home, "strict", 0700), 0);
	assert_int_equal(home_openat(home, "strict/file", O_CREAT | O_WRONLY, 0600, &fd), 0);
	fd_close(&fd);
	assert_int_equal(home_symlink(home, "strict", "way"), 0);
	assert_int_equal(home_symlink(home, "strict/file", "name"), 0);
	assert_int_equal(home_openat(home, "way/file", O_RDONLY, 0, &fd), -ELOOP);
	assert_int_equal(home_openat(home, "name", O_RDONLY, 0, &fd), -ELOOP);
	assert_int_equal(home_stat(home, "name", &st), -ELOOP);
	assert_int_equal(home_unlink(home, "way/file"), -ELOOP);
	assert_int_equal(home_mkdir(home, "way/dir", 0700), -ELOOP);
	assert_int_equal(home_rename(home, "way/file", "other", true), -ELOOP);
	assert_int_equal(home_rename(home, "strict/file", "way/other", true), -ELOOP);
	/* The link itself may be looked at and removed. */
	assert_int_equal(home_readlink(home, "way", target, sizeof(target)), 0);
	assert_string_equal(target, "strict");
	assert_int_equal(home_lstat(home, "name", &st), 0);
	assert_int_equal(home_unlink(home, "name"), 0);
	assert_int_equal(home_stat(home, "strict/file", &st), 0);
	home_free(&home);
}

static void the_depth_is_that_of_where_it_is_now(void **state)
{
	struct world *world = *state;
	int fd = -1;

	assert_int_equal(mkdirat(world->home_fd, "a", 0700), 0);
	assert_int_equal(mkdirat(world->home_fd, "a/b", 0700), 0);
	assert_int_equal(home_openat(world->home, "a/b", O_PATH | O_DIRECTORY, 0, &fd), 0);
	/* Wherever it is looked for first. */
	for (unsigned likely = 0; likely < 7; likely++) {
		assert_int_equal(home_depth(world->home, world->home_fd, likely), 0);
		assert_int_equal(home_depth(world->home, world->data_root, likely), -ESTALE);
		assert_int_equal(home_depth(world->home, fd, likely), 2);
		assert_int_equal(renameat(world->home_fd, "a/b", world->home_fd, "b"), 0);
		assert_int_equal(home_depth(world->home, fd, likely), 1);
		assert_int_equal(renameat(world->home_fd, "b", world->base_fd, "secret/b"), 0);
		assert_int_equal(home_depth(world->home, fd, likely), -ESTALE);
		assert_int_equal(renameat(world->base_fd, "secret/b", world->home_fd, "a/b"), 0);
	}
	fd_close(&fd);
}

static void a_link_made_through_another_one_is_as_deep_as_it_lies(void **state)
{
	struct world *world = *state;
	char target[64];

	assert_int_equal(mkdirat(world->home_fd, "a", 0700), 0);
	assert_int_equal(mkdirat(world->home_fd, "a/b", 0700), 0);
	assert_int_equal(symlinkat("../..", world->home_fd, "a/b/up"), 0);
	assert_int_equal(home_symlink(world->home, "key", "a/b/up/link"), 0);
	assert_int_equal(home_readlink(world->home, "link", target, sizeof(target)), 0);
	assert_string_equal(target, "key");
	assert_int_equal(home_symlink(world->home, "key", "a/b/up/a/link"), 0);
	assert_int_equal(home_readlink(world->home, "a/link", target, sizeof(target)), 0);
	assert_string_equal(target, "../key");
	assert_int_equal(home_symlink(world->home, "key", "."), -EBUSY);
}

static void only_a_directory_that_may_be_entered_is_entered(void **state)
{
	const struct world *world = *state;

	assert_int_equal(mkdirat(world->home_fd, "open", 0700), 0);
	make_file(world->home_fd, "open/file", "x");
	assert_int_equal(symlinkat("../secret", world->home_fd, "away"), 0);
	assert_int_equal(symlinkat("open", world->home_fd, "inside"), 0);
	assert_int_equal(mkdirat(world->home_fd, "open/deep", 0700), 0);
	assert_int_equal(mkdirat(world->home_fd, "shut", 0600), 0);
	assert_int_equal(home_enter(world->home, "."), 0);
	assert_int_equal(home_enter(world->home, "open"), 0);
	assert_int_equal(home_enter(world->home, "inside"), 0);
	assert_int_equal(home_enter(world->home, "open/deep"), 0);
	assert_int_equal(home_enter(world->home, "shut"), geteuid() == 0 ? 0 : -EACCES);
	assert_int_equal(home_enter(world->home, "open/file"), -ENOTDIR);
	assert_int_equal(home_enter(world->home, "none"), -ENOENT);
	assert_int_equal(home_enter(world->home, "away"), -EXDEV);
	assert_int_equal(home_enter(world->home, ".."), -EXDEV);
}

static void links_below_a_data_root_lead_to_no_home(void **state)
{
	struct world *world = *state;
	struct home *home = NULL;
	struct stat st;
	char path[128];

	assert_int_equal(mkdirat(world->home_fd, "box", 0700), 0);
	make_file(world->home_fd, "box/file", "x");
	assert_int_equal(symlinkat("box", world->home_fd, "sly"), 0);
	assert_int_equal(symlinkat("alice", world->data_root, "bob"), 0);
	assert_int_equal(symlinkat("data", world->base_fd, "root"), 0);
	assert_int_equal(home_open(world->data_root, "alice/sly", &home), -ELOOP);
	assert_int_equal(home_open_strict(world->data_root, "bob", &home), -ELOOP);

	/* The root itself may be one: it is the administrator's. */
	int n = snprintf(path, sizeof(path), "%s/root", world->base);
	size_t root_len = (size_t)n;

	(void)snprintf(path + n, sizeof(path) - root_len, "/alice/sly");
	assert_int_equal(home_open_in_root(-1, path, root_len, false, &home), -ELOOP);
	(void)snprintf(path + n, sizeof(path) - root_len, "/bob/box");
	assert_int_equal(home_open_in_root(-1, path, root_len, true, &home), -ELOOP);
	(void)snprintf(path + n, sizeof(path) - root_len, "/../secret");
	assert_int_equal(home_open_in_root(-1, path, root_len, true, &home), -EXDEV);
	assert_null(home);
	(void)snprintf(path + n, sizeof(path) - root_len, "//alice/box/");
	assert_int_equal(home_open_in_root(-1, path, root_len, true, &home), 0);
	assert_true(home_is_strict(home));
	assert_int_equal(home_stat(home, "file", &st), 0);
	home_free(&home);
	path[root_len] = '\0';
	assert_int_equal(home_open_in_root(-1, path, root_len, false, &home), 0);
	assert_false(home_is_strict(home));
	assert_int_equal(home_stat(home, "alice/box/file", &st), 0);
	home_free(&home);
}

static void the_kernel_knows_openat2(void **state)
{
	(void)state;
	assert_int_equal(home_check_kernel(), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

static size_t count_descriptors(void)
{
	AUTO_CLOSE int here = dup(0);

	return (size_t)here;
}

static void homes_of_one_directory_share_a_descriptor(void **state)
{
	struct world *world = *state;
	struct home *many[100], *strict, *fresh;
	size_t before = count_descriptors();

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		assert_int_equal(home_open(world->data_root, "alice", &many[i]), 0);
	/* What follows links and what follows none may share it too. */
	assert_int_equal(home_open_strict(world->data_root, "alice", &strict), 0);
	assert_true(home_is_strict(strict));
	assert_false(home_is_strict(many[0]));
	assert_int_equal(count_descriptors(), before);
	/* A new directory of the old name is another one. */
	assert_return_code(renameat(world->data_root, "alice", world->data_root, "old"), errno);
	assert_int_equal(home_open(world->data_root, "alice", &fresh), 0);
	assert_int_equal(home_mkdir(fresh, "in-fresh", 0700), 0);
	assert_int_equal(home_mkdir(many[7], "in-old", 0700), 0);
	assert_return_code(faccessat(world->data_root, "alice/in-fresh", F_OK, 0), errno);
	assert_return_code(faccessat(world->data_root, "old/in-old", F_OK, 0), errno);
	home_free(&fresh);
	home_free(&strict);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		home_free(&many[i]);
	assert_int_equal(home_mkdir(world->home, "still-good", 0700), 0);
	assert_int_equal(count_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_knows_openat2),
		IN_WORLD(ways_out_of_the_home_are_refused_everywhere),
		IN_WORLD(links_that_lead_out_are_refused_as_the_last_name),
		cmocka_unit_test(magic_links_are_refused),
		IN_WORLD(the_home_itself_and_unclear_names_are_refused),
		IN_WORLD(a_link_swapped_in_at_the_wrong_moment_leads_nowhere),
		IN_WORLD(only_regular_files_are_opened_as_files),
		IN_WORLD(links_inside_are_followed),
		IN_WORLD(a_strict_home_follows_no_link),
		IN_WORLD(names_are_made_renamed_and_removed),
		IN_WORLD(homes_are_found_or_made),
		IN_WORLD(homes_of_one_directory_share_a_descriptor),
		IN_WORLD(links_below_a_data_root_lead_to_no_home),
		IN_WORLD(the_depth_is_that_of_where_it_is_now),
		IN_WORLD(a_link_made_through_another_one_is_as_deep_as_it_lies),
		IN_WORLD(only_a_directory_that_may_be_entered_is_entered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
