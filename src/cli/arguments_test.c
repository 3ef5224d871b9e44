/* Tests of cli/arguments.h with the real table of commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/arguments.h"

/* Words are split at blanks; the rest of the array stays NULL. */
static int parse(const char *line, struct arguments *ret, char *wrong, size_t wrong_size)
{
	static char words[512];
	char *argv[32] = { NULL };
	struct buf out;
	size_t n = 0;

	assert_int_equal(text_copy(text_of(line), words, sizeof(words)), 0);
	for (char *at = words, *word; (word = strsep(&at, " "));)
		if (*word)
			argv[n++] = word;
	buf_init(&out, wrong, wrong_size);
	return arguments_parse(n, argv, ret, &out);
}

static void what_cannot_be_understood_is_refused_with_a_hint(void **state)
{
	static const struct {
		const char *line, *wrong;
	} rows[] = {
		{ "frobnicate", "\"frobnicate\" is not a command; `sallyport help` lists them" },
		{ "stauts", "\"stauts\" is not a command; did you mean status?" },
		{ "users list", "\"users\" is not a command; did you mean user?" },
		{ "user lsit", "\"user lsit\" is not a command; did you mean user list?" },
		{ "user frobnicate",
		  "\"user frobnicate\" is not a command; `sallyport help user` lists them" },
		{ "status now", "\"now\" is one argument too many for status" },
		{ "user show a b", "\"b\" is one argument too many for user show" },
		{ "user add a --hom b",
		  "--hom is not an option of user add; did you mean --home?" },
		{ "user list --home b", "--home is not an option of user list" },
		{ "--home x user add a", "--home is not an option" },
		{ "--jsn status", "--jsn is not an option; did you mean --json?" },
		{ "status -x", "-x is not an option" },
		{ "user add a --home", "--home needs a value: --home DIR" },
		{ "-c", "--config needs a value: --config FILE" },
		{ "status --json=yes", "--json takes no value" },
		{ "user add a --password x",
		  "--password: a password is never an argument, since every user of the machine "
		  "could read it there; answer the prompt, or give one line on standard input with "
		  "--password-stdin" },
		{ "user passwd a --password=x",
		  "--password: a password is never an argument, since every user of the machine "
		  "could read it there; answer the prompt, or give one line on standard input with "
		  "--password-stdin" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arguments arguments;
		char wrong[512];

		assert_int_equal(parse(rows[i].line, &arguments, wrong, sizeof(wrong)), -EINVAL);
		assert_string_equal(wrong, rows[i].wrong);
	}
}

static void missing_operands_are_named(void **state)
{
	struct arguments arguments;
	char wrong[256];
	struct buf out;

	(void)state;
	assert_int_equal(parse("user add", &arguments, wrong, sizeof(wrong)), 0);
	buf_init(&out, wrong, sizeof(wrong));
	assert_int_equal(arguments_check(&arguments, &out), -EINVAL);
	assert_string_equal(wrong, "user add needs NAME");
}

static void options_may_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"-c x.conf --json user add --home h alice",
		"user add alice --home=h --json --config x.conf",
		"user -cx.conf --json add --home h -- alice",
	};
	char wrong[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct arguments a;

		assert_int_equal(parse(lines[i], &a, wrong, sizeof(wrong)), 0);
		assert_string_equal(a.command->name, "user add");
		assert_int_equal(a.n_operands, 1);
		assert_string_equal(a.operands[0], "alice");
		assert_string_equal(arguments_option(&a, "home"), "h");
		assert_string_equal(arguments_option(&a, "config"), "x.conf");
		assert_string_equal(arguments_option(&a, "json"), "");
		assert_null(arguments_option(&a, "disabled"));
	}
}

static void what_begins_with_a_dash_may_follow_two_dashes(void **state)
{
	struct arguments arguments;
	char wrong[256];

	(void)state;
	assert_int_equal(parse("user show -- --json", &arguments, wrong, sizeof(wrong)), 0);
	assert_string_equal(arguments.operands[0], "--json");
	assert_null(arguments_option(&arguments, "json"));
}

static void a_group_alone_is_no_command_yet(void **state)
{
	struct arguments arguments;
	char wrong[256];

	(void)state;
	assert_int_equal(parse("user --help", &arguments, wrong, sizeof(wrong)), 0);
	assert_null(arguments.command);
	assert_string_equal(arguments.group, "user");
	assert_int_equal(parse("", &arguments, wrong, sizeof(wrong)), 0);
	assert_null(arguments.command);
	assert_null(arguments.group);
}

static void every_command_can_be_used_as_its_row_says(void **state)
{
	const struct command *command;

	(void)state;
	for (size_t i = 0; (command = command_at(i)); i++) {
		assert_true(command_find(command->name) == command);
		assert_non_null(command->run);
		assert_true(command->min_operands <= command->max_operands);
		assert_true(command->max_operands <= CLI_MAX_OPERANDS);
		assert_true((command->max_operands > 0) == (*command->operands != '\0'));
		assert_true(command->is_hidden || command->examples);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_understood_is_refused_with_a_hint),
		cmocka_unit_test(missing_operands_are_named),
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(what_begins_with_a_dash_may_follow_two_dashes),
		cmocka_unit_test(a_group_alone_is_no_command_yet),
		cmocka_unit_test(every_command_can_be_used_as_its_row_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
