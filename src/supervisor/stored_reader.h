/* supervisor/stored_reader.h - the settings that the manager keeps in the database, for the
 * supervisor, which has rights that the database's owner has not.
 *
 * The file belongs to the daemon's user: whoever takes over the manager may write anything into
 * it. So a short-lived child with the rights of that user opens and reads it; what comes back
 * through a pipe is text of bounded length. Threads: none. */
#ifndef SUPERVISOR_STORED_READER_H
#define SUPERVISOR_STORED_READER_H

#include "accounts/stored_settings.h"
#include "settings/settings.h"

/* From the database that settings name. 0, none when there is no database yet; or -errno. *ret is
 * to be released in any case. */
int stored_reader_run(const struct settings *settings, struct stored_list *ret) MUST_CHECK;

#endif
