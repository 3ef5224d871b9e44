/* Tests of store/partial.h and leftovers.h: names, locks, places behind links, ages. */
#include <sys/file.h>

#include "store/leftovers.h"
#include "store/test_home.h"

static int make_file(const struct world *world, const char *name, const char *content, int age_s)
{
	const struct timespec times[2] = { { .tv_sec = time(NULL) - age_s },
					   { .tv_sec = time(NULL) - age_s } };
	int fd = openat(world->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	assert_int_equal(futimens(fd, times), 0);
	return fd;
}

static bool is_there(const struct world *world, const char *name)
{
	struct stat st;

	return fstatat(world->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_names(void **state)
{
	char name[PARTIAL_NAME_SIZE], other[PARTIAL_NAME_SIZE], longest[256];
	struct text final;

	(void)state;
	static const char *const free_names[] = {
		"", ".", "a", ".a", "a.sallyport-part", ".sallyport-part", ".a.sallyport-par"
	};
	for (size_t i = 0; i < ARRAY_SIZE(free_names); i++)
		assert_false(partial_is_reserved(text_of(free_names[i])));

	assert_int_equal(partial_name("report.pdf", name), 0);
	assert_string_equal(name, ".report.pdf.sallyport-part");
	assert_true(partial_is_reserved(text_of(name)));
	assert_true(partial_final_name(text_of(name), &final));
	assert_text(final, "report.pdf");

	assert_int_equal(partial_temporary_name("report.pdf", name), 0);
	assert_int_equal(partial_temporary_name("report.pdf", other), 0);
	assert_string_not_equal(name, other);
	assert_true(partial_is_reserved(text_of(name)));
	assert_false(partial_final_name(text_of(name), &final));

	for (size_t len = 200; len < sizeof(longest); len++) {
		memset(longest, 'x', len);
		longest[len] = '\0';
		assert_int_equal(partial_name(longest, name), 0);
		assert_true(partial_is_reserved(text_of(name)));
		assert_int_equal(partial_temporary_name(longest, other), 0);
		assert_true(partial_is_reserved(text_of(other)));
		longest[0] = 'y';
		assert_int_equal(partial_name(longest, other), 0);
		assert_string_not_equal(name, other);
	}
}

static void test_places(void **state)
{
	const struct world *world = *state;
	struct partial_place place = { .directory = -1 };

	assert_int_equal(symlinkat("/etc/passwd", world->fd, "absolute"), 0);
	assert_int_equal(symlinkat("../../etc/passwd", world->fd, "outside"), 0);
	assert_int_equal(symlinkat("loop", world->fd, "loop"), 0);
	assert_int_equal(mkdirat(world->fd, "dir", 0700), 0);
	assert_int_equal(symlinkat("dir/../dir/file", world->fd, "inside"), 0);
	assert_int_equal(symlinkat("inside", world->fd, "twice"), 0);

	assert_int_equal(partial_find_place(world->home, "absolute", &place), -EXDEV);
	assert_int_equal(partial_find_place(world->home, "outside", &place), -EXDEV);
	assert_int_equal(partial_find_place(world->home, "loop", &place), -ELOOP);
	assert_int_equal(partial_find_place(world->home, "none/file", &place), -ENOENT);
	assert_int_equal(partial_find_place(world->home, "..", &place), -EBUSY);
	assert_int_equal(place.directory, -1);

	assert_int_equal(partial_find_place(world->home, "twice", &place), 0);
	assert_string_equal(place.name, "file");
	close(make_file(world, "dir/file", "x", 0));
	struct stat st;
	assert_int_equal(fstatat(place.directory, "file", &st, 0), 0);
	partial_release_place(&place);

	/* A strict home was asked about the name itself, not about where a link there leads. */
	struct home *strict = NULL;

	assert_int_equal(home_open_strict(-1, world->base, &strict), 0);
	assert_int_equal(partial_find_place(strict, "inside", &place), -ELOOP);
	assert_int_equal(partial_find_place(strict, "dir/file", &place), 0);
	partial_release_place(&place);
	home_free(&strict);
}

static void test_what_is_in_use_is_left_alone(void **state)
{
	const struct world *world = *state;
	uint64_t bytes = 0;

	assert_int_equal(partial_look(world->home, "a", &bytes), -ENOENT);
	assert_int_equal(partial_forget(world->home, "a"), -ENOENT);

	int fd = make_file(world, ".a.sallyport-part", "kept", 100);
	assert_int_equal(partial_lock(fd, world->fd, ".a.sallyport-part"), 0);
	assert_int_equal(partial_look(world->home, "a", &bytes), -EWOULDBLOCK);
	assert_int_equal(partial_forget(world->home, "a"), -EWOULDBLOCK);
	assert_int_equal(partial_expire(NULL, world->fd, ".a.sallyport-part", 10), -EWOULDBLOCK);
	close(fd);

	assert_int_equal(partial_look(world->home, "a", &bytes), 0);
	assert_int_equal(bytes, 4);
	assert_int_equal(partial_expire(NULL, world->fd, ".a.sallyport-part", 1000), -EAGAIN);
	assert_int_equal(partial_forget(world->home, "a"), 0);
	assert_false(is_there(world, ".a.sallyport-part"));
}

static void test_a_partial_with_a_second_name_is_not_ours(void **state)
{
	const struct world *world = *state;
	uint64_t bytes = 0;
	int fd = make_file(world, "victim", "precious", 0);

	assert_int_equal(linkat(world->fd, "victim", world->fd, ".b.sallyport-part", 0), 0);
	assert_int_equal(partial_lock(fd, world->fd, ".b.sallyport-part"), -EINVAL);
	close(fd);
	assert_int_equal(partial_look(world->home, "b", &bytes), -ENOENT);
}

static void test_a_directory_goes_with_its_partials_only(void **state)
{
	const struct world *world = *state;

	assert_int_equal(mkdirat(world->fd, "gone", 0700), 0);
	close(make_file(world, "gone/.a.sallyport-part", "kept", 0));
	close(make_file(world, "gone/file", "mine", 0));
	assert_int_equal(partial_rmdir(world->home, "gone"), -ENOTEMPTY);
	assert_true(is_there(world, "gone/.a.sallyport-part"));
	assert_int_equal(unlinkat(world->fd, "gone/file", 0), 0);
	assert_int_equal(partial_rmdir(world->home, "gone"), 0);
	assert_false(is_there(world, "gone"));
}

static int note(void *arg, const struct leftover *leftover)
{
	char(*last)[64] = arg;

	(void)snprintf(*last, sizeof(*last), "%s %d %d%d%d", leftover->path, leftover->kind,
		       leftover->is_in_use, leftover->is_expired, leftover->is_removed);
	return 0;
}

static void test_leftovers_are_found_and_expire(void **state)
{
	const struct world *world = *state;
	char last[64] = "";
	struct leftover_walk walk = {
		.max_age_s = 50, .removes = true, .visit = note, .arg = last
	};

	assert_int_equal(mkdirat(world->fd, "deep", 0700), 0);
	assert_int_equal(mkdirat(world->fd, "deep/er", 0700), 0);
	close(make_file(world, "deep/er/.c.00000001.sallyport-temp", "12345", 100));
	assert_int_equal(symlinkat("../deep", world->fd, "deep/loop"), 0);

	int fd = openat(world->fd, "deep", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(leftovers_walk(&walk, fd), 0);
	assert_string_equal(last, "er/.c.00000001.sallyport-temp 1 011");
	assert_int_equal(walk.n_found, 1);
	assert_int_equal(walk.bytes_removed, 5);
	assert_int_equal(leftovers_walk(&walk, fd), 0);
	assert_int_equal(walk.n_found, 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_is_in_use_is_left_alone),
		cmocka_unit_test(test_a_partial_with_a_second_name_is_not_ours),
		cmocka_unit_test(test_a_directory_goes_with_its_partials_only),
		cmocka_unit_test(test_leftovers_are_found_and_expire),
	};

	return cmocka_run_group_tests(tests, make_world, remove_world);
}
