/* manager/data_json.h - what is known of data connections and sessions, as JSON.
 * Threads: any. */
#ifndef MANAGER_DATA_JSON_H
#define MANAGER_DATA_JSON_H

#include <jansson.h>

#include "ftp/data_record.h"
#include "ipc/recorder.h"

/* An object; null without a record. A new reference. */
json_t *data_record_json(const struct data_record *data);

/* What the session and we have said last, as an array of {"time", "from", "text"}, the oldest
 * first; at most TIMELINE_MAX lines. recorder may be NULL. A new reference. */
#define TIMELINE_MAX 500u
json_t *timeline_json(const struct recorder *recorder, uint64_t session);

#endif
