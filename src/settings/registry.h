/* settings/registry.h - a row of the registry, for the files of this folder only.
 * Everybody else reads struct setting_info through settings.h. Threads: any; the table is
 * constant. */
#ifndef SETTINGS_REGISTRY_H
#define SETTINGS_REGISTRY_H

#include "settings/settings.h"

enum value_kind {
	VALUE_BOOL,
	VALUE_UINT,
	VALUE_OCTAL,
	VALUE_SIZE, /* bytes, see base/size.h */
	VALUE_WORD, /* one of a few words, stored as its position */
	VALUE_TEXT,
	VALUE_PATH,
	VALUE_PORTS,
	VALUE_PORT_RANGE,
	VALUE_LISTEN,	  /* "*" or addresses */
	VALUE_NETWORKS,	  /* stored as written */
	VALUE_EXTERNAL,	  /* stored as written; the grammar of net/external.h */
	VALUE_NAMES,	  /* names of hosts, stored as written */
	VALUE_CHARSET,	  /* stored as written; what base/charset.h takes */
	VALUE_WEB_LISTEN, /* stored as written; the grammar of web_listen.h */
	VALUE_KINDS
};

struct setting {
	struct setting_info info;
	enum value_kind kind;
	size_t offset, size;	  /* of the field in struct settings, or struct host_settings */
	unsigned min, max;	  /* VALUE_UINT, VALUE_OCTAL; both are allowed values */
	const char *const *words; /* VALUE_WORD: by value, NULL at the end */
};

/* Borrowed, static; index is below settings_count(). */
const struct setting *registry_row(size_t index);
/* Of a [host NAME] section; index is below host_settings_count(). */
const struct setting *registry_host_row(size_t index);
const char *registry_suggest_host_setting(struct text name); /* NULL when none is near */

bool registry_has_section(struct text section);
const char *registry_suggest_section(struct text section); /* NULL when none is near */

#endif
