/* settings/value.h - one value: from the words of a file into its field, and back.
 * Threads: any; pure functions. */
#ifndef SETTINGS_VALUE_H
#define SETTINGS_VALUE_H

#include "base/buf.h"
#include "settings/registry.h"

/* Parses in, blanks at both ends trimmed, into the row's field of *into, a struct settings or, with
 * rows of hosts, a struct host_settings. 0; or -EINVAL with the field untouched and what is wrong
 * appended to *wrong ("\"5x\" is not a number"). */
int value_parse(const struct setting *row, struct text in, void *into,
		struct buf *wrong) MUST_CHECK;

/* Appends the value as it would be written in the file. */
void value_format(const struct setting *row, const void *values, struct buf *out);

/* The next item of a comma separated list, trimmed; an empty one for each comma too many. Start
 * with the whole list; ends with rest->ptr at NULL. */
bool value_take_item(struct text *rest, struct text *ret_item);

/* Bytes that no line of a settings file and no value may hold: control bytes, other than a tab, and
 * what is not UTF-8. They would garble every message and log line that shows the value. */
bool value_is_clean(struct text in);

/* Appends to a message what a person wrote: in quotes, a long one cut with "..." at its end. */
void value_quote(struct text in, struct buf *out);

#endif
