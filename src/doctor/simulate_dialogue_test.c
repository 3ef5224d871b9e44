/* Tests of doctor/simulate_dialogue.h, and that the table of causes makes sense. */
#include "base/test.h"
#include "doctor/simulate_dialogue.h"

static void test_verbs_are_found_behind_telnet(void **state UNUSED)
{
	static const struct {
		const char *line, *verb, *argument;
	} rows[] = {
		{ "", "", "" },
		{ "123\r\n", "", "" },
		{ "noop\r\n", "NOOP", "" },
		{ "\xff\xf4\xff\xf2"
		  "ABOR\r\n",
		  "ABOR", "" },
		{ "stor a b \r\n", "STOR", "a b " },
		{ "Abcdefghijkl x\n", "ABCDEFGH", "x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char verb[DIALOGUE_VERB_SIZE];

		dialogue_verb(text_of(rows[i].line), verb);
		assert_string_equal(verb, rows[i].verb);
		assert_text(dialogue_argument(text_of(rows[i].line)), rows[i].argument);
	}
}

static void test_passive_replies_tell_a_port(void **state UNUSED)
{
	static const struct {
		const char *line;
		int port; /* 0: none */
	} rows[] = {
		{ "227 Entering Passive Mode.\r\n", 0 },
		{ "227 Entering Passive Mode (1,2,3,4,5).\r\n", 0 },
		{ "229 ok (|||70000|)\r\n", 0 },
		{ "229 ok (|||0|)\r\n", 0 },
		{ "227 Entering Passive Mode (10,0,0,1,156,64).\r\n", 40000 },
		{ "229 Entering Extended Passive Mode (|||40001|)\r\n", 40001 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint16_t port = 0;

		assert_int_equal(dialogue_passive_port(text_of(rows[i].line), &port),
				 rows[i].port != 0);
		assert_int_equal(port, rows[i].port);
	}
}

static void test_an_inspecting_firewall_hides_tls(void **state UNUSED)
{
	char storage[128];
	struct buf out;

	buf_init(&out, storage, sizeof(storage));
	assert_true(dialogue_mask(T("220 Hello\r\n"), true, &out));
	assert_string_equal(storage, "220 *****\r\n");
	buf_reset(&out);
	assert_true(dialogue_mask(T(" AUTH TLS\r\n"), false, &out));
	assert_string_equal(storage, " XXXX\r\n");
}

static void test_answers_depend_on_the_state(void **state UNUSED)
{
	const struct simulation *plain = simulation_find(T("D-59"));
	const struct simulation *prot = simulation_find(T("54"));

	assert_non_null(dialogue_answer(plain, "USER", true, false));
	assert_null(dialogue_answer(plain, "USER", false, false));
	assert_null(dialogue_answer(plain, "AUTH", true, false));
	assert_non_null(dialogue_answer(prot, "STOR", false, false));
	assert_null(dialogue_answer(prot, "STOR", false, true));
}

static void test_causes_have_ids_of_their_own(void **state UNUSED)
{
	const struct simulation *cause;

	for (size_t i = 0; (cause = simulation_at(i)); i++)
		assert_ptr_equal(simulation_find(text_of(cause->id)), cause);
	assert_null(simulation_find(T("D-1000")));
	assert_null(simulation_find(T("")));
	assert_ptr_equal(simulation_find(T("d-20")), simulation_find(T("20")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs_are_found_behind_telnet),
		cmocka_unit_test(test_passive_replies_tell_a_port),
		cmocka_unit_test(test_an_inspecting_firewall_hides_tls),
		cmocka_unit_test(test_answers_depend_on_the_state),
		cmocka_unit_test(test_causes_have_ids_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
