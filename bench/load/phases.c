/* load/phases.c - the barrier, the marks, and the JSON of each phase. */
#include "load/phases.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "load/options.h"

struct cpu {
	double total, user, system;
};

struct mark {
	double at;
	struct rusage own;
	struct cpu server;
};

static struct loop *loops;
static struct tally *tallies;
static int threads;

/* Guards everything below; it is taken by no one who holds another. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int waiting_count, client_count;
static uint64_t generation;
static char next_name[64], name[64];
static struct mark began;
static FILE *text;
static char *text_bytes;
static size_t text_size;

/* The tasks of each loop that wait at the gate; touched by the loop's own thread only. */
static struct waiting {
	struct task **tasks;
	int count, room;
} * waiting;

static void read_file(const char *file, char *ret, size_t size)
{
	char path[400];
	ret[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", options.cpu_folder, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t n = read(fd, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	(void)close(fd); /* only read from */
}

static double field(const char *stat, const char *key)
{
	const char *at = strstr(stat, key);
	return at ? strtod(at + strlen(key), NULL) * 1e-6 : 0;
}

/* cpu.stat of cgroup v2 counts in microseconds, cpuacct.usage of v1 in nanoseconds. */
static struct cpu server_cpu(void)
{
	char stat[1024];
	read_file("cpu.stat", stat, sizeof(stat));
	if (strstr(stat, "usage_usec ")) {
		return (struct cpu){ field(stat, "usage_usec "), field(stat, "user_usec "),
				     field(stat, "system_usec ") };
	}
	struct cpu cpu;
	read_file("cpuacct.usage", stat, sizeof(stat));
	cpu.total = strtod(stat, NULL) * 1e-9;
	read_file("cpuacct.usage_user", stat, sizeof(stat));
	cpu.user = strtod(stat, NULL) * 1e-9;
	read_file("cpuacct.usage_sys", stat, sizeof(stat));
	cpu.system = strtod(stat, NULL) * 1e-9;
	return cpu;
}

static void mark_begin(struct mark *mark)
{
	if (options.cpu_folder)
		mark->server = server_cpu();
	getrusage(RUSAGE_SELF, &mark->own);
	mark->at = now_s();
}

static void mark_end(struct mark *mark)
{
	mark->at = now_s();
	getrusage(RUSAGE_SELF, &mark->own);
	if (options.cpu_folder) {
		struct timespec settle = { options.settle_ms / 1000,
					   options.settle_ms % 1000 * 1000000L };
		nanosleep(&settle, NULL);
		mark->server = server_cpu();
	}
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void samples_add(struct samples *samples, float us)
{
	if (samples->count == samples->room) {
		samples->room = samples->room ? samples->room * 2 : 1024;
		samples->us = realloc(samples->us, sizeof(*samples->us) * samples->room);
		if (!samples->us)
			abort();
	}
	samples->us[samples->count++] = us;
}

void tally_latency(struct tally *tally, double seconds)
{
	samples_add(&tally->latency, (float)(seconds * 1e6));
}

void tally_first_byte(struct tally *tally, double seconds)
{
	samples_add(&tally->first_byte, (float)(seconds * 1e6));
}

/* Empties from into to. */
static void samples_move(struct samples *to, struct samples *from)
{
	for (size_t i = 0; i < from->count; i++)
		samples_add(to, from->us[i]);
	from->count = 0;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

static double quantile(const struct samples *samples, double part)
{
	return samples->count ? samples->us[(size_t)((double)(samples->count - 1) * part)] : 0;
}

static void samples_print(FILE *out, const char *key, struct samples *samples)
{
	double sum = 0;
	if (samples->count)
		qsort(samples->us, samples->count, sizeof(*samples->us), compare);
	for (size_t i = 0; i < samples->count; i++)
		sum += samples->us[i];
	fprintf(out,
		",\"%s\":{\"n\":%zu,\"mean_us\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
		"\"p99_us\":%.1f,\"max_us\":%.1f}",
		key, samples->count, samples->count ? sum / (double)samples->count : 0,
		quantile(samples, .5), quantile(samples, .9), quantile(samples, .99),
		quantile(samples, 1));
	free(samples->us);
}

static void end_phase(void)
{
	if (!name[0])
		return;
	struct mark ended;
	mark_end(&ended);
	struct samples latency = { 0 }, first_byte = { 0 };
	long operations = 0, bytes = 0, lines = 0;
	for (int i = 0; i < threads; i++) {
		samples_move(&latency, &tallies[i].latency);
		samples_move(&first_byte, &tallies[i].first_byte);
		operations += tallies[i].operations;
		bytes += tallies[i].bytes;
		lines += tallies[i].lines;
		tallies[i].operations = tallies[i].bytes = tallies[i].lines = 0;
	}
	fprintf(text,
		"%s{\"name\":\"%s\",\"wall_s\":%.6f,\"ops\":%ld,\"bytes\":%ld,\"lines\":%ld,"
		"\"gen_cpu_s\":%.6f",
		ftell(text) ? "," : "", name, ended.at - began.at, operations, bytes, lines,
		seconds_of(ended.own.ru_utime) + seconds_of(ended.own.ru_stime) -
			seconds_of(began.own.ru_utime) - seconds_of(began.own.ru_stime));
	if (options.cpu_folder) {
		fprintf(text, ",\"srv_cpu_s\":%.6f,\"srv_user_s\":%.6f,\"srv_sys_s\":%.6f",
			ended.server.total - began.server.total,
			ended.server.user - began.server.user,
			ended.server.system - began.server.system);
	}
	samples_print(text, "latency", &latency);
	samples_print(text, "first_byte", &first_byte);
	fputc('}', text);
	name[0] = '\0';
}

/* With the mutex held, by the last who came. */
static void release_locked(void)
{
	end_phase();
	waiting_count = 0;
	generation++;
	memcpy(name, next_name, sizeof(name));
	if (name[0])
		mark_begin(&began);
	for (int i = 0; i < threads; i++)
		loop_wake(&loops[i]);
}

static void wake_released(struct loop *loop)
{
	struct waiting *mine = &waiting[loop - loops];
	int kept = 0;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < mine->count; i++) {
		if (mine->tasks[i]->generation < generation)
			task_ready(mine->tasks[i]);
		else
			mine->tasks[kept++] = mine->tasks[i];
	}
	mine->count = kept;
	pthread_mutex_unlock(&mutex);
}

void phases_init(struct loop *all_loops, struct tally *all_tallies, int count, int clients)
{
	loops = all_loops;
	tallies = all_tallies;
	threads = count;
	client_count = clients;
	waiting = calloc((size_t)threads, sizeof(*waiting));
	text = open_memstream(&text_bytes, &text_size);
	if (!waiting || !text)
		abort();
	for (int i = 0; i < threads; i++)
		loops[i].on_wake = wake_released;
}

void phase_gate(const char *next)
{
	struct waiting *mine = &waiting[this_loop - loops];
	struct task *task = this_loop->current;
	pthread_mutex_lock(&mutex);
	snprintf(next_name, sizeof(next_name), "%s", next);
	task->generation = generation;
	if (mine->count == mine->room) {
		mine->room = mine->room ? mine->room * 2 : 64;
		mine->tasks = realloc(mine->tasks, sizeof(struct task *) * (size_t)mine->room);
		if (!mine->tasks)
			abort();
	}
	mine->tasks[mine->count++] = task;
	if (++waiting_count == client_count)
		release_locked();
	pthread_mutex_unlock(&mutex);
	task_sleep();
}

void phase_leave(void)
{
	pthread_mutex_lock(&mutex);
	client_count--;
	if (client_count > 0 && waiting_count == client_count)
		release_locked();
	pthread_mutex_unlock(&mutex);
}

bool phase_is_over(void)
{
	return options.seconds > 0 && now_s() > began.at + options.seconds;
}

void phases_print(FILE *out)
{
	fflush(text);
	fputs(text_bytes, out);
}
