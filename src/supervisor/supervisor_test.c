/* supervisor/supervisor_test.c - a whole supervisor with stand-ins for its children: what it does
 * when they die, when the configuration changes, when it is told to end. */
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/fake_children.h"
#include "supervisor/test_ports.h"

/* Far more than anything here takes, so that a loaded machine fails no test. */
#define PATIENCE_MS 20000

struct server {
	char directory[64], config[96];
	uint16_t port, passive;
	int events;
	pid_t pid;
};

static struct server server;

static void write_config(const char *extra)
{
	FILE *file = fopen(server.config, "we");

	assert_non_null(file);
	(void)fprintf(
		file,
		"[server]\nuser = root\nsandbox = off\nlisten = 127.0.0.1\nworkers = 2\n"
		"run_directory = %s/run\nstate_directory = %s\ndata_root = %s/files\n"
		"log_file = %s/log\nshutdown_grace = 0\n"
		"[ftp]\nexplicit_ports = %u\nimplicit_ports = none\nplain_ftp = yes\npassive_ports = %u\n%s\n",
		server.directory, server.directory, server.directory, server.directory, server.port,
		server.passive, extra);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	server = (struct server){ .directory = "/tmp/sallyport-sup-XXXXXX",
				  .port = free_port(),
				  .passive = free_port() };
	fake_port = 0;
	fake_asks_reload = fake_ignores_end = false;
	if (!mkdtemp(server.directory))
		return -1;
	(void)snprintf(server.config, sizeof(server.config), "%s/conf", server.directory);
	write_config("");
	return 0;
}

static void start_server(void)
{
	const struct configuration configuration = { .path = server.config };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	server.events = ends[0];
	fake_events = ends[1];
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0) {
		struct failure failure = { "" };
		int r = supervisor_run(&configuration, &failure);

		if (r < 0)
			(void)fprintf(stderr, "%s\n", failure.text);
		_exit(r < 0 ? 1 : 0);
	}
	fd_close(&ends[1]);
}

/* The next event that the children report. */
static struct fake_event next_event(void)
{
	struct fake_event event;
	struct pollfd wait = { server.events, POLLIN, 0 };

	if (poll(&wait, 1, PATIENCE_MS) != 1)
		fail_msg("the children say nothing");
	assert_int_equal(read(server.events, &event, sizeof(event)), sizeof(event));
	assert_false(event.can_become_root);
	return event;
}

/* Skips events until one is what the test waits for. */
static struct fake_event wait_for(enum fake_what what, bool is_manager)
{
	for (;;) {
		struct fake_event event = next_event();

		if (event.what == what && event.is_manager == is_manager)
			return event;
	}
}

/* All that a generation of two workers and a manager reports at its start, in any order. */
static void wait_for_generation(struct fake_event *ret_manager, struct fake_event ret_workers[2])
{
	int n_workers = 0, n_managers = 0, n_connected = 0;

	while (n_workers < 2 || n_managers < 1 || n_connected < 4) {
		struct fake_event event = next_event();

		if (event.what == FAKE_CONNECTED)
			n_connected++;
		else if (event.what == FAKE_STARTED && event.is_manager && n_managers++ < 1)
			*ret_manager = event;
		else if (event.what == FAKE_STARTED && !event.is_manager && n_workers < 2)
			ret_workers[n_workers++] = event;
	}
}

static bool log_holds(const char *words)
{
	char path[128], line[2048];
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/log", server.directory);

	FILE *file = fopen(path, "re");

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, words) != NULL;
	(void)fclose(file);
	return found;
}

static int wait_for_exit(void)
{
	int status;

	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	server.pid = 0;
	return status;
}

static int tear_down(void **state)
{
	static const char *const names[] = {
		"run/manager.sock", "run/sallyportd.pid", "run", "files", "conf", "log"
	};
	char path[128];

	(void)state;
	if (server.pid > 0) {
		(void)kill(server.pid, SIGKILL);
		(void)wait_for_exit();
	}
	fd_close(&server.events);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", server.directory, names[i]);
		(void)remove(path);
	}
	return remove(server.directory);
}

static void a_wrong_configuration_does_not_start(void **state)
{
	const struct configuration configuration = { .path = server.config };
	struct failure failure = { "" };

	(void)state;
	write_config("idle_timout = 5");
	assert_int_equal(supervisor_check(&configuration, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "conf:16:"));
	assert_non_null(strstr(failure.text, "idle_timeout"));
}

static void a_killed_worker_is_replaced_and_connected(void **state)
{
	struct fake_event manager, workers[2], again;

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	assert_int_equal(kill(workers[1].pid, SIGKILL), 0);
	again = wait_for(FAKE_STARTED, false);
	assert_int_not_equal(again.pid, workers[1].pid);
	assert_int_equal(again.slot, workers[1].slot);
	assert_int_equal(again.generation, 1);
	assert_int_equal(wait_for(FAKE_CONNECTED, false).pid, again.pid);
}

