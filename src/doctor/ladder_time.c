/* doctor/ladder_time.c - the time of a session: an answer that comes in time is worth more than one
 * thing more that was tried. What decides the cause takes the time that it needs; what comes behind
 * it shares the rest, and what there is no time for is left out and named; see ladder.h. */
#include "doctor/ladder.h"

/* From the login on. A dropped passive range takes two thirds of it to be sure of. */
#define SESSION_MS 25000
#define SESSION_QUICK_MS 8000

void ladder_begin_time(struct ladder *ladder)
{
	struct doctor *doctor = &ladder->doctor;

	doctor->over_ms = deadline_in(doctor->options->is_quick ? SESSION_QUICK_MS : SESSION_MS);
	/* A server that has just let us in need not be waited for as long as an unknown one. */
	doctor->connect_ms = MIN_OF(doctor->connect_ms, doctor->data_ms);
}

static void note_left_out(struct ladder *ladder, const char *what)
{
	struct conditions *conditions = &ladder->doctor.evidence->conditions;
	size_t len = strlen(conditions->left_out);
	struct step step;

	(void)snprintf(conditions->left_out + len, sizeof(conditions->left_out) - len, "%s%s",
		       len > 0 ? ", " : "", what);
	step_begin(&step, ladder, what);
	buf_add(&step.detail, T("left out: what came before took the time"));
	step_end(&step, STEP_SKIPPED);
}

bool ladder_has_time(struct ladder *ladder, const char *what)
{
	if (!ladder->doctor.is_frugal || doctor_has_time(&ladder->doctor))
		return true;
	note_left_out(ladder, what);
	return false;
}

bool ladder_begin_frugal(struct ladder *ladder, const char *what)
{
	ladder->doctor.is_frugal = true;
	if (ladder_has_time(ladder, what))
		return true;
	ladder->doctor.is_frugal = false;
	return false;
}

void ladder_end_frugal(struct ladder *ladder)
{
	ladder->doctor.is_frugal = false;
}
