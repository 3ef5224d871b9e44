/* load/workloads.c - bulk, small files, logins, commands, listings, idle and slow sessions. */
#include "load/workloads.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load/control.h"
#include "load/data.h"
#include "load/options.h"

enum { MANY_ERRORS = 20, LIST_SIZE = 200 };

/* The next piece of work, over all clients. */
static _Atomic long next_number;

static struct client **idle_sessions;
static _Atomic int idle_count;
static _Atomic bool is_slow_over;

static long take_number(void)
{
	return atomic_fetch_add(&next_number, 1);
}

static bool is_exhausted(long number)
{
	return number >= options.operations || phase_is_over();
}

static void bulk(const struct assignment *mine, struct client *client, bool is_upload)
{
	char command[500];
	for (int round = 0; round < options.rounds; round++) {
		int result;
		if (is_upload) {
			snprintf(command, sizeof(command), "STOR %s_%d_%d", options.dest, mine->id,
				 round);
			result = transfer_put(client, command, options.size, mine->tally);
		} else {
			snprintf(command, sizeof(command), "RETR %s", options.path);
			result = transfer_get(client, command, options.size, false, mine->tally);
		}
		if (result)
			return;
	}
}

static void run_get(const struct assignment *mine, struct client *client)
{
	phase_gate("get");
	bulk(mine, client, false);
}

static void run_put(const struct assignment *mine, struct client *client)
{
	phase_gate("put");
	bulk(mine, client, true);
}

static void run_small_get(const struct assignment *mine, struct client *client)
{
	char command[500];
	phase_gate("small-get");
	for (long number; number = take_number(), !is_exhausted(number);) {
		snprintf(command, sizeof(command), "RETR %s/%s%05ld", options.folder,
			 options.prefix, number % options.small_files);
		if (transfer_get(client, command, options.size, false, mine->tally))
			return;
	}
}

static void run_small_put(const struct assignment *mine, struct client *client)
{
	char command[500];
	phase_gate("small-put");
	for (long number; number = take_number(), !is_exhausted(number);) {
		snprintf(command, sizeof(command), "STOR %s_%ld", options.dest, number);
		if (transfer_put(client, command, options.size, mine->tally))
			return;
	}
}

static void run_login(const struct assignment *mine, struct client *client)
{
	phase_gate("login");
	for (long number; number = take_number(), !is_exhausted(number);) {
		double began = now_s();
		if (client_login(client, false) || client_quit(client)) {
			client_close(client);
			if (counters.errors > MANY_ERRORS)
				return;
			continue;
		}
		tally_latency(mine->tally, now_s() - began);
		mine->tally->operations++;
	}
}

/* The command line for a verb of --commands. */
static void command_text(const char *verb, char *ret, size_t size)
{
	if (strcmp(verb, "CWD") == 0)
		snprintf(ret, size, "CWD %s\r\n", options.cwd_path);
	else if (strcmp(verb, "SIZE") == 0)
		snprintf(ret, size, "SIZE %s\r\n", options.size_path);
	else
		snprintf(ret, size, "%s\r\n", verb);
}

/* As many commands as the pipeline takes, in one write; then their replies. */
static int one_batch(struct client *client, const char *batch, int size)
{
	if (client_write(client, batch, size))
		return -1;
	for (int i = 0; i < options.pipeline; i++) {
		int code = client_reply(client);
		if (code < 0)
			return -1;
		if (code < 200 || code > 299)
			return client_fail(client, "%.40s: %s", batch, client->line);
	}
	return 0;
}

static int run_command(const struct assignment *mine, struct client *client, const char *verb)
{
	char text[300], name[64], *batch;
	size_t size = 0;
	FILE *lines = open_memstream(&batch, &size);
	if (!lines)
		abort();
	command_text(verb, text, sizeof(text));
	for (int i = 0; i < options.pipeline; i++)
		fputs(text, lines);
	fclose(lines);

	snprintf(name, sizeof(name), "%s", verb);
	phase_gate(name);
	int result = 0;
	while (!phase_is_over() && take_number() < options.operations && result == 0) {
		double began = now_s();
		result = one_batch(client, batch, (int)size);
		if (result == 0) {
			tally_latency(mine->tally, now_s() - began);
			mine->tally->operations += options.pipeline;
		}
	}
	free(batch);
	return result;
}

static int run_listing(const struct assignment *mine, struct client *client, const char *verb)
{
	phase_gate(verb);
	for (int round = 0; round < options.rounds; round++) {
		long before = mine->tally->lines;
		if (transfer_get(client, verb, -1, true, mine->tally))
			return -1;
		long lines = mine->tally->lines - before;
		bool has_total = lines <= options.expected_lines + 3; /* "total", "." and ".." */
		if (options.expected_lines && (lines < options.expected_lines || !has_total))
			return client_fail(client, "%s: %ld lines, not %ld", verb, lines,
					   options.expected_lines);
	}
	return 0;
}

/* Calls run for each word of a list with commas; a phase each. */
static void each_word(const struct assignment *mine, struct client *client, const char *list,
		      int (*run)(const struct assignment *, struct client *, const char *))
{
	char words[LIST_SIZE], *rest = NULL;
	snprintf(words, sizeof(words), "%s", list);
	for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (run(mine, client, word))
			return;
	}
}

