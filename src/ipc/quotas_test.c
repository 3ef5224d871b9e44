/* Tests of ipc/quotas.h: what each change counts, what stands in its way, what is unknown after a
 * death. */
#include "ipc/quotas.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/test.h"

#define SESSIONS 8

struct world {
	char folder[64];
	struct quotas *quotas;
	int home, inside, other; /* home/inside is in both */
	uint32_t tree, inner, elsewhere;
	struct quota_actor actor;
	struct quota_bound bounds[2]; /* the actor's */
};

static int make_directory(const char *folder, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static uint32_t find(struct quotas *q, int directory)
{
	struct stat st;
	uint32_t tree;

	assert_int_equal(fstat(directory, &st), 0);
	assert_int_equal(quotas_find_tree(q, &st, &tree), 0);
	return tree;
}

/* Nobody has walked anywhere: the trees hold this, so they say. */
static void set_counted(struct world *world, uint32_t tree, uint64_t bytes, uint64_t files)
{
	const struct quota_usage found = { bytes, files };

	assert_int_equal(quotas_hold(&world->actor, &tree, 1), 0);
	quotas_counted(&world->actor, tree, &found);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	(void)snprintf(world->folder, sizeof(world->folder), "/tmp/quotas_test.XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	world->quotas = quotas_new(SESSIONS);
	assert_non_null(world->quotas);
	assert_false(quotas_are_on(world->quotas));
	world->home = make_directory(world->folder, "home");
	world->inside = make_directory(world->folder, "home/inside");
	world->other = make_directory(world->folder, "other");
	world->tree = find(world->quotas, world->home);
	world->inner = find(world->quotas, world->inside);
	world->elsewhere = find(world->quotas, world->other);
	world->actor = (struct quota_actor){ .quotas = world->quotas, .worker_slot = 1 };
	world->actor.bounds = world->bounds;
	world->bounds[0] = (struct quota_bound){ world->tree, { 1000, 10 } };
	world->actor.n_bounds = 1;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	int folder = open(world->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fd_close(&world->home);
	fd_close(&world->inside);
	fd_close(&world->other);
	(void)unlinkat(folder, "home/inside", AT_REMOVEDIR);
	(void)unlinkat(folder, "home", AT_REMOVEDIR);
	(void)unlinkat(folder, "other", AT_REMOVEDIR);
	(void)unlinkat(folder, "late", AT_REMOVEDIR);
	fd_close(&folder);
	(void)rmdir(world->folder);
	free(world);
	return 0;
}

static void assert_used(struct world *world, uint32_t tree, uint64_t bytes, uint64_t files)
{
	struct quota_usage used;

	assert_int_equal(quotas_look(world->quotas, tree, &used), 0);
	assert_int_equal(used.bytes, bytes);
	assert_int_equal(used.files, files);
}

static void assert_unknown(struct world *world, uint32_t tree)
{
	struct quota_usage used;

	assert_int_equal(quotas_look(world->quotas, tree, &used), -ENODATA);
}

static void enter(struct world *world, struct quota_section *section, int directory, int other)
{
	const int directories[2] = { directory, other };

	assert_int_equal(quotas_enter(section, &world->actor, directories, false), 0);
}

static struct stat file_of(ino_t inode, off_t size)
{
	return (struct stat){ .st_ino = inode, .st_dev = 7, .st_size = size, .st_nlink = 1 };
}

static void begin_upload(struct world *world, int directory, const struct stat *file,
			 const struct stat *replaces)
{
	struct quota_section section;

	enter(world, &section, directory, -1);
	assert_int_equal(quotas_may_create(&section, replaces), 0);
	quotas_adopt(&section, file, true, replaces);
	quotas_leave(&section);
}

static void settle(struct world *world, int directory, uint64_t bytes, uint64_t files)
{
	struct quota_section section;

	enter(world, &section, directory, -1);
	quotas_settle(&section, bytes, files);
	quotas_leave(&section);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void a_tree_is_one_by_its_root(void **state)
{
	struct world *world = *state;

	assert_true(quotas_are_on(world->quotas));
	assert_int_equal(find(world->quotas, world->home), world->tree);
	assert_true(world->tree != world->inner && world->inner != world->elsewhere);
	assert_unknown(world, world->tree);
}

static void what_binds_must_be_known_before_it_grows(void **state)
{
	struct world *world = *state;
	const int directories[2] = { world->inside, -1 };
	struct quota_section section;

	assert_int_equal(quotas_enter(&section, &world->actor, directories, true), -ENODATA);
	assert_int_equal(world->actor.unknown, world->tree);
	/* What only becomes less needs no figures, nor does what binds somebody else. */
	enter(world, &section, world->inside, -1);
	quotas_leave(&section);
	set_counted(world, world->tree, 0, 0);
	assert_int_equal(quotas_enter(&section, &world->actor, directories, true), 0);
	quotas_leave(&section);
}

static void an_upload_counts_in_all_trees_above_it(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0);
	uint64_t granted;

	set_counted(world, world->tree, 400, 4);
	set_counted(world, world->inner, 100, 1);
	begin_upload(world, world->inside, &file, NULL);
	assert_used(world, world->tree, 400, 5);
	assert_int_equal(quotas_grow(&world->actor, 500, &granted), 0);
	assert_int_equal(granted, 500);
	assert_used(world, world->inner, 600, 2);
	assert_int_equal(quotas_grow(&world->actor, 700, &granted), 0);
	assert_int_equal(granted, 600); /* what is left */
	assert_int_equal(quotas_grow(&world->actor, 700, &granted), -EDQUOT);
	settle(world, world->inside, 550, 1);
	assert_used(world, world->tree, 950, 5);
	assert_used(world, world->inner, 650, 2);
}

static void files_end_at_their_limit(void **state)
{
	struct world *world = *state;
	struct stat old = file_of(1, 10);
	struct quota_section section;

	set_counted(world, world->tree, 0, 10);
	enter(world, &section, world->home, -1);
	assert_int_equal(quotas_may_create(&section, NULL), -EDQUOT);
	assert_int_equal(quotas_may_create(&section, &old), 0);
	quotas_leave(&section);
}

static void a_replacement_has_the_room_of_what_it_replaces(void **state)
{
	struct world *world = *state;
	struct stat old = file_of(1, 600), fresh = file_of(2, 0);
	struct quota_section section;
	uint64_t granted;

	set_counted(world, world->tree, 900, 10);
	begin_upload(world, world->home, &fresh, &old);
	assert_int_equal(quotas_grow(&world->actor, 5000, &granted), 0);
	assert_int_equal(granted, 700);
	enter(world, &section, world->home, -1);
	assert_int_equal(quotas_may_keep(&section), 0); /* a file more than there may be */
	assert_int_equal(quotas_may_replace(&section, NULL), -EDQUOT);
	assert_int_equal(quotas_may_replace(&section, &old), 0);
	quotas_removed(&section, 0, &old);
	quotas_settle(&section, 700, 1);
	quotas_leave(&section);
	assert_used(world, world->tree, 1000, 10);
}

static void what_is_kept_is_cut_to_what_there_is_room_for(void **state)
{
	struct world *world = *state;
	struct stat old = file_of(1, 600), fresh = file_of(2, 0);
	struct quota_section section;
	uint64_t granted;

	set_counted(world, world->tree, 900, 5);
	begin_upload(world, world->home, &fresh, &old);
	assert_int_equal(quotas_grow(&world->actor, 500, &granted), 0);
	enter(world, &section, world->home, -1);
	assert_int_equal(quotas_may_keep(&section), 100);
	quotas_settle(&section, 100, 1);
	quotas_leave(&section);
	assert_used(world, world->tree, 1000, 6);
}

static void a_growing_file_that_is_removed_costs_nothing_more(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0);
	struct quota_section section;
	uint64_t granted;

	set_counted(world, world->tree, 0, 0);
	begin_upload(world, world->home, &file, NULL);
	assert_int_equal(quotas_grow(&world->actor, 500, &granted), 0);
	enter(world, &section, world->home, -1);
	quotas_removed(&section, 0, &file);
	quotas_leave(&section);
	assert_used(world, world->tree, 0, 0);
	assert_int_equal(quotas_grow(&world->actor, 5000, &granted), 0);
	assert_int_equal(granted, 5000);
	settle(world, world->home, 0, 0);
	assert_used(world, world->tree, 0, 0);
}

static void a_move_counts_where_the_sides_differ(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 300);
	const struct quota_usage amount = { 300, 1 };
	struct quota_section section;

	set_counted(world, world->tree, 800, 2);
	set_counted(world, world->inner, 300, 1);
	set_counted(world, world->elsewhere, 300, 1);
	enter(world, &section, world->inside, world->home);
	assert_false(quotas_is_one_set(&section));
	assert_int_equal(quotas_may_move(&section, &amount, NULL), 0);
	quotas_moved(&section, &amount, &file);
	quotas_leave(&section);
	assert_used(world, world->tree, 800, 2);
	assert_used(world, world->inner, 0, 0);
	enter(world, &section, world->other, world->home);
	assert_int_equal(quotas_may_move(&section, &amount, NULL), -EDQUOT);
	assert_int_equal(quotas_may_move(&section, &amount, &file), 0);
	quotas_leave(&section);
}

static void a_growing_file_that_moves_grows_at_its_new_place(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0);
	struct quota_usage amount;
	struct quota_section section;
	uint64_t granted;

	set_counted(world, world->tree, 0, 0);
	set_counted(world, world->elsewhere, 0, 0);
	begin_upload(world, world->home, &file, NULL);
	assert_int_equal(quotas_grow(&world->actor, 100, &granted), 0);
	enter(world, &section, world->home, world->other);
	amount = quotas_amount(&section, &file);
	assert_int_equal(amount.bytes, 100);
	quotas_moved(&section, &amount, &file);
	quotas_leave(&section);
	assert_int_equal(quotas_grow(&world->actor, 5000, &granted), 0);
	assert_used(world, world->tree, 0, 0);
	assert_used(world, world->elsewhere, 5000, 1);
	settle(world, world->home, 200, 1);
	assert_used(world, world->elsewhere, 200, 1);
}

