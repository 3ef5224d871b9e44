/* Tests of net/external.h; includes the source with a resolver of our own instead of the
 * network's. */
#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

static int fake_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
			    struct addrinfo **ret);

#define getaddrinfo fake_getaddrinfo
#define freeaddrinfo free
#include "net/external.c"

#include "base/buf.h"

/* The last number of the answer for "good.example", 0: it fails. */
static _Atomic unsigned good_answer = 7;

struct answer {
	struct addrinfo info; /* first: freeing it frees all */
	struct sockaddr_in in;
};

static struct addrinfo *make_answer(unsigned last, struct addrinfo *next)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	answer->in.sin_family = AF_INET;
	answer->in.sin_addr.s_addr = htonl(0xcb007100u | last); /* 203.0.113.0/24 */
	answer->info.ai_addr = (struct sockaddr *)&answer->in;
	answer->info.ai_next = next;
	return &answer->info;
}

static int fake_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
			    struct addrinfo **ret)
{
	unsigned last = atomic_load(&good_answer);

	(void)service;
	if (hints->ai_family != AF_INET || !text_equal(text_of(name), T("good.example")) ||
	    last == 0)
		return EAI_AGAIN;
	*ret = make_answer(last, NULL);
	return *ret ? 0 : EAI_MEMORY;
}

static struct address parsed(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text_of(text), &a), 0);
	return a;
}

static void rules_that_are_wrong_are_named(void **state)
{
	static const struct {
		const char *rules, *bad;
	} rows[] = {
		{ "10.0.0.300", "10.0.0.300" },
		{ "10.0.0", "10.0.0" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "203.0.113.5:21", "203.0.113.5:21" },
		{ "203.0.113.5, ftp example.com", "ftp example.com" },
		{ "203.0.113.5,,203.0.113.6", "" },
		{ "203.0.113.5,", "," },
		{ ",", "" },
		{ "10.0.0.1/8=10.0.0.5", "10.0.0.1/8=10.0.0.5" },
		{ "10.0.0.0/8=", "10.0.0.0/8=" },
		{ "=203.0.113.5", "=203.0.113.5" },
		{ "lan=203.0.113.5", "lan=203.0.113.5" },
		{ "10.0.0.0/8=a=b", "10.0.0.0/8=a=b" },
		{ "-bad.example", "-bad.example" },
		{ "bad-.example", "bad-.example" },
		{ "bad..example", "bad..example" },
		{ "bad.example.", "bad.example." },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct external *external = NULL;
		struct text bad = T("untouched");
		char copy[64];

		assert_int_equal(external_check(text_of(rows[i].rules), &bad), -EINVAL);
		assert_int_equal(text_copy(bad, copy, sizeof(copy)), 0);
		assert_string_equal(copy, rows[i].bad);
		assert_int_equal(external_new(text_of(rows[i].rules), &external), -EINVAL);
		assert_null(external);
	}
}

static void rules_that_are_too_many_are_refused(void **state)
{
	char rules[(MAX_RULES + 1) * 8 + 8];
	struct text bad;
	struct buf out;

	(void)state;
	buf_init(&out, rules, sizeof(rules));
	for (int i = 0; i < MAX_RULES; i++)
		buf_addf(&out, "%s1.2.3.4", i > 0 ? "," : "");
	assert_int_equal(external_check(buf_text(&out), &bad), 0);
	buf_add(&out, T(",1.2.3.5"));
	assert_int_equal(external_check(buf_text(&out), &bad), -EINVAL);
	assert_true(text_equal(bad, T("1.2.3.5")));
}