static void run_commands(const struct assignment *mine, struct client *client)
{
	each_word(mine, client, options.commands, run_command);
}

static void run_listings(const struct assignment *mine, struct client *client)
{
	if (client_ask(client, 200, 299, "CWD %s", options.folder) < 0)
		return;
	each_word(mine, client, options.lists, run_listing);
}

/* Tells who started us that the sessions are open, and waits for a line from them. */
static void show_and_wait(void)
{
	char line[64];
	printf("READY %d\n", idle_count);
	fflush(stdout);
	(void)!fgets(line, sizeof(line), stdin); /* the end of the input means the same */
}

static void open_sessions(const struct assignment *mine)
{
	for (long number; (number = take_number()) < options.clients;) {
		struct client *client = calloc(1, sizeof(*client));
		if (!client)
			abort();
		client->id = (int)number;
		double began = now_s();
		if (client_login(client, options.tls == TLS_NONE)) {
			client_close(client);
			free(client);
			if (counters.errors > MANY_ERRORS)
				return;
			continue;
		}
		tally_latency(mine->tally, now_s() - began);
		mine->tally->operations++;
		idle_sessions[number] = client;
		idle_count++;
	}
}

/* A NOOP on some of the idle sessions, spread over all of them. */
static void touch_sessions(const struct assignment *mine)
{
	for (long number; (number = take_number()) < options.sample;) {
		struct client *client = idle_sessions[options.clients * number / options.sample];
		if (!client)
			continue;
		double began = now_s();
		if (client_ask(client, 200, 250, "NOOP") < 0)
			continue;
		tally_latency(mine->tally, now_s() - began);
		mine->tally->operations++;
	}
}

/* Without a session of its own: the tasks share the work of opening and touching all sessions. */
static void run_idle(const struct assignment *mine, struct client *client)
{
	(void)client;
	phase_gate("open");
	open_sessions(mine);
	phase_gate("");
	if (mine->id == 0) {
		show_and_wait();
		next_number = 0;
	}
	phase_gate("noop");
	touch_sessions(mine);
}

static void *wait_for_end(void *unused)
{
	char line[64];
	(void)!fgets(line, sizeof(line), stdin); /* the end of the input means the same */
	is_slow_over = true;
	return unused;
}

/* The loop must go on reading while we wait for the line that ends it: a thread waits. */
static void show_and_go_on(void)
{
	pthread_t thread;
	printf("READY %d\n", idle_count);
	fflush(stdout);
	if (pthread_create(&thread, NULL, wait_for_end, NULL) || pthread_detach(thread))
		abort();
}

static void read_slowly(const struct assignment *mine, struct data *data)
{
	char byte;
	while (!is_slow_over) {
		ssize_t n = data->ssl ? SSL_read(data->ssl, &byte, 1)
				      : recv(data->watch.fd, &byte, 1, 0);
		if (n > 0)
			mine->tally->bytes += n;
		else if (n == 0 || (!data->ssl && errno != EAGAIN))
			return;
		task_pause(1);
	}
}

/* Reads a file one byte a second, as the slowest client does. */
static void run_slow(const struct assignment *mine, struct client *client)
{
	struct data data;
	char command[500];
	snprintf(command, sizeof(command), "RETR %s", options.path);
	phase_gate("open");
	bool is_open = data_open(client, &data, command) == 0;
	if (is_open)
		idle_count++;
	phase_gate("read");
	if (mine->id == 0)
		show_and_go_on();
	if (is_open) {
		read_slowly(mine, &data);
		data_close(&data);
	}
	client_close(client);
}

static const struct workload {
	const char *name;
	void (*run)(const struct assignment *, struct client *);
	bool has_session; /* the client is logged in before it runs, and quits afterwards */
} workloads[] = {
	{ "get", run_get, true },
	{ "put", run_put, true },
	{ "small-get", run_small_get, true },
	{ "small-put", run_small_put, true },
	{ "commands", run_commands, true },
	{ "list", run_listings, true },
	{ "login", run_login, false },
	{ "idle", run_idle, false },
	{ "slow", run_slow, true },
};
static const struct workload *workload;

int workload_init(void)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		if (strcmp(options.workload, workloads[i].name) == 0)
			workload = &workloads[i];
	}
	if (!workload || (strstr(workload->name, "put") && !options.source))
		return -1;
	if (!options.size && strstr(workload->name, "get"))
		options.size = -1;
	if (workload->run != run_idle)
		return options.clients;
	if (options.sample > options.clients)
		options.sample = options.clients; /* two tasks must not share a session */
	idle_sessions = calloc((size_t)options.clients, sizeof(struct client *));
	if (!idle_sessions)
		abort();
	return options.concurrency < options.clients ? options.concurrency : options.clients;
}

void workload_run(void *argument)
{
	const struct assignment *mine = argument;
	struct client *client = calloc(1, sizeof(*client));
	if (!client)
		abort();
	client->id = mine->id;
	client->watch.fd = -1;
	if (workload->has_session && client_login(client, true)) {
		client_close(client);
		phase_leave();
		return;
	}
	workload->run(mine, client);
	phase_gate("");
	phase_leave();
	if (counters.errors == 0)
		(void)client_quit(client); /* an error in it is counted */
	else
		client_close(client);
}

int workload_sessions(void)
{
	return idle_count;
}
