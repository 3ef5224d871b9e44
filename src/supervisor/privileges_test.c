/* supervisor/privileges_test.c - who a process is after a drop, and what it can no longer do.
 * Each case runs in a process of its own; without root only the refusals can be tried. */
#include "supervisor/privileges.h"

#include <fcntl.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "supervisor/listen_address.h"
#include "supervisor/test_ports.h"

/* Runs body in a child; its exit status is the line of the first false claim, or 0. */
static int in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define CLAIM(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);           \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static bool has(cap_value_t capability, cap_flag_t set)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	CLAIM(caps && cap_get_flag(caps, capability, set, &value) == 0);
	(void)cap_free(caps);
	return value == CAP_SET;
}

static void become_nobody(void)
{
	struct failure failure;
	struct identity identity;

	CLAIM(identity_find("nobody", &identity, &failure) == 0);
	CLAIM(identity.is_change);
	CLAIM(privileges_become(&identity, &failure) == 0);
	CLAIM(getuid() == identity.uid && geteuid() == identity.uid && getegid() == identity.gid);
}

static void supervisor_body(void)
{
	become_nobody();
	CLAIM(!has(CAP_SETUID, CAP_PERMITTED) && !has(CAP_DAC_OVERRIDE, CAP_PERMITTED));
	CLAIM(!has(CAP_NET_BIND_SERVICE, CAP_EFFECTIVE));
	CLAIM(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	if (has(CAP_DAC_READ_SEARCH, CAP_PERMITTED)) {
		privileges_raise();
		CLAIM(open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0);
		privileges_lower();
	}
	CLAIM(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
}

static void child_body(void)
{
	become_nobody();
	CLAIM(privileges_drop_for_child(false) == 0);
	privileges_raise();
	CLAIM(!has(CAP_NET_BIND_SERVICE, CAP_PERMITTED) &&
	      !has(CAP_DAC_READ_SEARCH, CAP_PERMITTED));
	CLAIM(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1);
	CLAIM(setresuid(0, 0, 0) < 0);
}

static void root_child_body(void)
{
	CLAIM(privileges_drop_for_child(false) == 0);
	CLAIM(!has(CAP_SETUID, CAP_PERMITTED) && !has(CAP_SYS_ADMIN, CAP_PERMITTED));
	CLAIM(!has(CAP_NET_BIND_SERVICE, CAP_PERMITTED));
	CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1);
}

static void an_unknown_user_is_refused_with_advice(void **state)
{
	struct failure failure = { "" };
	struct identity identity;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(identity_find("no-such-user-here", &identity, &failure), -ENOENT);
	assert_non_null(strstr(failure.text, "useradd --system no-such-user-here"));
}

static void the_supervisor_keeps_two_rights_and_uses_them_when_raised(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(supervisor_body), 0);
}

static void a_child_keeps_nothing(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(child_body), 0);
}

static void a_child_that_stays_root_keeps_files_only(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(root_child_body), 0);
}

static void anybody_else_stays_who_he_is(void **state)
{
	struct failure failure;
	struct identity identity;

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(identity_find("no-such-user-here", &identity, &failure), 0);
	assert_int_equal(identity.uid, geteuid());
	assert_false(identity.is_change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_user_is_refused_with_advice),
		cmocka_unit_test(the_supervisor_keeps_two_rights_and_uses_them_when_raised),
		cmocka_unit_test(a_child_keeps_nothing),
		cmocka_unit_test(a_child_that_stays_root_keeps_files_only),
		cmocka_unit_test(anybody_else_stays_who_he_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
