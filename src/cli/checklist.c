/* cli/checklist.c - see checklist.h. */
#include "cli/checklist.h"

#include "cli/table.h"

#define TICK_MS 200
/* Times below are not worth a word. */
#define SHOWN_FROM_MS 100
#define FRAMES 10

static struct checklist *of(struct watcher *watcher)
{
	return (struct checklist *)(void *)watcher; /* its first member */
}

static void show_running_locked(const struct checklist *checklist)
{
	static const char *const frames[FRAMES] = {
		"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"
	};
	int64_t ms = clock_ms() - checklist->begin_ms;

	(void)fprintf(checklist->out, "\r\033[K%s %s", frames[ms / TICK_MS % FRAMES],
		      checklist->title);
	if (ms >= 1000)
		(void)fprintf(checklist->out, " … %" PRId64 " s", ms / 1000);
	(void)fflush(checklist->out);
}

static void *tick(void *arg)
{
	struct checklist *checklist = arg;

	(void)pthread_mutex_lock(&checklist->lock);
	while (!checklist->is_over) {
		int64_t next_ms = clock_ms() + TICK_MS;
		const struct timespec until = { .tv_sec = next_ms / 1000,
						.tv_nsec = next_ms % 1000 * 1000000 };

		if (checklist->title)
			show_running_locked(checklist);
		if (pthread_cond_timedwait(&checklist->changed, &checklist->lock, &until) != 0)
			continue;
	}
	(void)pthread_mutex_unlock(&checklist->lock);
	return NULL;
}

static void begin(struct watcher *watcher, const char *title)
{
	struct checklist *checklist = of(watcher);

	if (!checklist->out)
		return;
	(void)pthread_mutex_lock(&checklist->lock);
	checklist->title = title;
	checklist->begin_ms = clock_ms();
	(void)pthread_cond_signal(&checklist->changed);
	(void)pthread_mutex_unlock(&checklist->lock);
}

static void print_step(const struct checklist *checklist, enum step_state state, const char *title,
		       const char *detail, int64_t duration_ms)
{
	static const struct {
		const char *mark;
		enum cell_style style;
	} rows[] = {
		[STEP_OK] = { "✓", CELL_GOOD },
		[STEP_FAILED] = { "✗", CELL_BAD },
		[STEP_WARNED] = { "!", CELL_WARNING },
		[STEP_SKIPPED] = { "–", CELL_DIM },
	};
	char shown[256], took[32] = "";
	size_t len = strcspn(detail, "\n");

	if (duration_ms >= SHOWN_FROM_MS)
		(void)snprintf(took, sizeof(took), " (%.1f s)", (double)duration_ms / 1000);
	(void)snprintf(shown, sizeof(shown), "%s%.*s%s", *detail ? "  " : "",
		       (int)MIN_OF(len, sizeof(shown) - sizeof(took) - 8), detail, took);
	style_print(checklist->out, checklist->has_colour, rows[state].style, rows[state].mark);
	(void)fputc(' ', checklist->out);
	style_print(checklist->out, checklist->has_colour, CELL_BOLD, title);
	style_print(checklist->out, checklist->has_colour, CELL_PLAIN, shown);
	(void)fputc('\n', checklist->out);
	(void)fflush(checklist->out);
}

static void end(struct watcher *watcher, enum step_state state, const char *title,
		const char *detail, int64_t duration_ms)
{
	struct checklist *checklist = of(watcher);

	if (!checklist->out)
		return;
	(void)pthread_mutex_lock(&checklist->lock);
	checklist->title = NULL;
	if (checklist->is_live)
		(void)fputs("\r\033[K", checklist->out);
	print_step(checklist, state, title, detail, duration_ms);
	(void)pthread_mutex_unlock(&checklist->lock);
}

void checklist_init(struct checklist *checklist, FILE *out, bool has_colour, bool is_live)
{
	pthread_condattr_t monotonic;

	*checklist = (struct checklist){ .watcher = { .begin = begin, .end = end },
					 .out = out,
					 .has_colour = has_colour,
					 .is_live = is_live && out };
	(void)pthread_mutex_init(&checklist->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&checklist->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	/* Without it the list still grows. */
	checklist->has_ticker = checklist->is_live &&
				pthread_create(&checklist->ticker, NULL, tick, checklist) == 0;
}

void checklist_release(struct checklist *checklist)
{
	if (checklist->has_ticker) {
		(void)pthread_mutex_lock(&checklist->lock);
		checklist->is_over = true;
		(void)pthread_cond_signal(&checklist->changed);
		(void)pthread_mutex_unlock(&checklist->lock);
		(void)pthread_join(checklist->ticker, NULL);
	}
	(void)pthread_cond_destroy(&checklist->changed);
	(void)pthread_mutex_destroy(&checklist->lock);
}
