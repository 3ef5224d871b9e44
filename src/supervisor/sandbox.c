/* supervisor/sandbox.c - see sandbox.h.
 *
 * Landlock first: to make its rules files are opened, which the filter of the system calls would
 * refuse. */
#include "supervisor/sandbox.h"

#include <fcntl.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/log.h"
#include "net/external.h"
#include "store/home.h"
#include "supervisor/landlock.h"
#include "supervisor/syscall_filter.h"

#define DNS_PORT 53

/* What getaddrinfo(3) reads. A file that is replaced by another one is out of reach until the next
 * reload; where resolv.conf is a link, its directory is what stays. */
static const char *const resolver_files[] = {
	"/etc/resolv.conf",	"/etc/hosts",	   "/etc/nsswitch.conf",
	"/etc/host.conf",	"/etc/gai.conf",   "/etc/services",
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf",
};

/* Public: which authorities this machine trusts. Links lead from one to the other. */
static const char *const trust_files[] = {
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
	"/usr/lib/ssl",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
};

/* What an examiner tells of this machine. */
static const char *const network_files[] = {
	"/proc/self/net",
	"/proc/sys/net/ipv4/ip_local_port_range",
};

enum confined { CONFINED_WORKER, CONFINED_MANAGER, CONFINED_EXAMINER };

#ifdef SALLYPORT_SANITIZED
/* Their reports name functions and lines. */
static const char *const sanitizer_files[] = { "/proc", "/usr/lib" };
#endif

int sandbox_check_kernel(const struct settings *settings, struct failure *ret_failure)
{
	if (settings->sandbox != SANDBOX_REQUIRE)
		return 0;
	if (landlock_abi() == 0)
		return failure_set(ret_failure, -ENOSYS,
				   "sandbox: this kernel cannot keep the workers inside the data "
				   "roots: Landlock is missing (Linux 5.19 or later, with landlock "
				   "among its security modules); sandbox = prefer goes without");
	if (!syscall_filter_is_possible())
		return failure_set(ret_failure, -ENOSYS,
				   "sandbox: this kernel cannot limit the system calls of a "
				   "process: seccomp is missing (Linux 4.14 or later); sandbox = "
				   "prefer goes without");
	return 0;
}

/* --- Landlock --------------------------------------------------------------------------------- */

static int allow_existing(struct landlock_ruleset *ruleset, const char *path,
			  enum landlock_grant grant)
{
	int r = landlock_allow_path(ruleset, path, grant);

	return r == -ENOENT || r == -ENOTDIR || r == -EACCES ? 0 : r;
}

static int allow_files(struct landlock_ruleset *ruleset, const char *const *paths, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow_existing(ruleset, paths[i], LANDLOCK_READ);
	return r;
}

static bool looks_up(const struct settings *settings)
{
	return external_needs_names(text_of(settings->external_ip));
}

/* "/srv/a, /srv/b": what is not there now is told; it comes within reach at the next reload. */
static int allow_list(struct landlock_ruleset *ruleset, struct text list)
{
	char path[SETTINGS_PATH_SIZE];
	struct text one;
	int r = 0;

	while (r == 0 && text_take_until(&list, ',', &one)) {
		one = text_trim(one);
		if (text_copy(one, path, sizeof(path)) < 0)
			continue; /* settings_check has seen to it */
		r = landlock_allow_path(ruleset, path, LANDLOCK_STORE);
		if (r == -ENOENT || r == -EACCES || r == -ENOTDIR) {
			log_event(LOG_WARNING, "data-root-missing", F_TEXT("path", one),
				  F_ERRNO(r));
			r = 0;
		}
	}
	return r;
}

