/* ftp/reply_reader_test.c - replies of many servers, whole and in pieces, and what is none. */
#include "ftp/reply_reader.h"

#include "base/test.h"

static char storage[64];

/* All at once, then byte by byte: the result must be the same. */
static int read_reply(struct reply_reader *reader, struct text in, struct text *ret_rest)
{
	int whole, r = 0;

	reply_reader_init(reader, storage, sizeof(storage));
	*ret_rest = in;
	whole = reply_reader_feed(reader, ret_rest);
	unsigned code = reader->code;

	reply_reader_reset(reader);
	struct text rest = in;
	while (rest.len > 0 && r == 0) {
		struct text byte = { rest.ptr, 1 };

		r = reply_reader_feed(reader, &byte);
		rest.ptr++;
		rest.len--;
	}
	assert_int_equal(r, whole);
	assert_int_equal(reader->code, code);
	assert_int_equal(rest.len, ret_rest->len);
	return whole;
}

static void test_no_replies(void **state UNUSED)
{
	static const struct {
		struct text in;
		int result;
	} rows[] = {
		{ T(""), 0 },
		{ T("220"), 0 },
		{ T("220 Hello"), 0 },
		{ T("220-Hello\r\n220-more\r\n"), 0 },
		{ T("220-Hello\r\n221 other\r\n 220 not yet\r\n"), 0 },
		{ T("SSH-2.0-OpenSSH_9.2\r\n"), -EBADMSG },
		{ T("\r\n"), -EBADMSG },
		{ T("22 Hello\r\n"), -EBADMSG },
		{ T("2200 Hello\r\n"), -EBADMSG },
		{ T("099 Hello\r\n"), -EBADMSG },
		{ T("660 Hello\r\n"), -EBADMSG },
		{ T("\x16\x03\x01\n"), -EBADMSG },
	};
	struct reply_reader reader;
	struct text rest;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(read_reply(&reader, rows[i].in, &rest), rows[i].result);
}

static void test_replies(void **state UNUSED)
{
	static const struct {
		struct text in;
		unsigned code;
		const char *text, *rest;
		bool is_odd;
	} rows[] = {
		{ T("220 Hello\r\nmore"), 220, "220 Hello\n", "more", false },
		{ T("220\r\n"), 220, "220\n", "", false },
		{ T("220 bare\n"), 220, "220 bare\n", "", true },
		{ T("631 sealed\r\n"), 631, "631 sealed\n", "", false },
		{ T("211-a\r\n b\r\n211-c\r\n211 d\r\n"), 211, "211-a\n b\n211-c\n211 d\n", "",
		  false },
		{ T("211-a\r\n\r\n2111 b\r\n211 d\r\n"), 211, "211-a\n\n2111 b\n211 d\n", "",
		  false },
		{ T("230-\r\n230\r\n"), 230, "230-\n230\n", "", false },
		{ T("220 \xff\xfb\x01ok\r\n"), 220, "220 ok\n", "", true },
		{ T("220 \xff\xff\r\n"), 220, "220 \xff\n", "", true },
		{ T("220 a\rb\r\n"), 220, "220 a\rb\n", "", true },
	};
	struct reply_reader reader;
	struct text rest;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(read_reply(&reader, rows[i].in, &rest), 1);
		assert_int_equal(reader.code, rows[i].code);
		assert_text(buf_text(&reader.text), rows[i].text);
		assert_text(rest, rows[i].rest);
		assert_int_equal(reader.is_odd, rows[i].is_odd);
		assert_false(reader.is_cut);
	}
}

static void test_endless_replies_take_no_room(void **state UNUSED)
{
	struct reply_reader reader;
	struct text line;

	reply_reader_init(&reader, storage, sizeof(storage));
	line = T("220-first\r\n");
	assert_int_equal(reply_reader_feed(&reader, &line), 0);
	for (size_t i = 0; i < 100000; i++) {
		line = T("220-and another one\r\n");
		assert_int_equal(reply_reader_feed(&reader, &line), 0);
	}
	assert_true(reader.is_cut);
	assert_int_equal(reader.text.len, sizeof(storage) - 1);
	assert_int_equal(reader.size_bytes, 11 + 100000 * 21);
	line = T("220 end\r\n");
	assert_int_equal(reply_reader_feed(&reader, &line), 1);

	reply_reader_reset(&reader);
	int r = 0;
	for (size_t i = 0; r == 0 && i < REPLY_LINE_MAX + 1; i++) {
		line = T("2");
		r = reply_reader_feed(&reader, &line);
	}
	assert_int_equal(r, -EBADMSG);
}

