/* supervisor/breakout_test.c - tries to break out of the sandbox of a worker, and shows what each
 * layer stops when it stands alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/log.h"
#include "supervisor/landlock.h"
#include "supervisor/sandbox.h"
#include "supervisor/syscall_filter.h"
#include "worker/breakout.h"

#define ABSTRACT "sallyport-breakout-test"
/* Beyond every errno: the process was killed by SIGSYS. */
#define KILLED 100000

static struct {
	char folder[64], data[96], other_home[128], outside[96], socket[128], port[16];
	int unix_listener, abstract_listener, tcp_listener;
	struct settings_loaded *loaded;
} f;

static int listen_at(int family, const void *address, size_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, (socklen_t)len), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static void open_listeners(void)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);

	(void)snprintf(where.sun_path, sizeof(where.sun_path), "%.100s", f.socket);
	f.unix_listener = listen_at(AF_UNIX, &where, sizeof(where));
	where = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(where.sun_path + 1, ABSTRACT, sizeof(ABSTRACT) - 1);
	f.abstract_listener = listen_at(AF_UNIX, &where,
					offsetof(struct sockaddr_un, sun_path) + sizeof(ABSTRACT));
	f.tcp_listener = listen_at(AF_INET, &here, sizeof(here));
	assert_int_equal(getsockname(f.tcp_listener, (struct sockaddr *)&here, &len), 0);
	(void)snprintf(f.port, sizeof(f.port), "%u", ntohs(here.sin_port));
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
	char root[128];
	const char *overrides[] = { "active=no", "sandbox=require", root };
	struct settings_error error;

	(void)state;
	(void)snprintf(f.folder, sizeof(f.folder), "/tmp/breakout_test.XXXXXX");
	if (!mkdtemp(f.folder))
		return -1;
	(void)snprintf(f.data, sizeof(f.data), "%s/data", f.folder);
	(void)snprintf(f.outside, sizeof(f.outside), "%s/outside", f.folder);
	(void)snprintf(f.socket, sizeof(f.socket), "%s/socket", f.folder);
	(void)snprintf(f.other_home, sizeof(f.other_home), "%s/bob", f.data);
	(void)snprintf(root, sizeof(root), "data_root=%s", f.data);
	assert_int_equal(mkdir(f.data, 0700), 0);
	make_file(f.other_home);
	make_file(f.outside);
	open_listeners();
	return settings_load("test", T(""), overrides, ARRAY_SIZE(overrides), &f.loaded, &error);
}

static int tear_down(void **state)
{
	(void)state;
	settings_free(&f.loaded);
	(void)unlink(f.other_home);
	(void)unlink(f.outside);
	(void)unlink(f.socket);
	(void)rmdir(f.data);
	return rmdir(f.folder);
}

static int child(unsigned layers, const char *attempt, const char *argument)
{
	struct sandbox_view view;
	int root = open(f.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct sandbox_worker worker = { settings_values(f.loaded), &root, 1 };

	if (root < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ||
	    sandbox_enter_worker(&worker, layers, &view) < 0)
		return 250;
	if ((view.landlock_abi > 0) != ((layers & SANDBOX_LANDLOCK) != 0) ||
	    view.has_seccomp != ((layers & SANDBOX_SECCOMP) != 0) || view.capabilities != 0)
		return 251;
	return -breakout(text_of(attempt), argument, root);
}

/* What the attempt gave in a process with these layers. */
static int try(unsigned layers, const char *attempt, const char *argument)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child(layers, attempt, argument));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : -1;
	return WEXITSTATUS(status);
}

static bool expect(const char *layer, unsigned layers, const char *attempt, const char *argument,
		   int wanted)
{
	make_file(f.outside); /* an attempt before may have removed it */

	int got = try(layers, attempt, argument);

	if (got == wanted)
		return true;
	print_error("%s %s with %s: %d (%s), not %d\n", attempt, argument, layer, got,
		    got < 250 ? strerrordesc_np(got) : "-", wanted);
	return false;
}

static void each_layer_alone_stops_what_it_is_for(void **state)
{
	const unsigned abi = landlock_abi();
	const struct {
		const char *attempt, *argument;
		int free, landlock, seccomp; /* 0: went through */
	} rows[] = {
		{ "open", "/etc/passwd", 0, EACCES, EPERM },
		{ "open", f.outside, 0, EACCES, EPERM },
		{ "open", f.other_home, 0, 0, EPERM },
		{ "open", "/proc/self/mem", 0, EACCES, EPERM },
		/* A filter sees no names: here Landlock is alone. */
		{ "openat2", "/etc/passwd", 0, EACCES, 0 },
		{ "openat2", "../outside", 0, EACCES, 0 },
		/* The kernel's walk needs no other layer. */
		{ "beneath", "/etc/passwd", EXDEV, EXDEV, EXDEV },
		{ "beneath", "../outside", EXDEV, EXDEV, EXDEV },
		{ "beneath", f.other_home, EXDEV, EXDEV, EXDEV },
		{ "write", f.outside, 0, EACCES, EPERM },
		{ "remove", f.outside, 0, EACCES, EPERM },
		{ "exec", "", 0, EACCES, KILLED },
		{ "ptrace", "", 0, EPERM, KILLED },
		{ "memory", "", 0, EPERM, KILLED },
		{ "signal", "", 0, abi >= 6 ? EPERM : 0, EPERM },
		{ "fork", "", 0, 0, EPERM },
		{ "unix", f.socket, 0, 0, EPERM },
		{ "abstract", ABSTRACT, 0, abi >= 6 ? EPERM : 0, EPERM },
		{ "tcp", f.port, 0, abi >= 4 ? EACCES : 0, EPERM },
		{ "listen", "0", 0, abi >= 4 ? EACCES : 0, EPERM },
		{ "setuid", "", EPERM, EPERM, KILLED },
		{ "executable", "", 0, 0, EPERM },
	};
	bool is_good = true;

	(void)state;
#ifdef SALLYPORT_SANITIZED
	skip(); /* their runtimes need what is tried here */
#endif
	if (abi == 0 || !syscall_filter_is_possible())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *attempt = rows[i].attempt, *argument = rows[i].argument;

		is_good &= expect("nothing", 0, attempt, argument, rows[i].free);
		is_good &=
			expect("Landlock", SANDBOX_LANDLOCK, attempt, argument, rows[i].landlock);
		is_good &= expect("seccomp", SANDBOX_SECCOMP, attempt, argument, rows[i].seccomp);
		is_good &= expect("all layers", SANDBOX_ALL, attempt, argument,
				  rows[i].seccomp != 0 ? rows[i].seccomp : rows[i].landlock);
	}
	assert_true(is_good);
}

/* Attempts on the parent must fail for the sandbox's reasons, not for those of another user. */
static void become_nobody(void)
{
	if (geteuid() == 0)
		assert_true(setresgid(65534, 65534, 65534) == 0 &&
			    setresuid(65534, 65534, 65534) == 0);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L), 0);
	(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0L, 0L, 0L); /* for Yama, if it is there */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_layer_alone_stops_what_it_is_for, set_up,
						tear_down),
	};

	become_nobody();
	assert_int_equal(log_open("/dev/null", LOG_INFO), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