static int allow_worker(struct landlock_ruleset *ruleset, const struct sandbox_worker *worker)
{
	const struct settings *settings = worker->settings;
	int r = 0;

	for (size_t i = 0; r == 0 && i < worker->n_data_roots; i++)
		if (worker->data_roots[i] >= 0)
			r = landlock_allow_fd(ruleset, worker->data_roots[i], LANDLOCK_STORE);
	if (r == 0)
		r = allow_list(ruleset, text_of(settings->extra_data_roots));
	/* The source of an active data connection; 0: a port that the kernel chooses. */
	if (r == 0 && settings->active)
		r = landlock_allow_port(ruleset, LANDLOCK_NET_BIND,
					(uint16_t)settings->active_source_port);
	if (r == 0 && looks_up(settings))
		r = allow_files(ruleset, resolver_files, ARRAY_SIZE(resolver_files));
	if (r == 0 && looks_up(settings))
		r = landlock_allow_port(ruleset, LANDLOCK_NET_CONNECT, DNS_PORT);
	return r;
}

static int allow_parent(struct landlock_ruleset *ruleset, const char *path)
{
	char directory[SETTINGS_PATH_SIZE];
	const char *slash = strrchr(path, '/');

	if (!slash)
		return 0;

	int r = text_copy((struct text){ path, (size_t)(slash - path) + 1 }, directory,
			  sizeof(directory));

	return r < 0 ? r : allow_existing(ruleset, directory, LANDLOCK_STORE);
}

static int allow_manager(struct landlock_ruleset *ruleset, const struct settings *settings)
{
	int r = allow_existing(ruleset, settings->state_directory, LANDLOCK_STORE);

	if (r == 0)
		r = allow_parent(ruleset, settings->database);
	/* Certificates that are uploaded are held against it. */
	if (r == 0)
		r = allow_files(ruleset, trust_files, ARRAY_SIZE(trust_files));
	return r < 0 ? r : allow_parent(ruleset, settings->xferlog);
}

static int allow_examiner(struct landlock_ruleset *ruleset)
{
	int r = allow_files(ruleset, resolver_files, ARRAY_SIZE(resolver_files));

	if (r == 0)
		r = allow_files(ruleset, trust_files, ARRAY_SIZE(trust_files));
	if (r == 0)
		r = allow_files(ruleset, network_files, ARRAY_SIZE(network_files));
	return r == 0 ? landlock_allow_port(ruleset, LANDLOCK_NET_BIND, 0) : r;
}

/* Landlock tells nobody what it holds: so we try. */
static int verify_landlock(void)
{
	AUTO_CLOSE int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 && errno == EACCES ? 0 : -EPERM;
}

/* worker: of a worker. Returns the ABI in force or -errno. */
static int enforce_landlock(enum confined confined, const struct sandbox_worker *worker,
			    const struct settings *settings)
{
	struct landlock_ruleset ruleset;
	uint64_t net = LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT;

	/* A client of active mode names any port, and a rule is for one port. */
	if (confined == CONFINED_EXAMINER || (worker && settings->active))
		net = LANDLOCK_NET_BIND;

	int r = landlock_ruleset_init(&ruleset, net);

	if (r < 0)
		return r;
	if (confined == CONFINED_EXAMINER)
		r = allow_examiner(&ruleset);
	else
		r = worker ? allow_worker(&ruleset, worker) : allow_manager(&ruleset, settings);
#ifdef SALLYPORT_SANITIZED
	if (r == 0)
		r = allow_files(&ruleset, sanitizer_files, ARRAY_SIZE(sanitizer_files));
#endif
	if (r == 0)
		r = landlock_ruleset_enforce(&ruleset);
	landlock_ruleset_release(&ruleset);
	if (r == 0)
		r = verify_landlock();
	return r < 0 ? r : (int)ruleset.abi;
}

/* --- the rest --------------------------------------------------------------------------------- */

static int forbid_core_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) == 0 ? 0 : -EPERM;
}

