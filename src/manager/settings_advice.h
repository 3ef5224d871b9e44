/* manager/settings_advice.h - what to think about before a setting is changed: warnings about a
 * configuration that is right, and the address that clients outside should be told.
 * Nobody outside of this machine is asked. Threads: any. */
#ifndef MANAGER_SETTINGS_ADVICE_H
#define MANAGER_SETTINGS_ADVICE_H

#include <jansson.h>

#include "ipc/scoreboard.h"
#include "settings/settings.h"

/* [{"name", "detail"}]: what the kernel and other programs have to do with the ports, and what is
 * risky. Of settings that are as in running only what is risky is told. */
json_t *settings_warnings(const struct settings *values, const struct settings *running) MUST_CHECK;

/* {"candidates": [{"address", "from", "explanation"}], "suggestion": address or null}. */
json_t *settings_detect_external(const struct settings *values,
				 const struct scoreboard *board) MUST_CHECK;

#endif