static void what_was_not_counted_shows_as_unknown(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 300);
	struct quota_section section;

	set_counted(world, world->tree, 100, 1);
	enter(world, &section, world->home, -1);
	quotas_removed(&section, 0, &file);
	quotas_leave(&section);
	assert_unknown(world, world->tree);
}

/* --- counting --------------------------------------------------------------------------------- */

static void others_wait_while_a_tree_is_held(void **state)
{
	struct world *world = *state;
	struct quota_actor counter = { .quotas = world->quotas,
				       .worker_slot = 2,
				       .record = QUOTA_NO_RECORD };
	const int inside[2] = { world->inside, -1 }, other[2] = { world->other, world->inside };
	const struct quota_usage found = { 10, 1 };
	struct quota_section section;

	assert_int_equal(quotas_hold(&counter, &world->tree, 1), 0);
	assert_int_equal(quotas_hold(&world->actor, &world->tree, 1), -EAGAIN);
	assert_int_equal(quotas_enter(&section, &world->actor, inside, false), -EAGAIN);
	assert_int_equal(quotas_enter(&section, &world->actor, other, false), -EAGAIN);
	enter(world, &section, world->other, -1);
	quotas_leave(&section);
	quotas_counted(&counter, world->tree, &found);
	assert_used(world, world->tree, 10, 1);
	assert_int_equal(quotas_enter(&section, &world->actor, inside, false), 0);
	quotas_leave(&section);
}