/* All sets together, as the kernel tells them. What cannot be read counts as all. */
static uint64_t capabilities_now(void)
{
	static const cap_flag_t sets[] = { CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE };
	cap_t caps = cap_get_proc();
	uint64_t mask = 0;

	if (!caps)
		return UINT64_MAX;
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
			cap_flag_value_t has = CAP_CLEAR;

			if (cap_get_flag(caps, cap, sets[i], &has) < 0 || has == CAP_SET)
				mask |= UINT64_C(1) << cap;
		}
	}
	(void)cap_free(caps);
	return mask;
}

/* Something that is wished for is not there. Returns r when that must not be, else 0. */
static int lack(const struct settings *settings, const char *layer, int r)
{
	bool is_required = settings->sandbox == SANDBOX_REQUIRE;

	log_event(is_required ? LOG_ERROR : LOG_WARNING, "sandbox-incomplete",
		  F_STR("missing", layer), F_ERRNO(r));
	return is_required ? r : 0;
}

int sandbox_forbid_dumps(const struct settings *settings)
{
	int r = settings->sandbox == SANDBOX_OFF ? 0 : forbid_core_dumps();

	return r < 0 ? lack(settings, "core dumps off", r) : 0;
}

static void read_back(struct sandbox_view *view)
{
	view->capabilities = capabilities_now();
	view->has_no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1;
	view->has_openat2 = home_check_kernel() == 0;
	view->dumps_core = prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) != 0;
}

static void log_view(const struct sandbox_view *view)
{
	char storage[24];
	struct buf capabilities;

	buf_init(&capabilities, storage, sizeof(storage));
	buf_addf(&capabilities, "0x%" PRIx64, view->capabilities);
	log_event(LOG_INFO, "sandbox", F_UINT("landlock", view->landlock_abi),
		  F_STR("seccomp", view->has_seccomp ? "yes" : "no"),
		  F_STR("no-new-privileges", view->has_no_new_privileges ? "yes" : "no"),
		  F_TEXT("capabilities", buf_text(&capabilities)));
}

static int enter(enum confined confined, const struct sandbox_worker *worker,
		 const struct settings *settings, unsigned layers, struct sandbox_view *ret)
{
	const struct syscall_needs needs = {
		.is_manager = confined == CONFINED_MANAGER,
		.is_examiner = confined == CONFINED_EXAMINER,
		.connects = confined == CONFINED_EXAMINER || (worker && settings->active),
		.looks_up = confined == CONFINED_EXAMINER || (worker && looks_up(settings)),
	};
	struct sandbox_view view = { .is_known = true };
	int r = 0;

	if (settings->sandbox == SANDBOX_OFF)
		layers = 0;
	if (layers & SANDBOX_NO_DUMPS) {
		r = forbid_core_dumps();
		if (r < 0)
			r = lack(settings, "core dumps off", r);
	}
	if (r == 0 && layers & SANDBOX_LANDLOCK) {
		r = enforce_landlock(confined, worker, settings);
		view.landlock_abi = r > 0 ? (unsigned)r : 0;
		r = r < 0 ? lack(settings, "landlock", r) : 0;
	}
	read_back(&view);
	if (r == 0 && layers & SANDBOX_SECCOMP) {
		r = syscall_filter_load(&needs);
		if (r < 0)
			r = lack(settings, "seccomp", r);
	}
	view.has_seccomp = syscall_filter_is_on();
	if (r < 0)
		return r;
	if (confined != CONFINED_EXAMINER) /* that one comes and goes */
		log_view(&view);
	*ret = view;
	return 0;
}

int sandbox_enter_worker(const struct sandbox_worker *worker, unsigned layers,
			 struct sandbox_view *ret)
{
	return enter(CONFINED_WORKER, worker, worker->settings, layers, ret);
}

int sandbox_enter_manager(const struct settings *settings, unsigned layers,
			  struct sandbox_view *ret)
{
	return enter(CONFINED_MANAGER, NULL, settings, layers, ret);
}

int sandbox_enter_examiner(const struct settings *settings, unsigned layers,
			   struct sandbox_view *ret)
{
	return enter(CONFINED_EXAMINER, NULL, settings, layers, ret);
}
