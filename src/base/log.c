/* base/log.c - see log.h. */
#include "base/log.h"

#include <fcntl.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES 4096

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic int log_most_detailed = LOG_INFO;
static char log_process[32] = "main";

int log_open(const char *path, enum log_level most_detailed)
{
	bool to_stderr = !path || !*path;
	int old = atomic_load(&log_fd);

	atomic_store(&log_most_detailed, (int)most_detailed);
	if (to_stderr && old == STDERR_FILENO)
		return 0;

	int fd = to_stderr ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
			   : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (old == STDERR_FILENO) {
		atomic_store(&log_fd, fd);
		return 0;
	}
	/* dup3 swaps the file under the same number: a thread in write(2) sees the old or the new
	 * file, never a closed descriptor. */
	int r = dup3(fd, old, O_CLOEXEC) < 0 ? -errno : 0;
	(void)close(fd);
	return r;
}

void log_set_process(const char *name)
{
	(void)snprintf(log_process, sizeof(log_process), "%s", name);
}

bool log_is_on(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_most_detailed, memory_order_relaxed);
}

/* True at a C1 control character (U+0080 to U+009F: some terminals obey U+009B as they do ESC [).
 * The text is well-formed UTF-8, so that c2 is always followed by one more byte. */
static bool is_c1_control(struct text value, size_t at)
{
	return (uint8_t)value.ptr[at] == 0xc2 && (uint8_t)value.ptr[at + 1] <= 0x9f;
}

static bool is_plain(struct text value)
{
	bool is_ascii = true;

	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = (uint8_t)value.ptr[i];
		if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f)
			return false;
		is_ascii = is_ascii && c < 0x80;
	}
	if (is_ascii || !text_is_utf8(value))
		return is_ascii && value.len > 0;
	for (size_t i = 0; i < value.len; i++)
		if (is_c1_control(value, i))
			return false;
	return true;
}

static void add_escaped(struct buf *line, struct text value)
{
	bool utf8 = text_is_utf8(value);

	buf_add_char(line, '"');
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = (uint8_t)value.ptr[i];
		bool is_continuation = utf8 && (c & 0xc0) == 0x80;
		if (buf_room(line) <= 160 && !is_continuation)
			break; /* a long value is cut between characters, never inside one */
		if (c == '"' || c == '\\')
			buf_addf(line, "\\%c", c);
		else if (utf8 && is_c1_control(value, i))
			buf_addf(line, "\\xc2\\x%02x", (uint8_t)value.ptr[++i]);
		else if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
			buf_addf(line, "\\x%02x", c);
		else
			buf_add_char(line, (char)c);
	}
	buf_add_char(line, '"');
}

static void add_field(struct buf *line, const struct log_field *field)
{
	bool is_negative = field->kind == LOG_FIELD_INT && (int64_t)field->number < 0;

	buf_add_char(line, ' ');
	buf_add(line, text_of(field->key));
	buf_add_char(line, '=');
	switch (field->kind) {
	case LOG_FIELD_INT:
	case LOG_FIELD_UINT:
		if (is_negative)
			buf_add_char(line, '-');
		buf_add_uint(line, is_negative ? -field->number : field->number);
		break;
	case LOG_FIELD_TEXT:
		if (is_plain(field->text) && field->text.len + 160 < buf_room(line))
			buf_add(line, field->text);
		else
			add_escaped(line, field->text);
		break;
	}
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
	       size_t n_fields)
{
	static const char *const names[] = { " error ", " warning ", " info ", " debug " };
	char storage[LINE_MAX_BYTES], when[CLOCK_ISO_SIZE];
	struct buf line;

	buf_init(&line, storage, sizeof(storage) - 1);
	clock_format_iso(clock_wall_ms(), when);
	buf_add(&line, text_of(when));
	buf_add(&line, text_of(names[level]));
	buf_add(&line, text_of(log_process));
	buf_add_char(&line, ' ');
	buf_add(&line, text_of(event));
	/* Room is kept so that the line of a very long value still ends in its other fields. */
	for (size_t i = 0; i < n_fields && buf_room(&line) > 200; i++)
		add_field(&line, &fields[i]);
	storage[line.len++] = '\n';
	/* A log that cannot be written must not stop the service. */
	(void)!write(atomic_load(&log_fd), storage, line.len);
}
