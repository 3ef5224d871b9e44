/* base/log.h - one event, one line: time, level, process, event and key=value fields.
 *
 *	log_event(LOG_INFO, "login", F_TEXT("user", user), F_UINT("session", id));
 *	2026-11-20T11:17:40.123Z info worker.0 login user=alice session=12
 *
 * Values with blanks, quotes or control bytes are quoted and escaped, so that nothing a client
 * sends can forge a line. A line is one write(2): lines of several processes do not mix.
 * Error: someone must act; warning: we went on, and the line says so; info: sessions and transfers;
 * debug: the dialogue. Lower layers return errors; the caller that decides logs.
 * Threads: any, after log_open. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/text.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *key;
	enum { LOG_FIELD_TEXT, LOG_FIELD_UINT, LOG_FIELD_INT } kind;
	struct text text;
	uint64_t number;
};

#define F_TEXT(key, value) ((struct log_field){ (key), LOG_FIELD_TEXT, (value), 0 })
#define F_STR(key, value) ((struct log_field){ (key), LOG_FIELD_TEXT, text_of(value), 0 })
#define F_UINT(key, value)                                                                         \
	((struct log_field){ (key), LOG_FIELD_UINT, { NULL, 0 }, (uint64_t)(value) })
#define F_INT(key, value)                                                                          \
	((struct log_field){ (key), LOG_FIELD_INT, { NULL, 0 }, (uint64_t)(int64_t)(value) })
/* A negative errno value as its words: "No space left on device". */
#define F_ERRNO(negative) F_STR("error", strerrordesc_np(-(negative)))

/* Writes to the file at path (appended, mode 0640), or to standard error when path is NULL or
 * empty. Opening again (after the file was rotated) is allowed while other threads log. 0 or
 * -errno. */
int log_open(const char *path, enum log_level most_detailed) MUST_CHECK;

/* The name of this process in each line, such as "worker.0"; at most 31 characters are kept. */
void log_set_process(const char *name);

bool log_is_on(enum log_level level);

void log_write(enum log_level level, const char *event, const struct log_field *fields,
	       size_t n_fields);

#define log_event(level, event, ...)                                                               \
	do {                                                                                       \
		if (log_is_on(level)) {                                                            \
			const struct log_field log_fields_[] = { __VA_ARGS__ };                    \
			log_write(level, event, log_fields_, ARRAY_SIZE(log_fields_));             \
		}                                                                                  \
	} while (0)

#endif
