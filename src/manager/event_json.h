/* manager/event_json.h - a row of the log of events, or of the records of transfers, as both are
 * shown together. Threads: any. */
#ifndef MANAGER_EVENT_JSON_H
#define MANAGER_EVENT_JSON_H

#include <jansson.h>

#include "accounts/activity.h"

/* "note", "warning", "problem". */
#define EVENT_SEVERITIES 3
extern const char *const event_severities[EVENT_SEVERITIES];

/* {"id", "time", "kind", "severity", "user", "address", "session", "text", "facts"}; ids begin with
 * e, those of transfers with t. A new reference. */
json_t *event_json(const struct activity_view *view);

#endif
