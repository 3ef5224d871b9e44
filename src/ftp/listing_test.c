/* ftp/listing_test.c - lines of LIST, facts of MLSD, times, and the switches of old clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ftp/listing.h"

#define NOW 1795173460 /* 2026-11-20 11:17:40 */

static const struct entry file = {
	.name = { "name", 4 },
	.kind = ENTRY_FILE,
	.mode = 0644,
	.links = 1,
	.owner = { "owner", 5 },
	.group = { "group", 5 },
	.size = 1234,
	.mtime_s = NOW,
	.device = 0xfd00,
	.inode = 0x2a,
	.perm = "adfrw",
};

static void assert_ls(const struct entry *entry, const char *expected)
{
	char storage[256];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	listing_add_ls(&out, entry, NOW);
	assert_false(out.has_overflowed);
	assert_string_equal(storage, expected);
	assert_int_equal(out.len, strlen(expected));
}

static void a_line_that_does_not_fit_is_not_begun(void **state)
{
	char storage[256];
	struct buf out;

	(void)state;
	for (size_t size = 1; size < 140; size++) {
		buf_init(&out, storage, size);
		listing_add_ls(&out, &file, NOW);
		if (!out.has_overflowed)
			listing_add_facts(&out, &file, FACTS_ALL, NULL, file.name);
		if (out.has_overflowed)
			assert_true(out.len == 0 || storage[out.len - 1] == '\n');
		assert_int_equal(storage[out.len], '\0');
	}

	size_t exact = strlen("-rw-r--r--   1 owner    group        1234 Nov 20 11:17 name\r\n");
	buf_init(&out, storage, exact + 1);
	listing_add_ls(&out, &file, NOW);
	assert_false(out.has_overflowed);
	assert_int_equal(out.len, exact);
}

static void a_name_that_does_not_fit_is_not_begun(void **state)
{
	char storage[16];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	listing_add_name(&out, T("dir/"), T("a"));
	assert_string_equal(storage, "dir/a\r\n");
	listing_add_name(&out, T(""), T("123456"));
	assert_string_equal(storage, "dir/a\r\n123456\r\n");
	assert_false(out.has_overflowed);
	listing_add_name(&out, T(""), T(""));
	assert_string_equal(storage, "dir/a\r\n123456\r\n");
	assert_true(out.has_overflowed);
}

static void files_look_as_in_ls(void **state)
{
	struct entry entry = file;

	(void)state;
	assert_ls(&entry, "-rw-r--r--   1 owner    group        1234 Nov 20 11:17 name\r\n");
	entry.owner = T("");
	entry.group = T("");
	entry.uid = 1000;
	entry.gid = UINT32_MAX;
	entry.size = 0;
	assert_ls(&entry, "-rw-r--r--   1 1000     4294967295        0 Nov 20 11:17 name\r\n");
	entry.owner = T("a b;c\x7f");
	entry.group = T("long-group-name");
	entry.links = 123456;
	entry.size = 12345678;
	entry.name = T(" two  blanks \xe9");
	assert_ls(&entry, "-rw-r--r-- 123456 a_b_c_   long-group-name 12345678 Nov 20 11:17 "
			  " two  blanks \xe9\r\n");
	entry.size = UINT64_MAX;
	entry.owner = T("12345678");
	entry.group = T("1234567");
	entry.links = 12;
	assert_ls(&entry, "-rw-r--r--  12 12345678 1234567  18446744073709551615 Nov 20 11:17 "
			  " two  blanks \xe9\r\n");
}

static void kinds_and_modes_have_their_letters(void **state)
{
	static const struct {
		enum entry_kind kind;
		uint32_t mode;
		const char *shown;
	} rows[] = {
		{ ENTRY_FILE, 0, "----------" },	  { ENTRY_FILE, 0777, "-rwxrwxrwx" },
		{ ENTRY_FILE, 0124, "---x-w-r--" },	  { ENTRY_DIRECTORY, 0755, "drwxr-xr-x" },
		{ ENTRY_DIRECTORY, 01777, "drwxrwxrwt" }, { ENTRY_DIRECTORY, 01776, "drwxrwxrwT" },
		{ ENTRY_FILE, 04755, "-rwsr-xr-x" },	  { ENTRY_FILE, 04644, "-rwSr--r--" },
		{ ENTRY_FILE, 02755, "-rwxr-sr-x" },	  { ENTRY_FILE, 02745, "-rwxr-Sr-x" },
		{ ENTRY_FILE, 07000, "---S--S--T" },	  { ENTRY_LINK, 0777, "lrwxrwxrwx" },
		{ ENTRY_OTHER, 0600, "prw-------" },
	};
	char storage[256];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = file;

		entry.kind = rows[i].kind;
		entry.mode = rows[i].mode;
		buf_reset(&out);
		listing_add_ls(&out, &entry, NOW);
		assert_memory_equal(storage, rows[i].shown, 10);
	}
}

