/* store/names_test.c - every name of a directory once, whatever the size of a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>

#include "store/names.h"

#define FILES 1000

static int make_directory(char path[static 32])
{
	(void)snprintf(path, 32, "/tmp/names_test.XXXXXX");
	assert_non_null(mkdtemp(path));

	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void make_files(int directory, bool makes)
{
	char name[256];

	for (int i = 0; i < FILES; i++) {
		/* Lengths from 4 to 255 bytes. */
		(void)snprintf(name, sizeof(name), "%0*d", 4 + i % 252, i);
		if (makes)
			assert_return_code(close(openat(directory, name,
							O_CREAT | O_WRONLY | O_CLOEXEC, 0600)),
					   errno);
		else
			assert_return_code(unlinkat(directory, name, 0), errno);
	}
}

/* Counts every file; returns how many dots there were. */
static unsigned read_all(int fd, size_t size, unsigned counts[static FILES])
{
	_Alignas(8) char storage[16384];
	struct names names;
	struct text name;
	unsigned dots = 0;

	assert_return_code(lseek(fd, 0, SEEK_SET), errno);
	names_init(&names, fd, storage);
	for (;;) {
		if (!names_take(&names, &name)) {
			assert_false(names_are_left(&names));
			if (names_read(&names, size) == 0)
				return dots;
			assert_true(names_take(&names, &name));
		}
		assert_int_equal(name.ptr[name.len], '\0');
		if (text_equal(name, T(".")) || text_equal(name, T(".."))) {
			dots++;
			continue;
		}

		uint64_t number;

		assert_int_equal(text_to_uint(name, FILES - 1, &number), 0);
		assert_int_equal(name.len, 4 + number % 252);
		counts[number]++;
	}
}

static void every_name_comes_once(void **state)
{
	static const size_t sizes[] = { NAMES_MIN_SIZE, 1024, 16384 };
	char path[32];
	int fd = make_directory(path);

	(void)state;
	make_files(fd, true);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned counts[FILES] = { 0 };

		assert_int_equal(read_all(fd, sizes[i], counts), 2);
		for (size_t j = 0; j < FILES; j++)
			assert_int_equal(counts[j], 1);
	}
	make_files(fd, false);
	fd_close(&fd);
	assert_return_code(rmdir(path), errno);
}

static void a_removed_directory_is_at_its_end(void **state)
{
	_Alignas(8) char storage[NAMES_MIN_SIZE];
	char path[32];
	struct names names;
	struct text name;
	int fd = make_directory(path);

	(void)state;
	assert_return_code(rmdir(path), errno);
	names_init(&names, fd, storage);
	assert_int_equal(names_read(&names, sizeof(storage)), 0);
	assert_false(names_take(&names, &name));
	fd_close(&fd);
	names_init(&names, fd, storage);
	assert_int_equal(names_read(&names, sizeof(storage)), -EBADF);
	assert_false(names_take(&names, &name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_comes_once),
		cmocka_unit_test(a_removed_directory_is_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
