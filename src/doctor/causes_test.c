/* doctor/causes_test.c - recorded evidence and the cause that it proves: tests/doctor/evidence/. A
 * file is a list of cases: `evidence` replaces members of healthy.json (null removes one), `cause`
 * is the root (null: none), `near` one that must not be named, `facts` some of the root's; `also`
 * is one that must be among the others, `title` that of the root. Where several rows have the same
 * id, `near` is a title. */
#include <dirent.h>

#include "base/test.h"
#include "doctor/cause.h"
#include "doctor/evidence_json.h"

#define PATH_MAX_BYTES 4096
#define CAUSES_MAX 256
#define DOCS_MAX (256 * 1024)

static const char *folder;
static unsigned n_wrong; /* all cases are looked at before it fails */

#define WRONG(...)                                                                                 \
	do {                                                                                       \
		print_error(__VA_ARGS__);                                                          \
		n_wrong++;                                                                         \
	} while (0)

/* How often each row was the answer, and how often nearly. */
static struct {
	unsigned n_positive, n_near;
} seen[CAUSES_MAX];

static bool is_alone(const char *id)
{
	const struct cause *cause;
	unsigned n = 0;

	for (size_t i = 0; (cause = cause_at(i, NULL)); i++)
		n += strcmp(cause->id, id) == 0;
	return n == 1;
}

static void count_answer(const struct finding *finding)
{
	const struct cause *cause;

	for (size_t i = 0; (cause = cause_at(i, NULL)) && i < CAUSES_MAX; i++)
		seen[i].n_positive += strcmp(cause->id, finding->id) == 0 &&
				      strcmp(cause->title, finding->title) == 0;
}

/* near: an id that one row has, or a title. */
static void count_near(const char *near)
{
	const struct cause *cause;

	for (size_t i = 0; (cause = cause_at(i, NULL)) && i < CAUSES_MAX; i++)
		seen[i].n_near += strcmp(cause->title, near) == 0 ||
				  (strcmp(cause->id, near) == 0 && is_alone(near));
}

static json_t *load(const char *name)
{
	char path[PATH_MAX_BYTES];
	json_error_t error;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	json_t *json = json_load_file(path, 0, &error);
	if (!json)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return json;
}

/* Of this id or title; NULL: none. */
static const struct finding *find(const struct diagnosis *diagnosis, const char *what)
{
	for (size_t i = 0; i < diagnosis->n_findings + diagnosis->n_remarks; i++)
		if (strcmp(diagnosis->findings[i].id, what) == 0 ||
		    strcmp(diagnosis->findings[i].title, what) == 0)
			return &diagnosis->findings[i];
	return NULL;
}

static void check_facts(const char *says, const struct finding *root, json_t *facts)
{
	const char *name;
	json_t *value;

	json_object_foreach(facts, name, value)
	{
		const struct named_value *fact = finding_fact(root, name);
		bool is_same =
			fact && (fact->is_number ? json_is_integer(value) &&
							   fact->number == json_integer_value(value)
						 : json_is_string(value) &&
							   strcmp(fact->text,
								  json_string_value(value)) == 0);

		if (!is_same)
			WRONG("%s: fact %s of %s is %s %lld\n", says, name, root->id,
			      fact ? fact->text : "not there", fact ? (long long)fact->number : 0);
	}
}

/* Texts are whole: nothing is left to fill in, and no fact was missing. */
static void check_texts(const struct finding *finding)
{
	const char *const texts[] = { finding->explanation, finding->remedy, finding->tells_apart };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (strchr(texts[i], '{') || strstr(texts[i], " ?") || strstr(texts[i], "(?"))
			WRONG("%s has a gap: %s\n", finding->id, texts[i]);
		if (strlen(texts[i]) > 1000)
			WRONG("%s is long: %s\n", finding->id, texts[i]);
	}
	assert_true(*finding->explanation && *finding->remedy && *finding->title);
	assert_in_range(finding->confidence, 1, 100);
}

static void check_case(const json_t *healthy, json_t *row, struct diagnosis *diagnosis)
{
	const char *says = json_string_value(json_object_get(row, "says"));
	const char *cause = json_string_value(json_object_get(row, "cause"));
	const char *remark = json_string_value(json_object_get(row, "remark"));
	const char *near = json_string_value(json_object_get(row, "near"));
	const char *also = json_string_value(json_object_get(row, "also"));
	const char *title = json_string_value(json_object_get(row, "title"));
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	json_t *json = json_copy((json_t *)(uintptr_t)healthy), *value;
	struct evidence_error error = { "" };
	const char *name;

	assert_non_null(evidence);
	json_object_foreach(json_object_get(row, "evidence"), name, value)
	{
		if (json_is_null(value))
			(void)json_object_del(json, name);
		else
			(void)json_object_set(json, name, value);
	}
	if (evidence_from_json(json, evidence, &error) < 0)
		WRONG("%s: %s\n", says, error.text);
	evidence_fill_matrix(evidence);
	doctor_diagnose(evidence, diagnosis);
	json_decref(json);

	size_t n_all = diagnosis->n_findings + diagnosis->n_remarks;
	if (remark) {
		const struct finding *first = &diagnosis->findings[diagnosis->n_findings];

		if (diagnosis->n_remarks == 0 || strcmp(first->id, remark) != 0)
			WRONG("%s: no remark %s\n", says, remark);
		else
			check_facts(says, first, json_object_get(row, "facts"));
		assert_int_equal(diagnosis->verdict, VERDICT_HEALTHY);
		if (diagnosis->n_remarks > 0)
			count_answer(first);
	}
	const char *root = diagnosis->n_findings > 0 ? diagnosis->findings[0].id : "none";
	if (strcmp(root, cause ? cause : "none") != 0)
		WRONG("%s: %s instead of %s (%s)\n", says, root, cause ? cause : "none",
		      diagnosis->sentence);
	if (cause) {
		count_answer(&diagnosis->findings[0]);
		check_facts(says, &diagnosis->findings[0], json_object_get(row, "facts"));
		assert_int_equal(diagnosis->verdict == VERDICT_PROBLEM,
				 diagnosis->findings[0].severity == SEVERITY_PROBLEM);
	}
	if (near && find(diagnosis, near))
		WRONG("%s: it is not %s\n", says, near);
	if (near)
		count_near(near);
	if (also && !find(diagnosis, also))
		WRONG("%s: %s is missing\n", says, also);
	else if (also)
		count_answer(find(diagnosis, also));
	if (title && strcmp(diagnosis->findings[0].title, title) != 0)
		WRONG("%s: %s\n", says, diagnosis->findings[0].title);
	for (size_t i = 0; i < n_all; i++)
		check_texts(&diagnosis->findings[i]);
}

