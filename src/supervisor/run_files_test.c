/* supervisor/run_files_test.c - directories, the API's socket, the pid file. */
#include "supervisor/run_files.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/test.h"

static char directory[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/sallyport-run-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	run_files_remove(directory);
	return rmdir(directory);
}

static void join(const char *name, char ret[static 200])
{
	(void)snprintf(ret, 200, "%s/%s", directory, name);
}

static void a_living_daemon_is_left_alone(void **state)
{
	struct failure failure = { "" };
	AUTO_CLOSE int living = -1, second = -1;

	(void)state;
	assert_int_equal(run_files_open_api(directory, &living, &failure), 0);
	assert_int_equal(run_files_open_api(directory, &second, &failure), -EADDRINUSE);
	assert_int_equal(second, -1);
	assert_non_null(strstr(failure.text, "another sallyportd is running"));
}

static void a_stale_socket_is_replaced(void **state)
{
	struct failure failure;
	AUTO_CLOSE int dead = -1, fresh = -1;
	char path[200];
	struct stat st;

	(void)state;
	assert_int_equal(run_files_open_api(directory, &dead, &failure), 0);
	fd_close(&dead);
	assert_int_equal(run_files_open_api(directory, &fresh, &failure), 0);
	join("manager.sock", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_directory_too_long_for_a_socket_is_refused(void **state)
{
	struct failure failure = { "" };
	char name[160];
	AUTO_CLOSE int fd = -1;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(run_files_open_api(name, &fd, &failure), -ENAMETOOLONG);
	assert_non_null(strstr(failure.text, "too long"));
}

static void a_missing_directory_is_an_error_with_its_name(void **state)
{
	struct failure failure = { "" };
	AUTO_CLOSE int fd = -1;

	(void)state;
	assert_int_equal(run_files_open_api("/proc/nonexistent/run", &fd, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "/proc/nonexistent/run"));
	assert_int_equal(run_files_write_pid("/proc/nonexistent/run", &failure), -ENOENT);
}

static void the_pid_file_holds_our_pid(void **state)
{
	struct failure failure;
	char path[200], line[32], expected[32];

	(void)state;
	assert_int_equal(run_files_write_pid(directory, &failure), 0);
	join("sallyportd.pid", path);

	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	(void)snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
	assert_string_equal(line, expected);
	run_files_remove(directory);
	assert_int_equal(access(path, F_OK), -1);
}

static void directories_are_made_with_their_parents(void **state)
{
	struct host_settings hosts[2] = { 0 };
	struct settings settings = { .hosts = hosts, .n_hosts = ARRAY_SIZE(hosts) };
	const struct identity identity = { .uid = geteuid(), .gid = getegid() };
	struct failure failure;
	struct stat st;

	(void)state;
	join("of-a-host", hosts[1].data_root);
	join("a/run", settings.run_directory);
	join("a", settings.state_directory);
	join("files", settings.data_root);
	assert_int_equal(run_files_make_directories(&settings, &identity, &failure), 0);
	assert_int_equal(stat(settings.run_directory, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_int_equal(run_files_make_directories(&settings, &identity, &failure), 0);
	assert_int_equal(rmdir(settings.run_directory), 0);
	assert_int_equal(rmdir(settings.state_directory), 0);
	assert_int_equal(rmdir(settings.data_root), 0);
	assert_int_equal(rmdir(hosts[1].data_root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_living_daemon_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced, set_up, tear_down),
		cmocka_unit_test(a_directory_too_long_for_a_socket_is_refused),
		cmocka_unit_test(a_missing_directory_is_an_error_with_its_name),
		cmocka_unit_test_setup_teardown(the_pid_file_holds_our_pid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_are_made_with_their_parents, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
