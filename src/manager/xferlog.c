/* manager/xferlog.c - see xferlog.h. */
#include "manager/xferlog.h"

#include "base/buf.h"

/* As ctime(3) writes it, in English whatever the locale. */
static bool add_time(int64_t wall_ms, struct buf *out)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm))
		return false;
	buf_addf(out, "%.3s %.3s %2d %02d:%02d:%02d %d", days + 3 * (ptrdiff_t)tm.tm_wday,
		 months + 3 * (ptrdiff_t)tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 1900 + tm.tm_year);
	return true;
}

static void add_name(const char *name, struct buf *out)
{
	for (; *name; name++)
		buf_add_char(out, (uint8_t)*name <= ' ' || *name == 0x7f ? '_' : *name);
}

bool xferlog_format(const struct transfer_record *record, bool is_upload, bool is_download,
		    char ret[static XFERLOG_LINE_SIZE])
{
	bool is_complete = strcmp(record->result, "complete") == 0;
	struct buf out;

	buf_init(&out, ret, XFERLOG_LINE_SIZE);
	if (!(is_upload || is_download) || !add_time(record->ended_wall_ms, &out))
		return false;
	/* Whole seconds, and never none, as readers divide by them. */
	buf_addf(&out, " %" PRIu64 " %s %" PRIu64 " ",
		 MAX_OF((record->duration_ms + 999) / 1000, 1u), record->address, record->bytes);
	add_name(record->path, &out);
	buf_addf(&out, " %c _ %c r ", record->is_ascii ? 'a' : 'b', is_upload ? 'i' : 'o');
	add_name(record->user, &out);
	buf_addf(&out, " ftp 0 * %c\n", is_complete ? 'c' : 'i');
	return !out.has_overflowed;
}
