/* Tests of what is said about a certificate: refusals first, then what is only worth knowing. */
#include "net/certificate_bundle.h"

#include "base/clock.h"
#include "base/test.h"

static struct certificate_facts facts;

static const char *const names[] = { "ftp.example.com", "192.0.2.1" };

static char *make(unsigned days)
{
	struct certificate_bundle *bundle = NULL;

	assert_int_equal(certificate_bundle_self_sign(names, 2, days, &bundle), 0);
	char *pem = certificate_bundle_pem(bundle);
	assert_non_null(pem);
	certificate_bundle_free(&bundle);
	return pem;
}

static bool has_problem(const char *id)
{
	for (size_t i = 0; i < facts.n_problems; i++)
		if (strcmp(facts.problems[i].id, id) == 0)
			return true;
	return false;
}

static void what_is_no_bundle_is_refused(void **state)
{
	AUTO_FREE char *one = make(10), *other = make(10);
	const struct {
		struct text certificates, key;
		const char *id;
	} rows[] = {
		{ T(""), T(""), "not-pem" },
		{ T("hello"), T(""), "not-pem" },
		{ T("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), T(""),
		  "not-pem" },
		{ text_of(one), T("hello"), "no-key" },
		{ text_of(one), T("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
		  "bad-key" },
		{ text_of(one),
		  T("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
		  "encrypted-key" },
		{ text_of(one), text_of(other), "key" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct certificate_bundle *bundle = NULL;
		struct certificate_problem problem;

		assert_int_equal(certificate_bundle_parse(rows[i].certificates, rows[i].key,
							  &bundle, &problem),
				 -EINVAL);
		assert_string_equal(problem.id, rows[i].id);
		assert_null(bundle);
	}
}

static void a_certificate_of_our_own_says_what_it_is(void **state)
{
	AUTO_FREE char *pem = make(30);
	struct certificate_bundle *bundle = NULL;
	struct certificate_problem problem;
	const char *const other[] = { "other.example.com", "192.0.2.2" };
	int64_t now_ms = clock_wall_ms();

	(void)state;
	assert_int_equal(certificate_bundle_parse(text_of(pem), T(""), &bundle, &problem), 0);
	assert_true(certificate_bundle_has_key(bundle));
	certificate_bundle_judge(bundle, names, 2, now_ms, &facts);
	assert_string_equal(facts.subject, "CN=ftp.example.com");
	assert_string_equal(facts.names, "ftp.example.com, 192.0.2.1");
	assert_string_equal(facts.key, "EC P-256");
	assert_int_equal(strlen(facts.fingerprint), 95);
	assert_true(facts.is_self_signed);
	assert_true(facts.is_chain_complete);
	assert_int_equal(facts.n_problems, 1);
	assert_true(has_problem("self-signed"));
	certificate_bundle_judge(bundle, other, 2, now_ms, &facts);
	assert_true(has_problem("name"));
	certificate_bundle_judge(bundle, names, 2, now_ms + (int64_t)31 * 86400000, &facts);
	assert_true(has_problem("expired"));
	certificate_bundle_judge(bundle, names, 2, now_ms - (int64_t)5 * 86400000, &facts);
	assert_true(has_problem("not-yet-valid"));
	certificate_bundle_judge(bundle, names, 2, now_ms + (int64_t)20 * 86400000, &facts);
	assert_true(has_problem("expiring"));
	certificate_bundle_free(&bundle);
}

static void what_does_not_belong_is_left_out_and_said(void **state)
{
	AUTO_FREE char *one = make(30), *other = make(30), *both = NULL;
	struct certificate_bundle *bundle = NULL;
	struct certificate_problem problem;

	(void)state;
	assert_true(asprintf(&both, "%s%s", other, one) > 0);
	assert_int_equal(certificate_bundle_parse(text_of(both), text_of(one), &bundle, &problem),
			 0);
	certificate_bundle_judge(bundle, names, 2, clock_wall_ms(), &facts);
	assert_true(has_problem("order"));
	assert_true(has_problem("unused"));
	assert_int_equal(facts.n_chain, 1);
	certificate_bundle_free(&bundle);
}

static void names_that_are_none_are_not_signed(void **state)
{
	const char *const bad[] = { "a b", "DNS:x", "x,DNS:y", "" };
	struct certificate_bundle *bundle = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(certificate_bundle_self_sign(&bad[i], 1, 10, &bundle), -EINVAL);
	assert_int_equal(certificate_bundle_self_sign(NULL, 0, 10, &bundle), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_bundle_is_refused),
		cmocka_unit_test(a_certificate_of_our_own_says_what_it_is),
		cmocka_unit_test(what_does_not_belong_is_left_out_and_said),
		cmocka_unit_test(names_that_are_none_are_not_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
