/* settings/loaded.h - what is inside of a loaded configuration, for the files of this folder only.
 * Threads: one at a time until it is handed out; it does not change any more then. */
#ifndef SETTINGS_LOADED_H
#define SETTINGS_LOADED_H

#include "base/buf.h"
#include "settings/registry.h"

#define HOST_ROWS_MAX 16

struct place {
	enum settings_origin origin;
	unsigned line;
	char *wanted; /* what a restart would put in force, when that differs; else NULL */
};

/* Where a section [host NAME] stands, and each of its keys (0: nowhere). */
struct host_place {
	unsigned first_line;
	unsigned lines[HOST_ROWS_MAX];
};

struct settings_loaded {
	struct settings values;
	struct host_settings *hosts; /* values.hosts, which cannot be written through */
	struct host_place *host_places;
	char *file_name;
	struct settings_problem *problems; /* of stored values */
	size_t n_problems;
	struct place places[]; /* by index of the registry */
};

/* Parses and stores the value; on failure appends "name: what is wrong; allowed: ..." to *error. */
int loaded_store(const struct setting *row, struct text value, void *into,
		 struct buf *error) MUST_CHECK;

/* Defaults only. 0 or -ENOMEM. */
int loaded_new(const char *file_name, struct settings_loaded **ret) MUST_CHECK;

/* In front of the file's values. What is wrong with one is noted as a problem and the value left
 * out. 0 or -ENOMEM. */
int loaded_take_stored(struct settings_loaded *loaded, const struct stored_setting *stored,
		       size_t n_stored) MUST_CHECK;

#endif