static void a_walk_leaves_growing_files_to_their_uploads(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0), idle = file_of(2, 50);
	struct quota_actor counter = { .quotas = world->quotas,
				       .worker_slot = 2,
				       .record = QUOTA_NO_RECORD };
	const struct quota_usage found = { 50, 1 };
	uint64_t granted;

	begin_upload(world, world->inside, &file, NULL);
	set_counted(world, world->tree, 0, 0);
	assert_int_equal(quotas_grow(&world->actor, 100, &granted), 0);
	assert_int_equal(quotas_hold(&counter, &world->tree, 1), 0);
	assert_true(quotas_meet(world->quotas, world->tree, &file));
	assert_false(quotas_meet(world->quotas, world->tree, &idle));
	assert_int_equal(quotas_grow(&world->actor, 200, &granted), 0); /* goes on meanwhile */
	quotas_counted(&counter, world->tree, &found);
	assert_used(world, world->tree, 250, 2);
	settle(world, world->inside, 150, 1);
	assert_used(world, world->tree, 200, 2);
}

static void a_walk_finds_uploads_that_are_older_than_the_counter(void **state)
{
	struct world *world = *state;
	int late = make_directory(world->folder, "late");
	struct stat file = file_of(1, 0);
	const struct quota_usage nothing = { 0, 0 };
	uint64_t granted;

	begin_upload(world, late, &file, NULL);
	assert_int_equal(quotas_grow(&world->actor, 100, &granted), 0);
	uint32_t tree = find(world->quotas, late);
	assert_int_equal(quotas_hold(&world->actor, &tree, 1), 0);
	assert_true(quotas_meet(world->quotas, tree, &file));
	quotas_counted(&world->actor, tree, &nothing);
	assert_used(world, tree, 100, 1);
	assert_int_equal(quotas_grow(&world->actor, 300, &granted), 0);
	assert_used(world, tree, 300, 1);
	settle(world, late, 300, 1);
	fd_close(&late);
}

