/* tests/fuzz/fuzz_main.c - gives files to a fuzz target, one after the other, without a fuzzer.
 * Arguments are files or folders of files. So the corpus, and with it every input that was once
 * found to be bad, runs with each test run and with any compiler. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long n_inputs;

static void fail(const char *path)
{
	perror(path);
	exit(EXIT_FAILURE);
}

/* The bytes are in a heap block of exactly their size, so that a sanitizer sees one read too
 * many. */
static void replay_file(const char *path, size_t size)
{
	AUTO_FREE uint8_t *data = malloc(MAX_OF(size, 1));
	FILE *file = fopen(path, "rbe");

	if (!data || !file || fread(data, 1, size, file) != size)
		fail(path);
	(void)fclose(file); /* it was only read */
	(void)LLVMFuzzerTestOneInput(data, size);
	n_inputs++;
}

static void replay(const char *path);

static void replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (!folder)
		fail(path);
	while ((entry = readdir(folder))) {
		AUTO_FREE char *inside = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&inside, "%s/%s", path, entry->d_name) < 0)
			fail(path);
		replay(inside);
	}
	(void)closedir(folder);
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		fail(path);
	if (S_ISDIR(st.st_mode))
		replay_folder(path);
	else
		replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%lu inputs\n", n_inputs);
	return n_inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* an empty corpus is a wrong path */
}