static void links_show_where_they_lead(void **state)
{
	struct entry entry = file;

	(void)state;
	entry.link_target = T("../x");
	assert_ls(&entry, "-rw-r--r--   1 owner    group        1234 Nov 20 11:17 name\r\n");
	entry.kind = ENTRY_LINK;
	entry.mode = 0777;
	assert_ls(&entry,
		  "lrwxrwxrwx   1 owner    group        1234 Nov 20 11:17 name -> ../x\r\n");
	entry.link_target = T("a\r\nb\0");
	assert_ls(&entry,
		  "lrwxrwxrwx   1 owner    group        1234 Nov 20 11:17 name -> a??b?\r\n");
	entry.link_target = T("");
	assert_ls(&entry, "lrwxrwxrwx   1 owner    group        1234 Nov 20 11:17 name\r\n");
}

static void dates_have_a_time_for_six_months_and_a_year_beyond(void **state)
{
	static const struct {
		int64_t mtime_s;
		const char *shown;
	} rows[] = {
		{ NOW + 1, "Nov 20  2026" },
		{ NOW, "Nov 20 11:17" },
		{ NOW - 86400, "Nov 19 11:17" },
		{ NOW - 15778475, "May 21 20:23" },
		{ NOW - 15778476, "May 21  2026" },
		{ 0, "Jan  1  1970" },
		{ -1, "Dec 31  1969" },
		{ 1709164800, "Feb 29  2024" },
		{ 253402300799, "Dec 31  9999" },
		{ INT64_MAX, "Dec 31  9999" },
		{ INT64_MIN, "Jan  1  0000" },
	};
	char storage[256];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = file;

		entry.mtime_s = rows[i].mtime_s;
		buf_reset(&out);
		listing_add_ls(&out, &entry, NOW);
		assert_memory_equal(storage + 42, rows[i].shown, 12);
	}
}

static void facts_are_written_in_their_order(void **state)
{
	static const struct {
		enum entry_kind kind;
		uint32_t facts;
		const char *as_type, *shown;
	} rows[] = {
		{ ENTRY_FILE, 0, NULL, " name" },
		{ ENTRY_FILE, FACTS_DEFAULT, NULL,
		  "type=file;size=1234;modify=20261120111740;perm=adfrw;unique=fd00g2a;"
		  "UNIX.mode=0644; name" },
		{ ENTRY_FILE, FACTS_ALL, NULL,
		  "type=file;size=1234;modify=20261120111740;create=20240229000000;perm=adfrw;"
		  "unique=fd00g2a;UNIX.mode=0644;UNIX.owner=own_er;UNIX.group=7; name" },
		{ ENTRY_DIRECTORY, FACT_TYPE | FACT_SIZE, NULL, "type=dir; name" },
		{ ENTRY_DIRECTORY, FACT_TYPE, "cdir", "type=cdir; name" },
		{ ENTRY_DIRECTORY, FACT_TYPE, "pdir", "type=pdir; name" },
		{ ENTRY_LINK, FACT_TYPE | FACT_SIZE, NULL, "type=OS.unix=slink; name" },
		{ ENTRY_OTHER, FACT_TYPE, NULL, "type=OS.unix=other; name" },
	};
	struct entry entry = file;
	char storage[256];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	entry.btime_s = 1709164800;
	entry.owner = T("own;er");
	entry.group = T("");
	entry.gid = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		entry.kind = rows[i].kind;
		buf_reset(&out);
		listing_add_facts(&out, &entry, rows[i].facts, rows[i].as_type, entry.name);
		assert_string_equal(storage, rows[i].shown);
	}
}

static void the_longest_facts_are_whole(void **state)
{
	struct entry entry = file;
	char storage[256];
	struct buf out;

	(void)state;
	entry.size = entry.device = entry.inode = UINT64_MAX;
	entry.btime_s = 0;
	entry.mode = 07777;
	buf_init(&out, storage, sizeof(storage));
	listing_add_facts(&out, &entry, FACTS_ALL & ~(uint32_t)FACT_TYPE, NULL, T("/a/b"));
	assert_string_equal(storage, "size=18446744073709551615;modify=20261120111740;perm=adfrw;"
				     "unique=ffffffffffffffffgffffffffffffffff;UNIX.mode=7777;"
				     "UNIX.owner=owner;UNIX.group=group; /a/b");
}

static void the_feat_line_marks_the_chosen_facts(void **state)
{
	char storage[256];
	struct buf out;

	(void)state;
	buf_init(&out, storage, sizeof(storage));
	listing_add_feat(&out, FACTS_DEFAULT);
	assert_string_equal(storage, "MLST type*;size*;modify*;create;perm*;unique*;UNIX.mode*;"
				     "UNIX.owner;UNIX.group;");
}

static void facts_have_names_up_to_the_last(void **state)
{
	(void)state;
	assert_true(text_equal(listing_fact_name(0), T("type")));
	assert_true(text_equal(listing_fact_name(8), T("UNIX.group")));
	assert_int_equal(listing_fact_name(9).len, 0);
	assert_int_equal(listing_fact_name(SIZE_MAX).len, 0);
}

