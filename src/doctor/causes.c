/* doctor/causes.c - see causes.h. The rows stand in causes_*.c, a file per stage or a part of one;
 * here they are asked in the order of the way. The first problem is the root: what it explains is
 * not asked for any more. */
#include "doctor/cause.h"

static const struct stage *const stages[] = {
	&stage_name,	 &stage_connect, &stage_control, &stage_tls,   &stage_login,
	&stage_data,	 &stage_passive, &stage_range,	 &stage_mode,  &stage_active,
	&stage_transfer, &stage_session, &stage_left,	 &stage_reuse, &stage_once,
};

const struct cause *cause_at(size_t index, const struct stage **ret_stage)
{
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		if (index < stages[i]->n_causes) {
			if (ret_stage)
				*ret_stage = stages[i];
			return &stages[i]->causes[index];
		}
		index -= stages[i]->n_causes;
	}
	return NULL;
}

/* --- findings --------------------------------------------------------------------------------- */

static bool list_has(const char *list, const char *id)
{
	struct text rest = text_of(list), word;

	while (text_take_until(&rest, ' ', &word))
		if (text_equal(word, text_of(id)))
			return true;
	return false;
}

/* One that was found before explains it, or is it. */
static bool is_explained(const struct diagnosis *diagnosis, const char *const *explains,
			 const char *id)
{
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		if (strcmp(diagnosis->findings[i].id, id) == 0 ||
		    (explains[i] && list_has(explains[i], id)))
			return true;
	return false;
}

static void expand_into(const struct finding *finding, const char *template, const char *more,
			char *ret, size_t size)
{
	AUTO_FREE char *storage = calloc(1, size);
	struct buf out;

	if (!storage)
		return;
	buf_init(&out, storage, size);
	finding_expand(finding, template, &out);
	if (*more)
		buf_add_char(&out, ' ');
	finding_expand(finding, more, &out);
	(void)snprintf(ret, size, "%s", storage);
}

static bool examine(const struct cause *cause, const struct evidence *evidence, struct finding *ret)
{
	char more[sizeof(ret->explanation)], remedy[sizeof(ret->remedy)];

	*ret = (struct finding){ .severity = cause->severity,
				 .who = cause->who,
				 .confidence = cause->confidence };
	if (!cause->applies(evidence, ret))
		return false;
	(void)snprintf(ret->id, sizeof(ret->id), "%s", cause->id);
	(void)snprintf(ret->title, sizeof(ret->title), "%s", cause->title);
	(void)snprintf(more, sizeof(more), "%s", ret->explanation);
	(void)snprintf(remedy, sizeof(remedy), "%s", *ret->remedy ? ret->remedy : cause->remedy);
	expand_into(ret, cause->explanation, more, ret->explanation, sizeof(ret->explanation));
	expand_into(ret, remedy, "", ret->remedy, sizeof(ret->remedy));
	if (cause->tells_apart)
		expand_into(ret, cause->tells_apart, "", ret->tells_apart,
			    sizeof(ret->tells_apart));
	return true;
}

