/* worker/cmd_facts.c - changing what MLST tells: MFMT, MFCT, MFF (draft-somers-ftp-mfxx), and the
 * time that old clients set with "MDTM YYYYMMDDHHMMSS path". */
#include "base/log.h"
#include "store/attributes.h"
#include "worker/commands.h"
#include "worker/control.h"

static bool set_mtime(struct session *s, const struct path *path, int64_t mtime_s)
{
	int r = home_set_mtime(s->user->home, path_beneath(path), mtime_s);

	if (r < 0)
		reply_errno(s, r, path_text(path));
	return r == 0;
}

static bool set_mode(struct session *s, const struct path *path, uint32_t mode)
{
	int r = home_set_mode(s->user->home, path_beneath(path), mode);

	if (r < 0)
		reply_errno(s, r, path_text(path));
	return r == 0;
}

bool facts_parse_mode(struct text in, uint32_t *ret)
{
	uint32_t mode = 0;

	if (in.len == 0 || in.len > 5)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (in.ptr[i] < '0' || in.ptr[i] > '7')
			return false;
		mode = mode * 8 + (uint32_t)(in.ptr[i] - '0');
	}
	*ret = mode;
	return true;
}

static void log_change(const struct session *s, const struct path *path, struct text what)
{
	log_event(LOG_INFO, "change", F_UINT("session", s->id), F_STR("user", s->user->name),
		  F_TEXT("path", path_text(path)), F_TEXT("facts", what));
}

void cmd_mfmt(struct session *s, struct text argument)
{
	struct text when;
	struct path path;
	int64_t mtime_s;
	char stored[TIMEVAL_SIZE];

	if (!text_take_until(&argument, ' ', &when) || argument.len == 0 ||
	    listing_parse_time(when, &mtime_s) < 0) {
		reply(s, 501, "Syntax: MFMT <YYYYMMDDHHMMSS> <path>");
		return;
	}
	if (session_path(s, argument, &path) < 0 || !set_mtime(s, &path, mtime_s))
		return;
	listing_format_time(mtime_s, stored);
	log_change(s, &path, when);
	reply(s, 213, "Modify=%s; %s", stored, path.bytes);
}

void cmd_mfct(struct session *s, struct text argument UNUSED)
{
	reply(s, 504, "The time of creation cannot be changed on this system.");
}

/* One "fact=value" of MFF: 0 done, 1 not a fact that can be changed, < 0 replied. */
static int change_fact(struct session *s, const struct path *path, struct text name,
		       struct text value)
{
	int64_t mtime_s;
	uint32_t mode;

	if (text_equal_nocase(name, T("modify"))) {
		if (listing_parse_time(value, &mtime_s) < 0) {
			reply(s, 501, "Modify wants YYYYMMDDHHMMSS.");
			return -EINVAL;
		}
		return set_mtime(s, path, mtime_s) ? 0 : -EIO;
	}
	if (text_equal_nocase(name, T("UNIX.mode"))) {
		if (!facts_parse_mode(value, &mode)) {
			reply(s, 501, "UNIX.mode wants an octal number.");
			return -EINVAL;
		}
		return set_mode(s, path, mode) ? 0 : -EIO;
	}
	return 1;
}

/* "MFF Modify=...;UNIX.mode=0644; path". All facts are looked at before any is changed. */
void cmd_mff(struct session *s, struct text argument)
{
	struct text facts, rest, fact, name;
	struct path path;

	if (!text_take_until(&argument, ' ', &facts) || argument.len == 0 || facts.len == 0 ||
	    facts.ptr[facts.len - 1] != ';') {
		reply(s, 501, "Syntax: MFF <fact>=<value>;[...] <path>");
		return;
	}
	for (rest = facts; text_take_until(&rest, ';', &fact);) {
		if (!text_take_until(&fact, '=', &name) ||
		    (!text_equal_nocase(name, T("modify")) &&
		     !text_equal_nocase(name, T("UNIX.mode")))) {
			reply(s, 504, "Only Modify and UNIX.mode can be changed.");
			return;
		}
	}
	if (session_path(s, argument, &path) < 0)
		return;
	for (rest = facts; text_take_until(&rest, ';', &fact);) {
		(void)text_take_until(&fact, '=', &name);
		if (change_fact(s, &path, name, fact) != 0)
			return;
	}
	log_change(s, &path, facts);
	reply(s, 213, "%.*s %s", TEXT_ARG(facts), path.bytes);
}
