/* store/attributes.h - modes, times, links and free space beneath a home. Like store/home.h: paths
 * are relative to the home and resolved by the kernel beneath it; 0 or -errno. Threads: any. */
#ifndef STORE_ATTRIBUTES_H
#define STORE_ATTRIBUTES_H

#include "store/home.h"

/* Permission bits, 0777 at most: set-id and sticky bits have no meaning for FTP (-EPERM). */
int home_set_mode(const struct home *home, const char *path, mode_t mode) MUST_CHECK;

/* Modification time in seconds since 1970; the access time stays. */
int home_set_mtime(const struct home *home, const char *path, int64_t mtime_s) MUST_CHECK;

/* A link at path to target, both clean paths from the home's root without the leading '/'. It is
 * made relative, so that it stays good when the home moves and never leads out. */
int home_symlink(const struct home *home, const char *target, const char *path) MUST_CHECK;

/* Bytes that an upload into the directory may still take. */
int home_free_bytes(const struct home *home, const char *path, uint64_t *ret) MUST_CHECK;

#endif