static void test_passive_replies(void **state UNUSED)
{
	static const struct {
		const char *reply, *address;
	} rows[] = {
		{ "227 Entering Passive Mode (192,0,2,1,200,10).\n", "192.0.2.1:51210" },
		{ "227 Entering Passive Mode. 192,0,2,1,200,10\n", "192.0.2.1:51210" },
		{ "227 =192,0,2,1,200,10\n", "192.0.2.1:51210" },
		{ "227 Passive (192, 0, 2, 1, 200, 10)\n", "192.0.2.1:51210" },
		{ "227 Version 2 of [10,0,0,1,0,21]\n", "10.0.0.1:21" },
		{ "227 Entering Passive Mode (192,0,2,1,200)\n", NULL },
		{ "227 Entering Passive Mode (192,0,2,1,200,10,11)\n", NULL },
		{ "227 Entering Passive Mode (192,0,2,256,200,10)\n", NULL },
		{ "227 Entering Passive Mode (192,0,2,1,200,1000)\n", NULL },
		{ "227 Entering Passive Mode (a.b.c.d)\n", NULL },
		{ "227", NULL },
		{ "", NULL },
	};
	struct address address;
	char shown[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = reply_parse_227(text_of(rows[i].reply), &address);

		assert_int_equal(r, rows[i].address ? 0 : -EINVAL);
		if (r == 0)
			assert_string_equal(address_format(&address, shown), rows[i].address);
	}
}

static void test_extended_passive_replies(void **state UNUSED)
{
	static const struct {
		const char *reply;
		uint16_t port;
	} rows[] = {
		{ "229 Entering Extended Passive Mode (|||6446|)\n", 6446 },
		{ "229 Extended Passive OK (!!!6446!)\n", 6446 },
		{ "229 Ok |||6446|\n", 6446 },
		{ "229 ((|||6446|))\n", 6446 },
		{ "229 Entering Extended Passive Mode (|||0|)\n", 0 },
		{ "229 Entering Extended Passive Mode (|||65536|)\n", 0 },
		{ "229 Entering Extended Passive Mode (||6446|)\n", 0 },
		{ "229 Entering Extended Passive Mode (|||6446)\n", 0 },
		{ "229 Entering Extended Passive Mode (|1|192.0.2.1|6446|)\n", 0 },
		{ "229", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint16_t port = 0;
		int r = reply_parse_229(text_of(rows[i].reply), &port);

		assert_int_equal(r, rows[i].port ? 0 : -EINVAL);
		assert_int_equal(port, rows[i].port);
	}
}

static void test_quoted_paths(void **state UNUSED)
{
	char path[8];

	assert_int_equal(reply_parse_257(T("257 \"/a\"\"b\" is here\n"), path, sizeof(path)), 0);
	assert_string_equal(path, "/a\"b");
	assert_int_equal(reply_parse_257(T("257 \"\"\n"), path, sizeof(path)), 0);
	assert_string_equal(path, "");
	assert_int_equal(reply_parse_257(T("257 /a\n"), path, sizeof(path)), -EINVAL);
	assert_int_equal(reply_parse_257(T("257 \"/a\n"), path, sizeof(path)), -EINVAL);
	assert_int_equal(reply_parse_257(T("257 \"/12345678\"\n"), path, sizeof(path)),
			 -ENAMETOOLONG);
}

static void test_lines_lose_their_codes(void **state UNUSED)
{
	struct text rest = T("211-Features:\n AUTH TLS\n211-EPSV\n\n211 End\n"), line;
	static const char *const lines[] = { "Features:", "AUTH TLS", "EPSV", "", "End" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_true(reply_next_line(&rest, &line));
		assert_text(line, lines[i]);
	}
	assert_false(reply_next_line(&rest, &line));
}

static void test_masked_words(void **state UNUSED)
{
	assert_true(reply_is_masked(T("220 **************************\n")));
	assert_true(reply_is_masked(T("211-Features\n XXXX XXXXX\n211 End\n")));
	assert_true(reply_is_masked(T("220-XXXXXXXX\n220 ok\n")));
	assert_false(reply_is_masked(T("220 XX-rated\n")));
	assert_false(reply_is_masked(T("220 *** Welcome ***\n")));
	assert_false(reply_is_masked(T("220 FAXXXXmachine\n")));
	assert_false(reply_is_masked(T("220 XXXXmachine\n")));
	assert_false(reply_is_masked(T("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_replies),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_endless_replies_take_no_room),
		cmocka_unit_test(test_passive_replies),
		cmocka_unit_test(test_extended_passive_replies),
		cmocka_unit_test(test_quoted_paths),
		cmocka_unit_test(test_lines_lose_their_codes),
		cmocka_unit_test(test_masked_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