static void test_evidence_has_its_cause(void **state UNUSED)
{
	AUTO_FREE struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));
	json_t *healthy = load("healthy.json"), *row;
	struct dirent *entry;
	size_t index, n_cases = 0;
	DIR *directory = opendir(folder);

	assert_non_null(directory);
	assert_non_null(diagnosis);
	while ((entry = readdir(directory))) {
		size_t len = strlen(entry->d_name);

		if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
		    strcmp(entry->d_name, "healthy.json") == 0)
			continue;
		json_t *cases = load(entry->d_name);
		json_array_foreach(cases, index, row)
		{
			check_case(healthy, row, diagnosis);
			n_cases++;
		}
		json_decref(cases);
	}
	(void)closedir(directory);
	json_decref(healthy);
	assert_true(n_cases > 150);
	assert_int_equal(n_wrong, 0);
}

/* Behind the test above: every row has been the answer, and nearly. */
static void test_every_cause_is_proved_and_nearly_missed(void **state UNUSED)
{
	const struct cause *cause;
	unsigned n_ids = 0, n_bare = 0;

	for (size_t i = 0; (cause = cause_at(i, NULL)); i++) {
		assert_true(i < CAUSES_MAX);
		n_ids += is_alone(cause->id);
		if (seen[i].n_positive == 0)
			print_error("no evidence proves %s, %s\n", cause->id, cause->title);
		if (seen[i].n_near == 0)
			print_error("nothing nearly is %s, %s\n", cause->id, cause->title);
		n_bare += seen[i].n_positive == 0 || seen[i].n_near == 0;
	}
	assert_int_equal(n_bare, 0);
	assert_true(n_ids >= 70);
}

/* Rows are told apart by id and title. */
static void test_rows_that_share_an_id_differ_in_their_titles(void **state UNUSED)
{
	const struct cause *one, *other;

	for (size_t i = 0; (one = cause_at(i, NULL)); i++)
		for (size_t k = i + 1; (other = cause_at(k, NULL)); k++)
			if (strcmp(one->title, other->title) == 0)
				fail_msg("two rows are %s", one->title);
}

/* Each row stands in docs/doctor.md with its severity and who can mend it. */
static void test_every_row_is_documented(void **state UNUSED)
{
	static const char *const severities[] = { "remark", "note", "warning", "problem" };
	static const char *const whos[] = { "you", "firewall", "server" };
	AUTO_FREE char *text = calloc(1, DOCS_MAX);
	char path[PATH_MAX_BYTES], line[512];
	const struct cause *cause;
	unsigned n_missing = 0;

	(void)snprintf(path, sizeof(path), "%s/../../../docs/doctor.md", folder);
	FILE *file = fopen(path, "re");
	assert_true(text && file);
	assert_in_range(fread(text, 1, DOCS_MAX - 1, file), 1, DOCS_MAX - 2);
	(void)fclose(file);
	for (size_t i = 0; (cause = cause_at(i, NULL)); i++) {
		(void)snprintf(line, sizeof(line), "\n| %s | %s | %s | %s |", cause->id,
			       cause->title, severities[cause->severity], whos[cause->who]);
		if (strstr(text, line))
			continue;
		print_error("not in docs/doctor.md: %s\n", line + 1);
		n_missing++;
	}
	assert_int_equal(n_missing, 0);
}

static void test_nothing_is_untested_and_not_healthy(void **state UNUSED)
{
	AUTO_EVIDENCE struct evidence *evidence = evidence_new();
	AUTO_FREE struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));

	assert_true(evidence && diagnosis);
	doctor_diagnose(evidence, diagnosis);
	assert_int_equal(diagnosis->verdict, VERDICT_UNTESTED);
	assert_int_equal(diagnosis->n_findings, 0);
	assert_non_null(strstr(diagnosis->sentence, "could not be tested"));
}

static void test_what_a_server_says_fills_no_template(void **state UNUSED)
{
	static struct finding finding;
	char storage[64];
	struct buf out;

	fact_text(&finding, "reply", "500 {port} {x");
	fact_number(&finding, "port", 21);
	buf_init(&out, storage, sizeof(storage));
	finding_expand(&finding, "{port}: \"{reply}\", {none}.", &out);
	assert_text(buf_text(&out), "21: \"500 {port} {x\", ?.");
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence_has_its_cause),
		cmocka_unit_test(test_every_cause_is_proved_and_nearly_missed),
		cmocka_unit_test(test_rows_that_share_an_id_differ_in_their_titles),
		cmocka_unit_test(test_every_row_is_documented),
		cmocka_unit_test(test_nothing_is_untested_and_not_healthy),
		cmocka_unit_test(test_what_a_server_says_fills_no_template),
	};

	folder = argc > 1 ? argv[1] : "tests/doctor/evidence";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