static void a_killed_manager_is_replaced_and_all_workers_get_a_channel(void **state)
{
	struct fake_event manager, workers[2], again;
	unsigned slots = 0;

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	assert_int_equal(kill(manager.pid, SIGKILL), 0);
	again = wait_for(FAKE_STARTED, true);
	assert_int_not_equal(again.pid, manager.pid);
	while (slots != 3) {
		struct fake_event event = next_event();

		assert_int_equal(event.what, FAKE_CONNECTED);
		if (event.is_manager) {
			assert_int_equal(event.pid, again.pid);
			assert_int_equal(event.n_fds, 1);
			slots |= 1u << event.slot;
		}
	}
}

static void a_reload_brings_new_children_and_drains_the_old(void **state)
{
	struct fake_event manager, workers[2];
	int n_new = 0, n_drained = 0, n_ended = 0;

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	write_config("idle_timeout = 99");
	assert_int_equal(kill(server.pid, SIGHUP), 0);
	while (n_new < 3 || n_drained < 2 || n_ended < 1) {
		struct fake_event event = next_event();

		if (event.what == FAKE_STARTED) {
			assert_int_equal(event.generation, event.is_manager ? 0 : 2);
			n_new++;
		}
		if (event.what == FAKE_DRAIN) {
			assert_int_equal(event.generation, 1);
			n_drained++;
		}
		if (event.what == FAKE_TERMINATE) {
			assert_int_equal(event.pid, manager.pid);
			n_ended++;
		}
	}
	assert_true(can_connect(1, server.port));
}

static void the_manager_may_ask_for_a_reload(void **state)
{
	(void)state;
	fake_asks_reload = true;
	start_server();
	while (wait_for(FAKE_STARTED, false).generation != 2)
		continue;
}

static void a_wrong_reload_changes_nothing(void **state)
{
	struct fake_event manager, workers[2];

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	write_config("idle_timeout = soon");
	assert_int_equal(kill(server.pid, SIGHUP), 0);
	/* The refused reload is handled before the death that follows it. */
	assert_int_equal(kill(workers[0].pid, SIGKILL), 0);
	for (;;) {
		struct fake_event event = next_event();

		assert_true(event.what == FAKE_STARTED || event.what == FAKE_CONNECTED);
		assert_int_equal(event.generation == 1 || event.is_manager, true);
		if (event.what == FAKE_CONNECTED && !event.is_manager)
			break;
	}
	assert_true(can_connect(1, server.port));
	assert_true(log_holds("reload-failed"));
}

static void sigterm_ends_everything_in_order(void **state)
{
	struct fake_event manager, workers[2];
	char path[128];
	int n_ended = 0;

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	assert_int_equal(kill(server.pid, SIGTERM), 0);
	while (n_ended < 3)
		n_ended += next_event().what == FAKE_TERMINATE;
	assert_int_equal(wait_for_exit(), 0);
	(void)snprintf(path, sizeof(path), "%s/run/manager.sock", server.directory);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/run/sallyportd.pid", server.directory);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_second_interrupt_does_not_wait_for_the_deaf(void **state)
{
	struct fake_event manager, workers[2];

	(void)state;
	fake_ignores_end = true;
	start_server();
	wait_for_generation(&manager, workers);

	int64_t began_ms = clock_ms();

	assert_int_equal(kill(server.pid, SIGINT), 0);
	(void)wait_for(FAKE_TERMINATE, false);
	assert_int_equal(kill(server.pid, SIGINT), 0);
	assert_int_equal(wait_for_exit(), 0);
	assert_true(clock_ms() - began_ms < 1500); /* the grace is two seconds */
}

static void children_of_a_killed_supervisor_see_the_end(void **state)
{
	struct fake_event manager, workers[2];

	(void)state;
	start_server();
	wait_for_generation(&manager, workers);
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	(void)wait_for_exit();
	for (int i = 0; i < 3; i++)
		assert_int_equal(next_event().what, FAKE_ORPHANED);
}

static void a_worker_gets_ports_of_the_range_only(void **state)
{
	static const struct {
		int offset, error;
		size_t n_fds;
	} cases[] = { { 1, -ERANGE, 0 }, { 0, 0, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_port = (uint16_t)(server.passive + cases[i].offset);
		start_server();

		struct fake_event event = wait_for(FAKE_PORT, false);

		assert_int_equal(event.error, cases[i].error);
		assert_int_equal(event.n_fds, cases[i].n_fds);
		assert_int_equal(kill(server.pid, SIGTERM), 0);
		assert_int_equal(wait_for_exit(), 0);
		fd_close(&server.events);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_wrong_configuration_does_not_start, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_killed_worker_is_replaced_and_connected, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_killed_manager_is_replaced_and_all_workers_get_a_channel, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_reload_brings_new_children_and_drains_the_old,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_manager_may_ask_for_a_reload, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_reload_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sigterm_ends_everything_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_second_interrupt_does_not_wait_for_the_deaf,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(children_of_a_killed_supervisor_see_the_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_worker_gets_ports_of_the_range_only, set_up,
						tear_down),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
