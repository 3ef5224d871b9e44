/* manager/settings_advice.h - what to think about before a setting is changed: warnings about a
 * configuration that is right, and the address that clients outside should be told.
 * around is what examiner_look_around has found. Threads: any. */
#ifndef MANAGER_SETTINGS_ADVICE_H
#define MANAGER_SETTINGS_ADVICE_H

#include <jansson.h>

#include "ipc/scoreboard.h"
#include "settings/settings.h"

/* [{"name", "detail"}] about values, of which running is in force now: ports that the kernel or
 * other programs use, and what is risky. */
json_t *settings_warnings(const struct settings *values, const struct settings *running,
			  const json_t *around) MUST_CHECK;

/* {"candidates": [{"address", "from", "explanation"}], "suggestion": address or null}. */
json_t *settings_detect_external(const struct settings *values, const struct scoreboard *board,
				 const json_t *around) MUST_CHECK;

#endif
