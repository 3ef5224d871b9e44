/* net/file_window_test.c - a file that is cut while it is looked at, and what else raises
 * SIGBUS. */
#include "net/file_window.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/test.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define PAGES 8

/* A file in memory, full of this byte. */
static int make_file(size_t len, char byte)
{
	AUTO_FREE char *bytes = malloc(len);
	int fd = memfd_create("file_window_test", MFD_CLOEXEC);

	assert_true(fd >= 0 && bytes);
	memset(bytes, byte, len);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

static void assert_bytes(const char *at, char byte, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] != byte)
			fail_msg("byte %zu of %zu is %d", i, len, at[i]);
}

/* cmocka takes the signal for itself in front of every test. */
static void catch_cuts(void)
{
	assert_int_equal(file_window_catch_cuts(), 0);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void what_cannot_be_mapped_is_refused(void **state)
{
	struct file_window window = { .size = 7 };
	int ends[2];

	(void)state;
	catch_cuts();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(file_window_open(&window, ends[0], 0, 1), -EOPNOTSUPP);
	assert_int_equal(window.size, 7);
	assert_false(file_window_suits(ends[0]));
	assert_false(file_window_suits(-1));
	fd_close(&ends[0]);
	fd_close(&ends[1]);

	AUTO_CLOSE int made_up = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	assert_false(file_window_suits(made_up));
}

/* Files are read as soon as their last page is missing, and then it is there. */
static void what_is_on_the_disk_only_is_refused(void **state)
{
	char path[] = "/var/tmp/file_window_test.XXXXXX", byte;
	AUTO_CLOSE int file = mkostemp(path, O_CLOEXEC);
	struct file_window window;
	unsigned char is_there = 1;

	(void)state;
	catch_cuts();
	assert_true(file >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pwrite(file, "a", 1, 0), 1);
	assert_int_equal(fsync(file), 0);
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	assert_true(page != MAP_FAILED);
	assert_int_equal(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
	/* A file system in memory keeps it. */
	if (mincore(page, PAGE, &is_there) == 0 && !(is_there & 1))
		assert_int_equal(file_window_open(&window, file, 0, 1), -EOPNOTSUPP);
	assert_int_equal(munmap(page, PAGE), 0);
	assert_int_equal(pread(file, &byte, 1, 0), 1);
	assert_int_equal(file_window_open(&window, file, 0, 1), 0);
	assert_int_equal(window.bytes[0], 'a');
	file_window_close(&window);
}

/* The signal that a child which does this dies of; 0: it did not. */
static int signal_of(void (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* As it was before a sanitizer came, whose report is not of interest here. */
		(void)signal(SIGBUS, SIG_DFL);
		if (file_window_catch_cuts() == 0)
			deed();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void look_at_a_foreign_mapping(void)
{
	int file = make_file(PAGE, 'a'), other = make_file(PAGE, 'b');
	struct file_window window;
	const volatile char *foreign = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, 0);

	if (file_window_open(&window, file, 0, PAGE) == 0 && ftruncate(other, 0) == 0)
		(void)foreign[0];
}

static void look_at_a_closed_window(void)
{
	int file = make_file(PAGE, 'a');
	struct file_window window;
	const volatile char *again;

	if (file_window_open(&window, file, 0, PAGE) < 0)
		return;
	file_window_close(&window);
	again = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
	if (ftruncate(file, 0) == 0)
		(void)again[0];
}

static void send_ourselves_the_signal(void)
{
	int file = make_file(PAGE, 'a');
	struct file_window window;

	if (file_window_open(&window, file, 0, PAGE) == 0)
		(void)raise(SIGBUS);
}

static void every_other_bus_error_kills_as_ever(void **state)
{
	(void)state;
	assert_int_equal(signal_of(look_at_a_foreign_mapping), SIGBUS);
	assert_int_equal(signal_of(look_at_a_closed_window), SIGBUS);
	assert_int_equal(signal_of(send_ourselves_the_signal), SIGBUS);
}

/* --- what works ------------------------------------------------------------------------------- */

static void a_window_shows_the_file_from_any_offset(void **state)
{
	static const size_t offsets[] = { 0, 1, 4095, 4096, 4097, 10000 };
	AUTO_CLOSE int file = make_file(PAGES * PAGE, 'a');

	(void)state;
	catch_cuts();
	assert_true(file_window_suits(file));
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct file_window window;

		assert_int_equal(pwrite(file, "b", 1, (off_t)offsets[i]), 1);
		assert_int_equal(file_window_open(&window, file, (off_t)offsets[i], 100), 0);
		assert_int_equal(window.bytes[0], 'b');
		assert_bytes(window.bytes + 1, 'a', 99);
		assert_false(file_window_is_torn());
		file_window_close(&window);
		assert_int_equal(pwrite(file, "a", 1, (off_t)offsets[i]), 1);
	}
}

/* Each row: what is left of eight pages when they are looked at from the offset on. */
static void a_cut_file_is_torn_and_nobody_dies(void **state)
{
	static const struct {
		size_t offset, left_pages;
		bool is_read_before;
	} rows[] = {
		{ 0, 0, false },   { 0, 0, true },    { 0, 5, true },
		{ 100, 7, false }, { 5000, 2, true },
	};

	(void)state;
	catch_cuts();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_CLOSE int file = make_file(PAGES * PAGE, 'a');
		size_t at = rows[i].offset, len = PAGES * PAGE - at, left;
		struct file_window window;

		assert_int_equal(file_window_open(&window, file, (off_t)at, len), 0);
		if (rows[i].is_read_before)
			assert_bytes(window.bytes, 'a', len);
		assert_false(file_window_is_torn());
		assert_int_equal(ftruncate(file, (off_t)(rows[i].left_pages * PAGE)), 0);
		left = MAX_OF(rows[i].left_pages * PAGE, at) - at;
		assert_bytes(window.bytes, 'a', left);
		assert_false(file_window_is_torn());
		assert_bytes(window.bytes + left, 0, len - left);
		assert_true(file_window_is_torn());
		/* That it is there again changes nothing. */
		assert_int_equal(ftruncate(file, (off_t)(PAGES * PAGE)), 0);
		assert_true(file_window_is_torn());
		file_window_close(&window);
		assert_false(file_window_is_torn());
	}
}

static void the_kernel_reports_what_it_cannot_read_itself(void **state)
{
	AUTO_CLOSE int file = make_file(PAGE, 'a');
	struct file_window window;
	int ends[2];

	(void)state;
	catch_cuts();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(file_window_open(&window, file, 0, PAGE), 0);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(write(ends[1], window.bytes, 10), -1);
	assert_int_equal(errno, EFAULT);
	file_window_close(&window);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

struct looker {
	pthread_barrier_t *barrier;
	bool is_cut, was_torn;
};

/* Both have their window open while one file is cut. */
static void *look(void *arg)
{
	struct looker *looker = arg;
	int file = make_file(PAGES * PAGE, 'a');
	struct file_window window;
	volatile char sum = 0;

	if (file_window_open(&window, file, 0, PAGES * PAGE) == 0) {
		(void)pthread_barrier_wait(looker->barrier);
		if (looker->is_cut && ftruncate(file, 0) < 0)
			abort();
		for (size_t i = 0; i < PAGES; i++)
			sum = (char)(sum + window.bytes[i * PAGE]);
		(void)pthread_barrier_wait(looker->barrier);
		looker->was_torn = file_window_is_torn();
		file_window_close(&window);
	}
	fd_close(&file);
	return NULL;
}

static void threads_have_windows_of_their_own(void **state)
{
	pthread_barrier_t barrier;
	struct looker lookers[2] = { { &barrier, .is_cut = true }, { &barrier } };
	pthread_t threads[2];

	(void)state;
	catch_cuts();
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, &lookers[i]), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(lookers[0].was_torn);
	assert_false(lookers[1].was_torn);
	(void)pthread_barrier_destroy(&barrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_other_bus_error_kills_as_ever),
		cmocka_unit_test(what_cannot_be_mapped_is_refused),
		cmocka_unit_test(what_is_on_the_disk_only_is_refused),
		cmocka_unit_test(a_window_shows_the_file_from_any_offset),
		cmocka_unit_test(a_cut_file_is_torn_and_nobody_dies),
		cmocka_unit_test(the_kernel_reports_what_it_cannot_read_itself),
		cmocka_unit_test(threads_have_windows_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
