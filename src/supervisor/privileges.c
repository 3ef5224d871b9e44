/* supervisor/privileges.c - see privileges.h. */
#include "supervisor/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/text.h"

/* What the supervisor keeps: ports below 1024, and certificates and keys that only root may
 * read. */
static const cap_value_t supervisor_keeps[] = { CAP_NET_BIND_SERVICE, CAP_DAC_READ_SEARCH };
/* What the children of a supervisor that stays root keep: files of any owner. */
static const cap_value_t root_child_keeps[] = { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER };

int identity_find(const char *user, struct identity *ret, struct failure *ret_failure)
{
	struct identity identity = { .uid = geteuid(), .gid = getegid() };
	char storage[16384];
	struct passwd entry, *found = NULL;

	if (identity.uid != 0) {
		(void)getpwuid_r(identity.uid, &entry, storage, sizeof(storage), &found);
		(void)snprintf(identity.user, sizeof(identity.user), "%s",
			       found ? found->pw_name : "the invoking user");
		*ret = identity;
		return 0;
	}

	int r = getpwnam_r(user, &entry, storage, sizeof(storage), &found);

	if (!found)
		return failure_set(ret_failure, r ? -r : -ENOENT,
				   "user: there is no user \"%s\" to become; create it with "
				   "`useradd --system %s`, or set user to one that exists",
				   user, user);
	identity.is_change = found->pw_uid != 0;
	identity.uid = found->pw_uid;
	identity.gid = found->pw_gid;
	(void)snprintf(identity.user, sizeof(identity.user), "%s", found->pw_name);
	*ret = identity;
	return 0;
}

static bool is_identity(const struct identity *identity)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 && r == identity->uid &&
	       e == identity->uid && s == identity->uid && rg == identity->gid &&
	       eg == identity->gid && sg == identity->gid;
}

static int change_ids(const struct identity *identity)
{
	/* Without it the kernel clears the capabilities that we are about to choose from. */
	if (prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) < 0 ||
	    initgroups(identity->user, identity->gid) < 0 ||
	    setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) < 0 ||
	    prctl(PR_SET_KEEPCAPS, 0L, 0L, 0L, 0L) < 0)
		return -errno;
	return is_identity(identity) ? 0 : -EPERM;
}

/* The permitted set becomes what of keeps[] is permitted already; effective: all of it, or nothing.
 * Reads the result back. */
static int limit_capabilities(const cap_value_t keeps[], int n_keeps, bool effective)
{
	cap_t had = cap_get_proc(), want = cap_init(), got = NULL;
	int r = had && want ? 0 : -errno;

	for (int i = 0; r == 0 && i < n_keeps; i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(had, keeps[i], CAP_PERMITTED, &has) < 0 || has == CAP_CLEAR)
			continue;
		if (cap_set_flag(want, CAP_PERMITTED, 1, &keeps[i], CAP_SET) < 0 ||
		    (effective && cap_set_flag(want, CAP_EFFECTIVE, 1, &keeps[i], CAP_SET) < 0))
			r = -errno;
	}
	if (r == 0 && cap_set_proc(want) < 0)
		r = -errno;
	if (r == 0) {
		got = cap_get_proc();
		r = got && cap_compare(got, want) == 0 ? 0 : -EPERM;
	}
	(void)cap_free(had);
	(void)cap_free(want);
	(void)cap_free(got);
	return r;
}

static int clear_ambient(void)
{
	return prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0 ? -errno : 0;
}

int privileges_become(const struct identity *identity, struct failure *ret_failure)
{
	int r = identity->is_change ? change_ids(identity) : 0;

	if (r < 0)
		return failure_set(ret_failure, r, "cannot become user %s: %s", identity->user,
				   strerrordesc_np(-r));
	if (identity->uid != 0) {
		r = clear_ambient();
		if (r == 0)
			r = limit_capabilities(supervisor_keeps, ARRAY_SIZE(supervisor_keeps),
					       false);
	}
	if (r < 0)
		return failure_set(ret_failure, r, "cannot drop capabilities: %s",
				   strerrordesc_np(-r));
	return 0;
}

/* Makes what the supervisor kept effective, or not. Whoever stays root has it always. */
static void set_effective(cap_flag_value_t value)
{
	if (geteuid() == 0)
		return;

	cap_t caps = cap_get_proc();

	if (!caps)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(supervisor_keeps); i++) {
		cap_flag_value_t has = CAP_CLEAR;

		(void)cap_get_flag(caps, supervisor_keeps[i], CAP_PERMITTED, &has);
		if (has == CAP_SET)
			(void)cap_set_flag(caps, CAP_EFFECTIVE, 1, &supervisor_keeps[i], value);
	}
	(void)cap_set_proc(caps);
	(void)cap_free(caps);
}

void privileges_raise(void)
{
	set_effective(CAP_SET);
}

void privileges_lower(void)
{
	set_effective(CAP_CLEAR);
}

int privileges_drop_for_child(bool binds_low_port)
{
	cap_value_t keeps[ARRAY_SIZE(root_child_keeps) + 1];
	bool is_root = geteuid() == 0;
	int n_keeps = 0;
	int r = clear_ambient();

	for (size_t i = 0; is_root && i < ARRAY_SIZE(root_child_keeps); i++)
		keeps[n_keeps++] = root_child_keeps[i];
	if (binds_low_port)
		keeps[n_keeps++] = CAP_NET_BIND_SERVICE;
	if (r == 0)
		r = limit_capabilities(keeps, n_keeps, true);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
		return -errno;
	/* The way back must be shut. */
	if (!is_root && setresuid(0, 0, 0) == 0)
		return -EPERM;
	return 0;
}
