/* load/ftpload.c - a load generator for any FTP or FTPS server.
 *
 * One thread (or more), an edge-triggered epoll loop each, one small task per client. The result is
 * one line of JSON: the phases with their wall-clock time, operations, latencies, our own CPU time
 * and that of the server's control group. The exit status is 0 only when nothing failed. */
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load/content.h"
#include "load/control.h"
#include "load/coroutine.h"
#include "load/data.h"
#include "load/options.h"
#include "load/phases.h"
#include "load/workloads.h"

static void on_alarm(int signal_number)
{
	static const char text[] = "{\"ok\":false,\"errors\":1,\"error_texts\":[\"time limit\"],"
				   "\"phases\":[]}\n";
	(void)signal_number;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1); /* the exit status says it, too */
	_exit(3);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* too few show as failed sessions */
}

static void *run_loop(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void run_all(int tasks)
{
	int threads = options.threads < tasks ? options.threads : tasks;
	struct loop *loops = calloc((size_t)threads, sizeof(*loops));
	struct tally *tallies = calloc((size_t)threads, sizeof(*tallies));
	struct assignment *assignments = calloc((size_t)tasks, sizeof(*assignments));
	pthread_t others[64];
	if (!loops || !tallies || !assignments)
		abort();
	for (int i = 0; i < threads; i++)
		loop_init(&loops[i]);
	phases_init(loops, tallies, threads, tasks);
	for (int i = 0; i < tasks; i++) {
		assignments[i] = (struct assignment){ i, &tallies[i % threads] };
		task_spawn(&loops[i % threads], workload_run, &assignments[i]);
	}
	for (int i = 1; i < threads; i++) {
		if (pthread_create(&others[i], NULL, run_loop, &loops[i]))
			abort();
	}
	loop_run(&loops[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
}

static void print_result(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"ok\":%s,\"workload\":\"%s\",\"clients\":%d,\"errors\":%ld,\"error_texts\":[",
	       counters.errors ? "false" : "true", options.workload, options.clients,
	       counters.errors);
	control_print_errors(stdout);
	printf("],\"gen_maxrss_kib\":%ld,\"sessions\":%d", usage.ru_maxrss, workload_sessions());
	if (options.tls) {
		fputs(",\"tls\":", stdout);
		control_print_tls(stdout);
	}
	fputs(",\"phases\":[", stdout);
	phases_print(stdout);
	fputs("]}\n", stdout);
}

/* The commands that make and check files: an exit status, or -1 when it is none of them. */
static int make_or_check(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "mkfile") == 0)
		return content_make_file(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "checkfile") == 0)
		return content_check_file(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 6 && strcmp(argv[1], "mktree") == 0)
		return content_make_tree(argv[2], argv[3], strtol(argv[4], NULL, 10),
					 strtol(argv[5], NULL, 10));
	return -1;
}

int main(int argc, char **argv)
{
	int status = make_or_check(argc, argv);
	if (status >= 0)
		return status;
	if (options_parse(argc, argv) || control_init())
		return 2;
	if (data_init()) {
		perror(options.source);
		return 2;
	}
	int tasks = workload_init();
	if (tasks < 0) {
		fprintf(stderr, "ftpload: --workload %s? (uploads need --source)\n",
			options.workload);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_alarm);
	alarm((unsigned)options.limit_s);
	raise_descriptor_limit();
	run_all(tasks);
	print_result();
	return counters.errors ? 1 : 0;
}