static void unknown_facts_are_ignored(void **state)
{
	static const struct {
		struct text in;
		uint32_t facts;
	} rows[] = {
		{ T(""), 0 },
		{ T(";"), 0 },
		{ T("bogus;"), 0 },
		{ T("typ;types;"), 0 },
		{ T("type;size;bogus;"), FACT_TYPE | FACT_SIZE },
		{ T("TYPE;Size"), FACT_TYPE | FACT_SIZE },
		{ T("unix.mode;UNIX.OWNER;unix.group;"),
		  FACT_UNIX_MODE | FACT_UNIX_OWNER | FACT_UNIX_GROUP },
		{ T("unique;perm;create;modify;;"),
		  FACT_UNIQUE | FACT_PERM | FACT_CREATE | FACT_MODIFY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(listing_parse_facts(rows[i].in), rows[i].facts);
}

static void times_that_do_not_exist_are_refused(void **state)
{
	static const struct text rows[] = {
		T(""),
		T("2026"),
		T("2026112011174"),
		T("202611201117400"),
		T("20261120111740."),
		T("20261120111740.x"),
		T("20261120111740 "),
		T(" 20261120111740"),
		T("20260230000000"),
		T("20250229000000"),
		T("20261320000000"),
		T("20260020000000"),
		T("20261100000000"),
		T("20261120240000"),
		T("20261120116000"),
		T("20261120111761"),
		T("2026112011174\0"),
		T("20261120111740.1.2"),
		T("+0261120111740"),
		T("20261120111740.-1"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t time_s = 77;

		assert_int_equal(listing_parse_time(rows[i], &time_s), -EINVAL);
		assert_int_equal(time_s, 77);
	}
}

static void times_are_read_and_written(void **state)
{
	static const struct {
		struct text in;
		int64_t time_s;
		const char *shown;
	} rows[] = {
		{ T("20261120111740"), NOW, "20261120111740" },
		{ T("20261120111740.999"), NOW, "20261120111740" },
		{ T("20261120111760"), NOW + 19, "20261120111759" },
		{ T("20240229000000"), 1709164800, "20240229000000" },
		{ T("19700101000000"), 0, "19700101000000" },
		{ T("19691231235959"), -1, "19691231235959" },
		{ T("99991231235959"), 253402300799, "99991231235959" },
		{ T("00000101000000"), -62167219200, "00000101000000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char shown[TIMEVAL_SIZE];
		int64_t time_s = 77;

		assert_int_equal(listing_parse_time(rows[i].in, &time_s), 0);
		assert_true(time_s == rows[i].time_s);
		listing_format_time(time_s, shown);
		assert_string_equal(shown, rows[i].shown);
	}
}

static void switches_are_told_from_names(void **state)
{
	static const struct {
		struct text in, rest;
		struct list_switches switches;
	} rows[] = {
		{ T(""), T(""), { 0 } },
		{ T("-"), T("-"), { 0 } },
		{ T("name"), T("name"), { 0 } },
		{ T(" -a"), T(" -a"), { 0 } },
		{ T("-file.txt"), T("-file.txt"), { 0 } },
		{ T("-aX name"), T("-aX name"), { 0 } },
		{ T("--help"), T("--help"), { 0 } },
		{ T("name -a"), T("name -a"), { 0 } },
		{ T("-- -a"), T("-a"), { 0 } },
		{ T("--  name "), T(" name "), { 0 } },
		{ T("-l"), T(""), { 0 } },
		{ T("-la"), T(""), { .all = true } },
		{ T("-A"), T(""), { .all = true } },
		{ T("-a path"), T("path"), { .all = true } },
		{ T("-a  path with blanks "), T("path with blanks "), { .all = true } },
		{ T("-l -R path"), T("path"), { .recursive = true } },
		{ T("-ltrd"),
		  T(""),
		  { .by_time = true, .reverse = true, .directory_itself = true } },
		{ T("-a -- -l"), T("-l"), { .all = true } },
		{ T("-a -file.txt"), T("-file.txt"), { .all = true } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct list_switches switches = { .all = true, .reverse = true };
		struct text in = rows[i].in;

		listing_take_switches(&in, &switches);
		assert_true(text_equal(in, rows[i].rest));
		assert_memory_equal(&switches, &rows[i].switches, sizeof(switches));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_does_not_fit_is_not_begun),
		cmocka_unit_test(a_name_that_does_not_fit_is_not_begun),
		cmocka_unit_test(files_look_as_in_ls),
		cmocka_unit_test(kinds_and_modes_have_their_letters),
		cmocka_unit_test(links_show_where_they_lead),
		cmocka_unit_test(dates_have_a_time_for_six_months_and_a_year_beyond),
		cmocka_unit_test(facts_are_written_in_their_order),
		cmocka_unit_test(the_longest_facts_are_whole),
		cmocka_unit_test(the_feat_line_marks_the_chosen_facts),
		cmocka_unit_test(facts_have_names_up_to_the_last),
		cmocka_unit_test(unknown_facts_are_ignored),
		cmocka_unit_test(times_that_do_not_exist_are_refused),
		cmocka_unit_test(times_are_read_and_written),
		cmocka_unit_test(switches_are_told_from_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
