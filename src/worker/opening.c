/* worker/opening.c - see opening.h. */
#include "worker/opening.h"

#include <stdatomic.h>

#include "worker/control.h"
#include "worker/sessions.h"

/* 0: the transfer can go on; -EAGAIN: when the client has sent something; else as data_secure. */
static int advance(struct session *s, struct opening *opening, bool waits)
{
	struct data *data = &opening->data;

	if (!opening->is_secured && s->protects_data) {
		int r = waits ? data_secure(s, data) : data_try_secure(s, data);

		if (r < 0)
			return r;
	}
	opening->is_secured = true;
	if (waits || !opening->awaits_content || stream_has_pending(&data->stream))
		return 0;
	opening->awaits_content = false; /* whatever comes next is for who receives it */
	return -EAGAIN;
}

/* As opening_go_on. */
static int run(struct session *s, bool waits)
{
	struct opening *opening = s->opening;
	int r = advance(s, opening, waits);

	if (r == -EAGAIN) {
		if (control_has_heard_all(s) &&
		    sessions_await_data(s->worker->sessions, s, &opening->data.stream))
			return 1;
		r = advance(s, opening, true);
	}
	s->opening = NULL;
	opening->go_on(s, opening, r == 0);
	return 0;
}

void opening_begin(struct session *s, struct opening *opening, const char *what)
{
	if (data_connect(s, &opening->data, what) < 0) {
		opening->go_on(s, opening, false);
		return;
	}
	s->opening = opening;
	/* What has come behind the command is heard by who waits. */
	s->parks_opening =
		run(s, stream_has_pending(&s->control) || !line_reader_is_empty(&s->lines)) == 1;
}

int opening_go_on(struct session *s)
{
	struct opening *opening = s->opening;

	if (s->parks_opening) {
		s->parks_opening = false;
		return 1;
	}
	if (s->wants_end) { /* the client has gone before anything was touched */
		s->opening = NULL;
		data_close(s, &opening->data);
		opening->go_on(s, opening, false);
		return 0;
	}
	/* Who waits hears the client, and what else there is to hear. */
	return run(s, atomic_load(&s->is_called) || atomic_load(&s->farewell));
}
