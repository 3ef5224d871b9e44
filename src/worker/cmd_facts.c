/* worker/cmd_facts.c - changing what MLST tells: MFMT, MFCT, MFF (draft-somers-ftp-mfxx), and the
 * time that old clients set with "MDTM YYYYMMDDHHMMSS path". */
#include "base/log.h"
#include "store/attributes.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/place.h"

static bool set_mtime(struct session *s, const struct place *place, int64_t mtime_s)
{
	int r = home_set_mtime(place->home, place_beneath(place), mtime_s);

	if (r < 0)
		reply_errno(s, r, path_text(&place->path));
	return r == 0;
}

static bool set_mode(struct session *s, const struct place *place, uint32_t mode)
{
	int r = home_set_mode(place->home, place_beneath(place), mode);

	if (r < 0)
		reply_errno(s, r, path_text(&place->path));
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
	struct place place;
	int64_t mtime_s;
	char stored[TIMEVAL_SIZE];

	if (!text_take_until(&argument, ' ', &when) || argument.len == 0 ||
	    listing_parse_time(when, &mtime_s) < 0) {
		reply(s, 501, "Syntax: MFMT <YYYYMMDDHHMMSS> <path>");
		return;
	}
	if (place_find(s, argument, PLACE_ATTRIBUTES, &place) < 0 || !set_mtime(s, &place, mtime_s))
		return;
	listing_format_time(mtime_s, stored);
	log_change(s, &place.path, when);
	reply(s, 213, "Modify=%s; %s", stored, place.path.bytes);
}

void cmd_mfct(struct session *s, struct text argument UNUSED)
{
	reply(s, 504, "The time of creation cannot be changed on this system.");
}

struct fact_changes {
	bool sets_mtime, sets_mode;
	int64_t mtime_s;
	uint32_t mode;
};

/* One "fact=value" of MFF. */
static int parse_change(struct text fact, struct fact_changes *ret)
{
	struct text name = { NULL, 0 };

	if (!text_take_until(&fact, '=', &name))
		return -EINVAL;
	if (text_equal_nocase(name, T("modify"))) {
		ret->sets_mtime = true;
		return listing_parse_time(fact, &ret->mtime_s);
	}
	if (text_equal_nocase(name, T("UNIX.mode"))) {
		ret->sets_mode = true;
		return facts_parse_mode(fact, &ret->mode) && ret->mode <= 0777 ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* "MFF Modify=...;UNIX.mode=0644; path": all facts are understood before any is changed. */
void cmd_mff(struct session *s, struct text argument)
{
	struct fact_changes changes = { 0 };
	struct text facts, rest, fact;
	struct place place;
	int r = 0;

	if (!text_take_until(&argument, ' ', &facts) || argument.len == 0 || facts.len == 0 ||
	    facts.ptr[facts.len - 1] != ';') {
		reply(s, 501, "Syntax: MFF <fact>=<value>;[...] <path>");
		return;
	}
	for (rest = facts; r == 0 && text_take_until(&rest, ';', &fact);)
		r = parse_change(fact, &changes);
	if (r == -EOPNOTSUPP) {
		reply(s, 504, "Only Modify and UNIX.mode can be changed.");
		return;
	}
	if (r < 0) {
		reply(s, 501, "Modify wants YYYYMMDDHHMMSS, UNIX.mode an octal number up to 0777.");
		return;
	}
	if (place_find(s, argument, PLACE_ATTRIBUTES, &place) < 0)
		return;
	/* The mode first: it fails for the same reasons as the time, and for more. */
	if ((changes.sets_mode && !set_mode(s, &place, changes.mode)) ||
	    (changes.sets_mtime && !set_mtime(s, &place, changes.mtime_s)))
		return;
	log_change(s, &place.path, facts);
	reply(s, 213, "%.*s %s", TEXT_ARG(facts), place.path.bytes);
}
