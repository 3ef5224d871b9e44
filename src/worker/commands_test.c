/* worker/commands_test.c - the command table, as the dispatcher, HELP and FEAT rely on it. */
#include "base/test.h"

#include "worker/commands.h"

static const struct command *find(const char *verb)
{
	for (size_t i = 0; i < n_commands; i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return &commands[i];
	fail_msg("%s is missing", verb);
	return NULL;
}

static void the_rows_are_sorted_for_the_search(void **state)
{
	(void)state;
	for (size_t i = 1; i < n_commands; i++)
		if (strcmp(commands[i - 1].verb, commands[i].verb) >= 0)
			fail_msg("%s stands before %s", commands[i - 1].verb, commands[i].verb);
}

static void each_row_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *row = &commands[i];
		struct text syntax = text_of(row->syntax);
		struct command_line parsed;

		/* The parser makes verbs of this form only. */
		assert_int_equal(command_parse(text_of(row->verb), &parsed), 0);
		assert_string_equal(parsed.verb, row->verb);
		assert_non_null(row->run);
		assert_true(text_skip(&syntax, text_of(row->verb)));
		assert_int_equal(syntax.len > 0 && syntax.ptr[0] != ' ', 0);
		if (row->argument == ARG_NONE)
			assert_int_equal(syntax.len, 0);
		if (row->argument == ARG_REQUIRED)
			assert_true(syntax.len > 1 && syntax.ptr[1] != '[');
		assert_true(row->source && *row->source);
		assert_int_equal(row->permission & ~(uint32_t)PERM_ALL, 0);
	}
}

static void all_commands_that_are_promised_are_there(void **state)
{
	static const char *const verbs[] = {
		"USER", "PASS", "QUIT", "NOOP", "SYST", "FEAT", "OPTS", "HELP", "TYPE",
		"STRU", "MODE", "PWD",	"CWD",	"CDUP", "MKD",	"RMD",	"DELE", "RNFR",
		"RNTO", "LIST", "NLST", "MLSD", "MLST", "STAT", "SIZE", "MDTM", "RETR",
		"STOR", "APPE", "REST", "ABOR", "PASV", "EPSV", "PORT", "EPRT", "AUTH",
		"PBSZ", "PROT", "XCUP", "XCWD", "XMKD", "XPWD", "XRMD",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		(void)find(verbs[i]);
}

static bool is_among(const char *verb, const char *const verbs[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(verbs[i], verb) == 0)
			return true;
	return false;
}

static void doors_are_open_where_the_protocol_needs_them_only(void **state)
{
	static const char *const in_clear[] = { "AUTH", "CLNT", "CSID", "FEAT", "HELP",
						"HOST", "NOOP", "OPTS", "PBSZ", "PROT",
						"QUIT", "SYST", "USER" };
	static const char *const before_login[] = { "ACCT", "PASS", "REIN" };
	static const char *const in_transfer[] = { "NOOP", "STAT" };

	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *row = &commands[i];
		bool is_early = is_among(row->verb, in_clear, ARRAY_SIZE(in_clear));

		if (row->flags & PRE_TLS && !is_early)
			fail_msg("%s in clear", row->verb);
		if (row->flags & PRE_LOGIN && !is_early &&
		    !is_among(row->verb, before_login, ARRAY_SIZE(before_login)))
			fail_msg("%s before the login", row->verb);
		if (row->flags & PRE_LOGIN && row->permission)
			fail_msg("%s needs a permission that nobody has yet", row->verb);
		if (row->flags & IN_TRANSFER &&
		    !is_among(row->verb, in_transfer, ARRAY_SIZE(in_transfer)))
			fail_msg("%s during a transfer", row->verb);
	}
}

static void an_alias_does_what_its_command_does(void **state)
{
	static const char *const pairs[][2] = { { "XCUP", "CDUP" },
						{ "XCWD", "CWD" },
						{ "XMKD", "MKD" },
						{ "XPWD", "PWD" },
						{ "XRMD", "RMD" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct command *alias = find(pairs[i][0]), *command = find(pairs[i][1]);

		assert_ptr_equal(alias->run, command->run);
		assert_int_equal(alias->argument, command->argument);
		assert_int_equal(alias->permission, command->permission);
		assert_int_equal(alias->flags, command->flags | HIDDEN);
	}
}

static void features_begin_with_their_verb(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *row = &commands[i];

		if (row->feature)
			assert_true(text_starts(text_of(row->feature), text_of(row->verb)));
		/* RFC 2389 3: what RFC 959 has is no feature; EPSV and those after it are. */
		if (row->flags & HIDDEN)
			assert_null(row->feature);
	}
	assert_string_equal(find("REST")->feature, "REST STREAM");
	assert_string_equal(find("AUTH")->feature, "AUTH TLS");
	assert_null(find("MLSD")->feature); /* MLST stands for both (RFC 3659 7.8) */
}

static void abor_is_found_in_any_case(void **state)
{
	(void)state;
	assert_false(commands_is_abort(T("")));
	assert_false(commands_is_abort(T("ABORT")));
	assert_false(commands_is_abort(T("NOOP ABOR")));
	assert_true(commands_is_abort(T("ABOR")));
	assert_true(commands_is_abort(T("abor")));
	assert_true(commands_is_abort(T(" Abor ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rows_are_sorted_for_the_search),
		cmocka_unit_test(each_row_is_complete),
		cmocka_unit_test(all_commands_that_are_promised_are_there),
		cmocka_unit_test(doors_are_open_where_the_protocol_needs_them_only),
		cmocka_unit_test(an_alias_does_what_its_command_does),
		cmocka_unit_test(features_begin_with_their_verb),
		cmocka_unit_test(abor_is_found_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
