/* manager/certificate_files.h - certificates that are uploaded: one file per host with chain and
 * key, mode 0600, replaced as a whole. Threads: any; changes come one at a time. */
#ifndef MANAGER_CERTIFICATE_FILES_H
#define MANAGER_CERTIFICATE_FILES_H

#include "settings/settings.h"

/* *ret is the file's content, owned by the caller and to be wiped; NULL when there is none. 0 or
 * -errno. */
int certificate_file_read(const struct settings *settings, const char *host, char **ret) MUST_CHECK;

/* It is on disk afterwards. pem NULL: the file goes. 0 or -errno; -ENOENT: there was none. */
int certificate_file_write(const struct settings *settings, const char *host,
			   const char *pem) MUST_CHECK;

#endif