/* Problems first, then warnings, then notes, else as they were found; remarks stand behind. */
static void sort(struct diagnosis *diagnosis)
{
	static const enum severity order[] = { SEVERITY_PROBLEM, SEVERITY_WARNING, SEVERITY_NOTE,
					       SEVERITY_REMARK };
	AUTO_FREE struct finding *sorted = calloc(DIAGNOSIS_FINDINGS, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return;
	for (size_t o = 0; o < ARRAY_SIZE(order); o++)
		for (size_t i = 0; i < diagnosis->n_findings; i++)
			if (diagnosis->findings[i].severity == order[o])
				sorted[n++] = diagnosis->findings[i];
	memcpy(diagnosis->findings, sorted, sizeof(diagnosis->findings));
	while (diagnosis->n_findings > 0 &&
	       diagnosis->findings[diagnosis->n_findings - 1].severity == SEVERITY_REMARK) {
		diagnosis->n_findings--;
		diagnosis->n_remarks++;
	}
}

/* A problem or a warning; notes and remarks leave open why a transfer fails. */
static bool has_weight(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->n_findings; i++)
		if (diagnosis->findings[i].severity >= SEVERITY_WARNING)
			return true;
	return false;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static const char *who_can(enum who who)
{
	switch (who) {
	case WHO_YOU:
		return "you can mend it";
	case WHO_FIREWALL:
		return "the administrator of your firewall can mend it";
	case WHO_SERVER:
		break;
	}
	return "the server's administrator can mend it";
}

static bool was_withheld(const struct evidence *evidence)
{
	const struct control *control = evidence_control(evidence, PURPOSE_MAIN);

	return control && control->login == LOGIN_WITHHELD;
}

/* What kept it from saying anything; NULL: nothing. */
static const char *reason_untested(const struct evidence *evidence)
{
	const struct conditions *conditions = &evidence->conditions;
	const struct control *control = evidence_control(evidence, PURPOSE_MAIN);
	const struct door *door = main_door(evidence);

	if (conditions->was_interrupted)
		return "the examination was stopped before its end";
	if (!door)
		return "there was no address to try";
	if (door->outcome == NET_NO_ROUTE && !has_good_door(evidence))
		return "this machine has no route to the server";
	if (was_withheld(evidence) && control->mode == MODE_PLAIN)
		return "the password was withheld, since it would have gone out in clear "
		       "(--allow-plain permits it)";
	if (was_withheld(evidence))
		return "the password was withheld, since the certificate is not trusted";
	if (control && control->login == LOGIN_NO_PASSWORD)
		return "the server wants a password, and none was given";
	if (!has_good_door(evidence))
		return "no FTP server answered";
	if (control && control->login == LOGIN_OK && evidence->n_transfers == 0)
		return "nothing was transferred";
	return NULL;
}

static const struct transfer *unexplained_failure(const struct evidence *evidence)
{
	const struct wanted wanted = { .modes = MODES_PASSIVE, .results = RESULTS_FAILED };
	const struct transfer *failed;
	size_t at = 0;

	while ((failed = find_transfer(evidence, wanted, &at)) && transfer_may_fail(failed))
		;

	/* Active mode alone is no problem while passive mode works. */
	if (failed || has_transfer(evidence, (struct wanted){ .modes = MODES_PASSIVE,
							      .results = BIT(TRANSFER_OK) }))
		return failed;
	return find_transfer(evidence, (struct wanted){ .results = RESULTS_FAILED }, NULL);
}

static bool login_broke(const struct evidence *evidence)
{
	const struct control *control = evidence_control(evidence, PURPOSE_MAIN);

	return control && control->login != LOGIN_OK && control->login != LOGIN_WITHHELD &&
	       control->login != LOGIN_NO_PASSWORD && !evidence->conditions.was_interrupted;
}

static void say_healthy(const struct evidence *evidence, struct buf *out)
{
	bool has_logged_in = evidence->n_transfers > 0;

	buf_addf(out, "Healthy: %s %s from here", evidence->target.host,
		 has_logged_in ? "works" : "can be reached, up to the login,");
	if (has_logged_in && evidence->conditions.is_read_only)
		buf_add(out, T(", as far as reading shows"));
	buf_add(out, T("."));
}

static void say_failure(const struct transfer *failed, struct buf *out)
{
	const char *command = *failed->command ? failed->command : failed->setup_command;
	const struct reply *refusal = transfer_refusal(failed);

	if (refusal)
		buf_addf(out, "the server answers %.100s with \"%.*s\".", command,
			 (int)strcspn(refusal->text, "\r\n"), refusal->text);
	else
		buf_addf(out, "see %.100s.", command);
}

static void judge(const struct evidence *evidence, struct diagnosis *ret)
{
	const struct finding *root = ret->n_findings > 0 ? &ret->findings[0] : NULL;
	bool is_problem = root && root->severity == SEVERITY_PROBLEM;
	/* A warning may be all that a failure deserves (D-39). */
	bool is_unexplained =
		!has_weight(ret) && (unexplained_failure(evidence) || login_broke(evidence));
	const char *reason = reason_untested(evidence);
	struct buf out;

	buf_init(&out, ret->sentence, sizeof(ret->sentence));
	if (is_problem) {
		ret->verdict = VERDICT_PROBLEM;
		buf_addf(&out, "%s (%s): %s.", root->title, root->id, who_can(root->who));
	} else if (is_unexplained) {
		const struct transfer *failed = unexplained_failure(evidence);

		ret->verdict = VERDICT_PROBLEM;
		buf_add(&out, T("Something fails that no known cause explains: "));
		if (failed)
			say_failure(failed, &out);
		else
			buf_add(&out, T("the login breaks off."));
	} else if (reason) {
		ret->verdict = VERDICT_UNTESTED;
		buf_addf(&out, "It could not be tested: %s.", reason);
	} else {
		ret->verdict = VERDICT_HEALTHY;
		say_healthy(evidence, &out);
	}
}

void doctor_diagnose(const struct evidence *evidence, struct diagnosis *ret)
{
	const char *explains[DIAGNOSIS_FINDINGS] = { NULL };
	const struct cause *cause;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; (cause = cause_at(i, NULL)); i++) {
		if (ret->n_findings == DIAGNOSIS_FINDINGS)
			break;
		if (is_explained(ret, explains, cause->id) ||
		    (cause->is_last_resort && has_weight(ret)) ||
		    !examine(cause, evidence, &ret->findings[ret->n_findings]))
			continue;
		explains[ret->n_findings++] = cause->explains;
	}
	if (ret->n_findings < DIAGNOSIS_FINDINGS)
		ret->findings[ret->n_findings] = (struct finding){ .id = "" };
	sort(ret);
	judge(evidence, ret);
}
