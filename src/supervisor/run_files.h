/* supervisor/run_files.h - what the daemon leaves in the file system: its directories, the socket
 * of the manager's API, the pid file. Threads: one. */
#ifndef SUPERVISOR_RUN_FILES_H
#define SUPERVISOR_RUN_FILES_H

#include "settings/settings.h"
#include "supervisor/privileges.h"

/* Makes the directories of settings that are missing (mode 0750, owned by identity; parents 0755).
 * Existing ones are left as they are. 0 or -errno with the failure. */
int run_files_make_directories(const struct settings *settings, const struct identity *identity,
			       struct failure *ret_failure) MUST_CHECK;

/* The listening socket <run_directory>/manager.sock, mode 0600, non-blocking. One that a dead
 * daemon left is replaced; with a living one behind it: -EADDRINUSE. *ret_fd is owned by the
 * caller. */
int run_files_open_api(const char *run_directory, int *ret_fd,
		       struct failure *ret_failure) MUST_CHECK;

/* Writes <run_directory>/sallyportd.pid. 0 or -errno with the failure. */
int run_files_write_pid(const char *run_directory, struct failure *ret_failure) MUST_CHECK;

/* Removes the socket and the pid file; best effort. */
void run_files_remove(const char *run_directory);

#endif