static void an_upload_that_nothing_counted_leaves_doubt(void **state)
{
	struct world *world = *state;

	set_counted(world, world->tree, 0, 0);
	settle(world, world->inside, 100, 1);
	assert_unknown(world, world->tree);
}

static void what_was_counted_before_a_moment_is_doubted(void **state)
{
	struct world *world = *state;

	set_counted(world, world->tree, 0, 0);
	uint64_t moment = quotas_moment(world->quotas);
	set_counted(world, world->inner, 0, 0);
	quotas_doubt_older(world->quotas, moment);
	assert_unknown(world, world->tree);
	assert_used(world, world->inner, 0, 0);
}

/* --- groups ----------------------------------------------------------------------------------- */

static uint32_t make_group(struct world *world)
{
	const uint32_t trees[] = { world->tree, world->inner, world->elsewhere };
	const bool tops[] = { true, false, true };
	uint32_t group, unknown;
	struct stat st;

	assert_int_equal(fstat(world->home, &st), 0);
	assert_int_equal(quotas_find_group(world->quotas, "staff", &st, &group), 0);
	assert_true(group != world->tree);
	uint32_t epoch = quotas_members_epoch(world->quotas, group);
	assert_int_equal(quotas_set_members(world->quotas, group, epoch, trees, tops, 3, &unknown),
			 -ENODATA);
	assert_int_equal(unknown, world->tree);
	set_counted(world, world->tree, 300, 3);
	set_counted(world, world->inner, 100, 1);
	set_counted(world, world->elsewhere, 200, 2);
	assert_int_equal(
		quotas_set_members(world->quotas, group, epoch + 1, trees, tops, 3, &unknown),
		-EAGAIN);
	assert_int_equal(quotas_set_members(world->quotas, group, epoch, trees, tops, 3, &unknown),
			 0);
	return group;
}

static void a_group_counts_what_its_members_have_once(void **state)
{
	struct world *world = *state;
	uint32_t group = make_group(world);
	struct stat file = file_of(1, 0);
	uint64_t granted;

	assert_used(world, group, 500, 5);
	world->bounds[0] = (struct quota_bound){ group, { 600, 6 } };
	begin_upload(world, world->inside, &file, NULL); /* in two homes of members */
	assert_int_equal(quotas_grow(&world->actor, 1000, &granted), 0);
	assert_int_equal(granted, 100);
	assert_used(world, group, 600, 6);
	assert_used(world, world->tree, 400, 4);
	settle(world, world->inside, 10, 1);
	assert_used(world, group, 510, 6);
	set_counted(world, world->tree, 311, 4); /* a recount has found one byte more */
	assert_used(world, group, 511, 6);
}

static void a_group_with_other_members_is_unknown(void **state)
{
	struct world *world = *state;
	const int directories[2] = { world->inside, -1 };
	uint32_t group = make_group(world), unknown;
	const bool top = true;
	struct quota_section section;

	quotas_join(world->quotas, world->inner, group); /* it is one of them */
	assert_used(world, group, 500, 5);
	quotas_doubt_groups(world->quotas);
	assert_unknown(world, group);
	world->bounds[0] = (struct quota_bound){ group, { 600, 6 } };
	assert_int_equal(quotas_enter(&section, &world->actor, directories, true), -ENODATA);
	assert_int_equal(world->actor.unknown, group);
	uint32_t epoch = quotas_members_epoch(world->quotas, group);
	assert_int_equal(quotas_set_members(world->quotas, group, epoch, &world->elsewhere, &top, 1,
					    &unknown),
			 0);
	assert_used(world, group, 200, 2);
	quotas_join(world->quotas, world->inner, group);
	assert_unknown(world, group);
}

/* --- deaths ----------------------------------------------------------------------------------- */

