/* Tests of store/upload.h: what must not happen to the old file, then what is kept and
 * continued. */
#include "store/test_home.h"
#include "store/upload.h"

static void put(const struct world *world, const char *name, const char *content)
{
	AUTO_CLOSE int fd = openat(world->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void assert_content(const struct world *world, const char *name, const char *expected)
{
	AUTO_CLOSE int fd = openat(world->fd, name, O_RDONLY | O_CLOEXEC);
	char content[256];

	if (fd < 0) {
		if (expected)
			fail_msg("%s is not there", name);
		return;
	}
	ssize_t n = read(fd, content, sizeof(content));
	assert_true(n >= 0);
	if (!expected)
		fail_msg("%s is there", name);
	assert_text((struct text){ content, (size_t)n }, expected);
}

enum { ATOMIC = 1, APPENDS = 2, KEEPS_OTHERS = 4, PATCH = 8, DURABLE = 16 };

/* Whether uploads are told that nothing has the name, be it so or not: that is how it was a moment
 * ago, and must make no difference. */
static bool says_free;

static int start(const struct world *world, const char *path, int how, uint64_t offset,
		 struct upload **ret)
{
	const struct upload_request request = {
		.home = world->home,
		.path = path,
		.is_atomic = how & ATOMIC,
		.appends = how & APPENDS,
		.may_replace = !(how & KEEPS_OTHERS),
		.is_free = says_free,
		.is_patch = how & PATCH,
		.is_durable = how & DURABLE,
		.offset = how & APPENDS && offset == 0 ? UINT64_MAX : offset,
	};

	return upload_begin(&request, ret);
}

static struct upload *begin(const struct world *world, const char *path, int how, uint64_t offset,
			    const char *content)
{
	struct upload *up = NULL;

	assert_int_equal(start(world, path, how, offset, &up), 0);
	assert_int_equal(write(upload_file(up), content, strlen(content)),
			 (ssize_t)strlen(content));
	return up;
}

static void finish(struct upload *up)
{
	assert_int_equal(upload_commit(up), 0);
	upload_free(&up);
	assert_null(up);
}

static uint64_t keep(struct upload *up, bool frees_space)
{
	uint64_t kept = upload_keep(up, frees_space);

	upload_free(&up);
	return kept;
}

/* --- refusals --------------------------------------------------------------------------------- */

static void test_what_cannot_begin(void **state)
{
	const struct world *world = *state;
	struct upload *up = NULL;

	assert_int_equal(mkdirat(world->fd, "dir", 0700), 0);
	assert_int_equal(mkfifoat(world->fd, "fifo", 0600), 0);
	assert_int_equal(symlinkat("/etc/passwd", world->fd, "out"), 0);
	put(world, "taken", "old");
	for (int how = 0; how <= ATOMIC; how++) {
		assert_int_equal(start(world, "dir", how, 0, &up), -EISDIR);
		assert_int_equal(start(world, "fifo", how, 0, &up), -EINVAL);
		assert_int_equal(start(world, "out", how, 0, &up), -EXDEV);
		assert_int_equal(start(world, "none/file", how, 0, &up), -ENOENT);
		assert_int_equal(start(world, "taken", how | KEEPS_OTHERS, 0, &up), -EEXIST);
		assert_int_equal(start(world, "taken", how, 4, &up), -ERANGE);
		assert_int_equal(start(world, "new", how, 1, &up), -ERANGE);
		assert_null(up);
	}
	assert_content(world, "taken", "old");
	assert_content(world, ".new.sallyport-part", NULL);
	assert_content(world, ".taken.sallyport-part", NULL);
}

static void test_a_name_that_must_be_free_at_the_end(void **state)
{
	const struct world *world = *state;
	struct upload *up = begin(world, "unique", ATOMIC | KEEPS_OTHERS, 0, "mine");

	put(world, "unique", "theirs");
	assert_int_equal(upload_commit(up), -EEXIST);
	assert_int_equal(keep(up, false), 4);
	assert_content(world, "unique", "theirs");
}

static void test_one_at_a_time_changes_what_is_there(void **state)
{
	const struct world *world = *state;
	struct upload *second = NULL;

	for (int how = 0; how <= ATOMIC; how++) {
		put(world, "log", "one");
		struct upload *first = begin(world, "log", how | APPENDS, 0, " two");
		assert_int_equal(start(world, "log", how | APPENDS, 0, &second), -ETXTBSY);
		finish(first);
		assert_content(world, "log", "one two");
	}
	/* Replaced meanwhile: what was appended belongs to a file that is no more. */
	struct upload *up = begin(world, "log", ATOMIC | APPENDS, 0, " three");
	put(world, "other", "new content");
	assert_int_equal(renameat(world->fd, "other", world->fd, "log"), 0);
	assert_int_equal(upload_commit(up), -ETXTBSY);
	upload_free(&up);
	assert_content(world, "log", "new content");
}

/* --- replacing -------------------------------------------------------------------------------- */

static void test_a_broken_overwrite_keeps_the_old_file(void **state)
{
	const struct world *world = *state;

	for (int how = 0; how <= ATOMIC; how++) {
		put(world, "file", "the old content");
		struct upload *up = begin(world, "file", how, 0, "the new");
		assert_content(world, "file", "the old content");
		assert_int_equal(keep(up, false), 7);
		assert_content(world, "file", "the old content");
		assert_content(world, ".file.sallyport-part", "the new");

		up = begin(world, "file", how, 7, " content");
		assert_int_equal(upload_start(up), 7);
		finish(up);
		assert_content(world, "file", "the new content");
		assert_content(world, ".file.sallyport-part", NULL);
	}
}

static void test_mode_is_preserved(void **state)
{
	const struct world *world = *state;
	struct stat st;

	put(world, "mode", "old");
	assert_int_equal(fchmodat(world->fd, "mode", 04751, 0), 0);
	finish(begin(world, "mode", ATOMIC, 0, "new"));
	assert_int_equal(fstatat(world->fd, "mode", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
}

static void test_the_target_of_a_link_is_replaced(void **state)
{
	const struct world *world = *state;
	char target[32];

	put(world, "real", "old");
	assert_int_equal(symlinkat("real", world->fd, "link"), 0);
	finish(begin(world, "link", ATOMIC, 0, "new"));
	assert_content(world, "real", "new");
	assert_int_equal(readlinkat(world->fd, "link", target, sizeof(target)), 4);
}

static void test_the_last_that_commits_wins(void **state)
{
	const struct world *world = *state;

	for (int how = 0; how <= ATOMIC; how++) {
		struct upload *first = begin(world, "race", how, 0, "first");
		struct upload *second = begin(world, "race", how, 0, "second!");
		finish(second);
		assert_content(world, "race", "second!");
		finish(first);
		assert_content(world, "race", "first");
		assert_int_equal(unlinkat(world->fd, "race", 0), 0);
	}
}

static void test_a_patch_keeps_what_is_around_it(void **state)
{
	const struct world *world = *state;

	for (int how = 0; how <= ATOMIC; how++) {
		put(world, "patch", "0123456789");
		assert_int_equal(keep(begin(world, "patch", how | PATCH, 2, "ab"), false), 0);
		assert_content(world, "patch", "0123456789");
		finish(begin(world, "patch", how | PATCH | DURABLE, 2, "ab"));
		assert_content(world, "patch", "01ab456789");
	}
}

static void test_rest_cuts_off_what_follows(void **state)
{
	const struct world *world = *state;

	for (int how = 0; how <= ATOMIC; how++) {
		put(world, "rest", "0123456789");
		struct upload *up = begin(world, "rest", how, 4, "xy");
		assert_content(world, "rest", "0123456789");
		finish(up);
		assert_content(world, "rest", "0123xy");
	}
}

/* --- new files -------------------------------------------------------------------------------- */

static void test_new_files(void **state)
{
	const struct world *world = *state;
	struct upload *up = begin(world, "direct", 0, 0, "half");

	assert_content(world, "direct", "half");
	assert_int_equal(keep(up, false), 4);
	assert_content(world, "direct", "half");

	up = begin(world, "atomic", ATOMIC, 0, "half");
	assert_content(world, "atomic", NULL);
	assert_int_equal(keep(up, false), 4);
	assert_content(world, "atomic", NULL);

	for (int how = 0; how <= ATOMIC; how++) {
		struct upload *more =
			begin(world, how ? "atomic" : "direct", how | APPENDS, 0, " whole");
		assert_int_equal(upload_start(more), 4);
		finish(more);
	}
	assert_content(world, "direct", "half whole");
	assert_content(world, "atomic", "half whole");
}

static void test_no_ghosts(void **state)
{
	const struct world *world = *state;

	for (int how = 0; how <= ATOMIC; how++) {
		assert_int_equal(keep(begin(world, "ghost", how, 0, ""), false), 0);
		assert_content(world, "ghost", NULL);
		assert_content(world, ".ghost.sallyport-part", NULL);
		finish(begin(world, "ghost", how | DURABLE, 0, "")); /* empty on purpose */
		assert_content(world, "ghost", "");
		assert_int_equal(unlinkat(world->fd, "ghost", 0), 0);
	}
}

static void test_a_full_disk_gives_back_only_what_was_added(void **state)
{
	const struct world *world = *state;

	assert_int_equal(keep(begin(world, "full", ATOMIC, 0, "12345"), true), 0);
	assert_content(world, ".full.sallyport-part", NULL);
	assert_int_equal(keep(begin(world, "full", ATOMIC, 0, "12345"), false), 5);
	assert_int_equal(keep(begin(world, "full", ATOMIC, 5, "678"), true), 5);
	assert_content(world, ".full.sallyport-part", "12345");
}

static int look_at(const struct world *world, const char *path, struct upload_outlook *ret)
{
	int r = upload_look(world->home, path, ret);

	if (r == 0)
		upload_look_kept(world->home, path, ret);
	return r;
}

static void test_an_empty_partial_is_none(void **state)
{
	const struct world *world = *state;
	struct upload_outlook look;

	put(world, "old", "content");
	put(world, ".old.sallyport-part", "");
	assert_int_equal(look_at(world, "old", &look), 0);
	assert_int_equal(look.kept_bytes, 0);
	finish(begin(world, "old", ATOMIC | APPENDS, 0, " and more"));
	assert_content(world, "old", "content and more");
}

static void test_appe_continues_where_the_client_believes(void **state)
{
	const struct world *world = *state;
	struct upload *up = NULL;

	put(world, "told", "abc");
	assert_int_equal(keep(begin(world, "told", ATOMIC, 0, "0123456"), false), 7);
	assert_int_equal(start(world, "told", ATOMIC | APPENDS, 8, &up), -ERANGE);
	finish(begin(world, "told", ATOMIC | APPENDS, 3, "3456789"));
	assert_content(world, "told", "0123456789");
}

static void test_the_look_before(void **state)
{
	const struct world *world = *state;
	struct upload_outlook look;

	assert_int_equal(look_at(world, "seen", &look), 0);
	assert_true(look.is_new && !look.is_busy && look.kept_bytes == 0);
	struct upload *up = begin(world, "seen", ATOMIC, 0, "1234");
	assert_int_equal(look_at(world, "seen", &look), 0);
	assert_true(look.is_new && look.is_busy);
	assert_int_equal(keep(up, false), 4);
	assert_int_equal(look_at(world, "seen", &look), 0);
	assert_true(look.is_new && !look.is_busy && look.kept_bytes == 4);
	put(world, "seen", "123456");
	assert_int_equal(look_at(world, "seen", &look), 0);
	assert_true(!look.is_new && look.size_bytes == 6 && look.kept_bytes == 4);
	assert_int_equal(look_at(world, "none/file", &look), -ENOENT);
}

/* --- at the same time ------------------------------------------------------------------------- */

/* A second session, which somebody gets ahead of: it is asked whether it counts right before it
 * changes a name, after all that it has looked at. */
struct slow_session {
	struct ledger ledger; /* first */
	const struct world *world;
	struct home *home;
	void (*meanwhile)(struct slow_session *slow); /* NULL: once is enough */
	struct upload *other;
};

static bool let_others_go_first(const struct ledger *l)
{
	/* No object is const; only the question is. */
	struct slow_session *slow = (struct slow_session *)(uintptr_t)l;
	void (*meanwhile)(struct slow_session *) = slow->meanwhile;

	slow->meanwhile = NULL;
	if (meanwhile)
		meanwhile(slow);
	return false;
}

static void enter_slow_session(const struct world *world, struct slow_session *slow,
			       void (*meanwhile)(struct slow_session *))
{
	static const struct ledger_calls calls = { .is_on = let_others_go_first };

	*slow = (struct slow_session){ .ledger.calls = &calls, .world = world };
	assert_int_equal(home_open(-1, world->base, &slow->home), 0);
	home_count(slow->home, &slow->ledger);
	slow->meanwhile = meanwhile;
}

static void forget_and_begin(struct slow_session *slow)
{
	(void)!partial_forget(slow->world->home, "shared");
	slow->other = begin(slow->world, "shared", ATOMIC, 0, "whole");
}

/* An upload to a name that has ended removes what an earlier one has left: two that end together
 * see the same, and the slower one must not remove what has come to its name since. */
static void test_what_is_removed_is_what_was_looked_at(void **state)
{
	const struct world *world = *state;
	struct slow_session slow;

	put(world, ".shared.sallyport-part", "left");
	enter_slow_session(world, &slow, forget_and_begin);
	(void)!partial_forget(slow.home, "shared");
	assert_non_null(slow.other);
	struct upload *last = begin(world, "shared", ATOMIC, 0, "the last");
	finish(slow.other);
	assert_content(world, "shared", "whole");
	finish(last);
	assert_content(world, "shared", "the last");
	assert_content(world, ".shared.sallyport-part", NULL);
	home_free(&slow.home);
}

/* Between the two system calls that make a file and lock it, others find it, and nobody's: what
 * they do to it must show in the lock. */
static void test_who_makes_a_file_sees_when_others_were_faster(void **state)
{
	const struct world *world = *state;
	static const char *const contents[] = { "", "theirs" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		int made = openat(world->fd, ".quick.sallyport-part",
				  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

		assert_true(made >= 0);
		finish(begin(world, "quick", ATOMIC, 0, contents[i]));
		assert_int_equal(partial_lock_new(made, &st), -ESTALE);
		close(made);
		assert_content(world, "quick", contents[i]);
		assert_content(world, ".quick.sallyport-part", NULL);
	}
	int made = openat(world->fd, "grown", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	assert_true(made >= 0);
	finish(begin(world, "grown", APPENDS, 0, "theirs"));
	assert_int_equal(partial_lock_new(made, &st), -ESTALE);
	close(made);
}

static void begin_only(struct slow_session *slow)
{
	slow->other = begin(slow->world, "kept", ATOMIC, 0, "whole");
}

/* The bytes that a broken upload leaves take the partial's name only while nobody has it. */
static void test_what_is_kept_takes_no_running_upload_away(void **state)
{
	const struct world *world = *state;
	struct slow_session slow;
	struct world other = *world;

	enter_slow_session(world, &slow, NULL);
	other.home = slow.home;
	struct upload *first = begin(world, "kept", ATOMIC, 0, "first");
	struct upload *broken = begin(&other, "kept", ATOMIC, 0, "broken");
	finish(first); /* the name of the partial is free again */
	slow.meanwhile = begin_only;
	assert_int_equal(keep(broken, false), 0);
	assert_non_null(slow.other);
	finish(slow.other);
	assert_content(world, "kept", "whole");
	assert_content(world, ".kept.sallyport-part", NULL);
	home_free(&slow.home);
}

/* Somebody who knows no locks has put another file there. */
static void test_what_is_gone_is_not_said_to_be_kept(void **state)
{
	const struct world *world = *state;
	struct upload *up = begin(world, "lost", ATOMIC, 0, "mine");

	assert_int_equal(unlinkat(world->fd, ".lost.sallyport-part", 0), 0);
	put(world, ".lost.sallyport-part", "theirs");
	assert_int_equal(upload_commit(up), -ESTALE);
	assert_int_equal(keep(up, false), 0);
	assert_content(world, "lost", NULL);
	assert_content(world, ".lost.sallyport-part", "theirs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_begin),
		cmocka_unit_test(test_a_name_that_must_be_free_at_the_end),
		cmocka_unit_test(test_one_at_a_time_changes_what_is_there),
		cmocka_unit_test(test_a_broken_overwrite_keeps_the_old_file),
		cmocka_unit_test(test_mode_is_preserved),
		cmocka_unit_test(test_the_target_of_a_link_is_replaced),
		cmocka_unit_test(test_the_last_that_commits_wins),
		cmocka_unit_test(test_a_patch_keeps_what_is_around_it),
		cmocka_unit_test(test_rest_cuts_off_what_follows),
		cmocka_unit_test(test_new_files),
		cmocka_unit_test(test_no_ghosts),
		cmocka_unit_test(test_a_full_disk_gives_back_only_what_was_added),
		cmocka_unit_test(test_an_empty_partial_is_none),
		cmocka_unit_test(test_appe_continues_where_the_client_believes),
		cmocka_unit_test(test_the_look_before),
		cmocka_unit_test(test_what_is_removed_is_what_was_looked_at),
		cmocka_unit_test(test_who_makes_a_file_sees_when_others_were_faster),
		cmocka_unit_test(test_what_is_kept_takes_no_running_upload_away),
		cmocka_unit_test(test_what_is_gone_is_not_said_to_be_kept),
	};

	int failed = cmocka_run_group_tests(tests, make_world, remove_world);

	says_free = true;
	return failed + cmocka_run_group_tests(tests, make_world, remove_world);
}
