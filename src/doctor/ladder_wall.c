/* doctor/ladder_wall.c - where the wall stands: as soon as a port is known to be blocked its way is
 * followed, beside the rest of the examination; see ladder.h. */
#include "doctor/ladder.h"

static void trace_target(void *arg)
{
	const struct trace_task *task = arg;

	probe_trace(task->doctor, task->trace);
}

void ladder_seek_wall(struct ladder *ladder, const struct address *blocked,
		      const struct address *open)
{
	struct wall_search *wall = &ladder->wall;
	const struct address *targets[] = { blocked, open };

	if (wall->n_tasks > 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct trace *trace =
			targets[i] ? evidence_add_trace(ladder->doctor.evidence) : NULL;
		struct trace_task *task = &wall->tasks[wall->n_tasks];

		if (!trace)
			continue;
		trace->target = *targets[i];
		trace->is_blocked = i == 0;
		*task = (struct trace_task){ .doctor = &ladder->doctor, .trace = trace };
		wall->n_tasks++;
		threads_run(&wall->threads, trace_target, task);
	}
}

void ladder_tell_wall(struct ladder *ladder)
{
	struct wall_search *wall = &ladder->wall;
	const struct trace *trace = wall->tasks[0].trace;
	struct step step;

	if (wall->n_tasks == 0)
		return;
	step_begin(&step, ladder, "Way to the blocked port");
	threads_join(&wall->threads);
	if (trace->reached_ttl > 0)
		buf_addf(&step.detail, "reaches the server at hop %u", trace->reached_ttl);
	else
		buf_addf(&step.detail, "last answer from hop %u", trace->last_heard_ttl);
	step_end(&step, trace->reached_ttl > 0 ? STEP_OK : STEP_WARNED);
}
