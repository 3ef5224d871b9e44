/* supervisor/configuration.h - reads the configuration: what the manager has stored, the file, the
 * --set options, the joint rules. Threads: one. */
#ifndef SUPERVISOR_CONFIGURATION_H
#define SUPERVISOR_CONFIGURATION_H

#include "settings/settings.h"
#include "supervisor/failure.h"

#define CONFIGURATION_DEFAULT_PATH "/etc/sallyport/sallyport.conf"

/* What the command line said; borrowed for the life of the process. */
struct configuration {
	const char *path;
	bool may_be_missing; /* nobody asked for this file: without it the defaults count */
	const char *const *overrides;
	size_t n_overrides;
	/* Set: what the manager has stored does not count, and this is told as the reason. */
	const char *why_not_stored;
};

/* Loads and checks. A stored value that is no good, or does not go together with the others, is
 * logged, noted (settings_problem) and left out. With running, settings that only a restart can
 * change keep the value that they have there, and a warning is logged for each that differs. 0 and
 * *ret owned by the caller (settings_free); or -errno with the failure. */
int configuration_load(const struct configuration *configuration, const struct settings *running,
		       struct settings_loaded **ret, struct failure *ret_failure) MUST_CHECK;

#endif