static void a_dead_worker_leaves_its_trees_unknown(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0);
	struct quota_section section;
	uint64_t granted;

	set_counted(world, world->tree, 0, 0);
	set_counted(world, world->inner, 0, 0);
	set_counted(world, world->elsewhere, 0, 0);
	begin_upload(world, world->home, &file, NULL);
	assert_int_equal(quotas_hold(&world->actor, &world->elsewhere, 1), 0);
	quotas_forget_worker(world->quotas, 0); /* another one */
	assert_used(world, world->tree, 0, 1);
	quotas_forget_worker(world->quotas, world->actor.worker_slot);
	assert_unknown(world, world->tree);
	assert_unknown(world, world->elsewhere);
	assert_used(world, world->inner, 0, 0);
	assert_false(quotas_is_growing(world->quotas, &file));
	world->actor.holds = false;
	enter(world, &section, world->other, -1); /* nobody holds it any more */
	quotas_leave(&section);
	assert_int_equal(quotas_grow(&world->actor, 100, &granted), 0);
	assert_unknown(world, world->tree);
}

static void who_continues_a_dead_upload_takes_its_grant_over(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 70);
	struct quota_actor heir = world->actor;
	struct quota_section section;
	const int directories[2] = { world->home, -1 };
	uint64_t granted;

	set_counted(world, world->tree, 0, 0);
	begin_upload(world, world->home, &file, NULL);
	assert_int_equal(quotas_grow(&world->actor, 100, &granted), 0);
	heir.record = 1;
	heir.worker_slot = 2;
	assert_int_equal(quotas_enter(&section, &heir, directories, false), 0);
	quotas_adopt(&section, &file, false, NULL);
	quotas_leave(&section);
	assert_used(world, world->tree, 100, 1);
	assert_int_equal(quotas_enter(&section, &heir, directories, false), 0);
	quotas_settle(&section, 80, 1);
	quotas_leave(&section);
	assert_used(world, world->tree, 80, 1);
}

/* Killed in the middle of a section: what it was changing is unknown, all else goes on. */
static void a_killed_holder_of_the_lock_is_survived(void **state)
{
	struct world *world = *state;
	struct stat file = file_of(1, 0);
	struct quota_section section;
	uint32_t group = make_group(world);
	uint64_t granted;
	int status;

	begin_upload(world, world->other, &file, NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		world->actor.record = 1;
		enter(world, &section, world->inside, -1);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_unknown(world, world->tree);
	assert_unknown(world, world->inner);
	assert_unknown(world, group);
	assert_used(world, world->elsewhere, 200, 3);
	assert_int_equal(find(world->quotas, world->inside), world->inner);
	world->actor.n_bounds = 0;
	assert_int_equal(quotas_grow(&world->actor, 50, &granted), 0);
	assert_used(world, world->elsewhere, 250, 3);
	settle(world, world->other, 50, 1);
	assert_used(world, world->elsewhere, 250, 3);
}

static void the_room_is_that_of_the_tightest_bound(void **state)
{
	struct world *world = *state;
	struct quota_usage room;

	world->bounds[1] = (struct quota_bound){ world->inner, { 0, 3 } };
	world->actor.n_bounds = 2;
	assert_int_equal(quotas_room(&world->actor, world->inside, &room), -ENODATA);
	set_counted(world, world->tree, 400, 1);
	set_counted(world, world->inner, 100, 1);
	assert_int_equal(quotas_room(&world->actor, world->inside, &room), 0);
	assert_int_equal(room.bytes, 600);
	assert_int_equal(room.files, 2);
	assert_int_equal(quotas_room(&world->actor, world->other, &room), 0);
	assert_int_equal(room.bytes, UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_is_one_by_its_root),
		TEST(what_binds_must_be_known_before_it_grows),
		TEST(an_upload_counts_in_all_trees_above_it),
		TEST(files_end_at_their_limit),
		TEST(a_replacement_has_the_room_of_what_it_replaces),
		TEST(what_is_kept_is_cut_to_what_there_is_room_for),
		TEST(a_growing_file_that_is_removed_costs_nothing_more),
		TEST(a_move_counts_where_the_sides_differ),
		TEST(a_growing_file_that_moves_grows_at_its_new_place),
		TEST(what_was_not_counted_shows_as_unknown),
		TEST(others_wait_while_a_tree_is_held),
		TEST(a_walk_leaves_growing_files_to_their_uploads),
		TEST(a_walk_finds_uploads_that_are_older_than_the_counter),
		TEST(an_upload_that_nothing_counted_leaves_doubt),
		TEST(what_was_counted_before_a_moment_is_doubted),
		TEST(a_group_counts_what_its_members_have_once),
		TEST(a_group_with_other_members_is_unknown),
		TEST(a_dead_worker_leaves_its_trees_unknown),
		TEST(who_continues_a_dead_upload_takes_its_grant_over),
		TEST(a_killed_holder_of_the_lock_is_survived),
		TEST(the_room_is_that_of_the_tightest_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
