/* doctor/listing_reader.c - what a client could make of a listing; see probe_data.h. The forms are
 * those of "ls -l", of Windows ("11-20-26 11:17AM <DIR> x") and of EPLF
 * ("+i8388621.29609,/,\tx"). */
#include "doctor/probe_data.h"

static bool is_mode(struct text line)
{
	static const char letters[] = "rwxsStTlL-";

	if (line.len < 10 || !strchr("-dlbcpsD", line.ptr[0]))
		return false;
	for (size_t i = 1; i < 10; i++)
		if (line.ptr[i] == '\0' || !strchr(letters, line.ptr[i]))
			return false;
	return true;
}

static bool is_windows_date(struct text line)
{
	static const char form[] = "##-##-##";

	if (line.len < sizeof(form))
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '#' ? line.ptr[i] < '0' || line.ptr[i] > '9' : line.ptr[i] != '-')
			return false;
	return true;
}

static bool is_readable(struct text line)
{
	return line.len == 0 || text_starts(line, T("total ")) || is_mode(line) ||
	       is_windows_date(line) || text_starts(line, T("+"));
}

static void end_line(struct listing_reader *reader)
{
	struct text line = { reader->line, reader->len }, name = text_of(reader->name);

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	reader->n_lines += line.len > 0;
	reader->n_unreadable += !is_readable(line);
	/* A line that was cut may end within a character. */
	reader->n_foreign += !reader->is_skipping && !text_is_utf8(line);
	if (line.len > name.len && name.len > 0 &&
	    memcmp(line.ptr + line.len - name.len, name.ptr, name.len) == 0)
		reader->has_name = true;
	reader->len = 0;
	reader->is_skipping = false;
}

void listing_reader_feed(struct listing_reader *reader, struct text in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] == '\n')
			end_line(reader);
		else if (reader->len < sizeof(reader->line))
			reader->line[reader->len++] = in.ptr[i];
		else
			reader->is_skipping = true;
	}
}