static void the_first_rule_that_fits_the_client_counts(void **state)
{
	static const struct {
		const char *rules, *client, *local, *expected; /* NULL: no answer */
	} rows[] = {
		{ "bad.example", "192.0.2.1", "10.0.0.2", NULL },
		{ "192.0.2.0/24=bad.example,203.0.113.5", "192.0.2.1", "10.0.0.2", NULL },
		{ "", "2001:db8::1", "2001:db8::2", NULL },
		{ "", "192.0.2.1", "10.0.0.2", "10.0.0.2" },
		{ "local", "192.0.2.1", "10.0.0.2", "10.0.0.2" },
		{ "203.0.113.5", "192.0.2.1", "10.0.0.2", "203.0.113.5" },
		{ " 203.0.113.5 ", "192.0.2.1", "10.0.0.2", "203.0.113.5" },
		{ "203.0.113.5", "2001:db8::1", "2001:db8::2", "203.0.113.5" },
		{ "10.0.0.0/8=local, 203.0.113.5", "10.9.9.9", "10.0.0.2", "10.0.0.2" },
		{ "10.0.0.0/8 = local, 203.0.113.5", "192.0.2.1", "10.0.0.2", "203.0.113.5" },
		{ "10.0.0.0/8=10.0.0.5", "192.0.2.1", "192.0.2.2", "192.0.2.2" },
		{ "10.0.0.0/8=10.0.0.5,10.1.0.0/16=10.0.0.6", "10.1.0.1", "10.0.0.2", "10.0.0.5" },
		{ "good.example", "192.0.2.1", "10.0.0.2", "203.0.113.7" },
		{ "192.0.2.0/24=good.example,bad.example", "192.0.2.1", "10.0.0.2", "203.0.113.7" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address client = parsed(rows[i].client), local = parsed(rows[i].local);
		struct address ret = { .port = 40123 };
		char text[ADDRESS_TEXT_SIZE];
		struct external *external;

		assert_int_equal(external_new(text_of(rows[i].rules), &external), 0);
		assert_int_equal(external_for(external, &client, &local, &ret),
				 rows[i].expected != NULL);
		if (rows[i].expected)
			assert_string_equal(address_format_ip(&ret, text), rows[i].expected);
		assert_int_equal(ret.port, 40123);
		external_free(&external);
		assert_null(external);
	}
}

static void the_last_good_answer_stays_while_the_resolver_fails(void **state)
{
	struct rule rule = { .kind = RULE_NAME, .name = "good.example" };
	struct external external = { .holders = 1 };
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	init_locks(&external);
	atomic_store(&good_answer, 0);
	resolve_rule(&external, &rule);
	assert_false(rule.has_address);
	atomic_store(&good_answer, 7);
	resolve_rule(&external, &rule);
	assert_true(rule.has_address);
	atomic_store(&good_answer, 0);
	resolve_rule(&external, &rule);
	assert_true(rule.has_address);
	assert_string_equal(address_format_ip(&rule.address, text), "203.0.113.7");
	atomic_store(&good_answer, 8);
	resolve_rule(&external, &rule);
	assert_string_equal(address_format_ip(&rule.address, text), "203.0.113.8");
	atomic_store(&good_answer, 7);
	(void)pthread_cond_destroy(&external.changed);
	(void)pthread_mutex_destroy(&external.mutex);
}

static void the_address_that_is_announced_already_is_kept_among_several(void **state)
{
	struct address current = parsed("203.0.113.2"), chosen;
	struct addrinfo *third = make_answer(3, NULL), *second = make_answer(2, third);
	struct addrinfo *first = make_answer(1, second);
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_false(choose_answer(NULL, &current, &chosen));
	assert_true(choose_answer(first, &current, &chosen));
	assert_string_equal(address_format_ip(&chosen, text), "203.0.113.2");
	current = parsed("203.0.113.9");
	assert_true(choose_answer(first, &current, &chosen));
	assert_string_equal(address_format_ip(&chosen, text), "203.0.113.1");
	free(first);
	free(second);
	free(third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_that_are_wrong_are_named),
		cmocka_unit_test(rules_that_are_too_many_are_refused),
		cmocka_unit_test(the_last_good_answer_stays_while_the_resolver_fails),
		cmocka_unit_test(the_first_rule_that_fits_the_client_counts),
		cmocka_unit_test(the_address_that_is_announced_already_is_kept_among_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
