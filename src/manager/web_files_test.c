/* manager/web_files_test.c - what lies in the directory is found by its path, and nothing else
 * is. */
#include "base/test.h"

#include <sys/stat.h>

#include "manager/web_files.h"

static char folder[] = "/tmp/web_files_test.XXXXXX";

static void write_file(const char *name, const char *content)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
	char path[64];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ui", folder);
	if (mkdir(path, 0755) < 0)
		return -1;
	write_file("index.html", "<p>");
	write_file("guest.html", "guest");
	write_file("ui/table.js", "export {}");
	write_file(".npmrc", "hidden");
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "index.html", "guest.html", "ui/table.js",
					     ".npmrc",	   "ui",	 "" };
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	return 0;
}

static void files_are_found_by_their_path(void **state)
{
	static const char *const missing[] = { "",
					       "index.html",
					       "/.npmrc",
					       "/ui",
					       "/ui/",
					       "/ui/../index.html",
					       "/INDEX.HTML",
					       "//index.html",
					       "/index.html/" };
	struct web_files *files = NULL;

	(void)state;
	assert_int_equal(web_files_load(folder, &files), 0);
	const struct web_file *index = web_files_find(files, T("/"));
	assert_non_null(index);
	assert_ptr_equal(index, web_files_find(files, T("/index.html")));
	assert_text((struct text){ index->bytes, index->len }, "<p>");
	assert_string_equal(index->type, "text/html; charset=utf-8");
	assert_int_equal(strlen(index->etag), 34);
	const struct web_file *script = web_files_find(files, T("/ui/table.js"));
	assert_non_null(script);
	assert_string_equal(script->type, "text/javascript; charset=utf-8");
	assert_string_equal(web_files_find(files, T("/guest/abc"))->path, "/guest.html");
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		assert_null(web_files_find(files, text_of(missing[i])));
	web_files_free(&files);
}

static void without_a_directory_there_are_none(void **state)
{
	struct web_files *files = NULL;

	(void)state;
	assert_int_equal(web_files_load("/nonexistent", &files), -ENOENT);
	assert_null(web_files_find(files, T("/")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_their_path),
		cmocka_unit_test(without_a_directory_there_are_none),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
