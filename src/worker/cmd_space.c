/* worker/cmd_space.c - room and sizes: ALLO (RFC 959 4.1.3), AVBL and DSIZ
 * (draft-peterson-streamlined-ftp-command-extensions). */
#include "store/attributes.h"
#include "store/tree.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/place.h"
#include "worker/quota.h"
#include "worker/session_limits.h"

/* "ALLO n [R m]": nothing is reserved, but a file that cannot fit is refused before it is sent. */
void cmd_allo(struct session *s, struct text argument)
{
	struct place place;
	uint64_t wanted, there, record;
	struct quota_usage room;

	if (!text_take_uint(&argument, UINT64_MAX, &wanted) ||
	    (argument.len > 0 && !(text_skip(&argument, T(" R ")) &&
				   text_to_uint(argument, UINT64_MAX, &record) == 0))) {
		reply(s, 501, "Syntax: ALLO <bytes> [R <record size>]");
		return;
	}
	if (wanted > limits_upload_room(s, 0)) {
		reply(s, 552,
		      "%" PRIu64 " bytes are asked for, a file may have %" PRIu64
		      " after an upload (upload_size).",
		      wanted, limits_upload_room(s, 0));
		return;
	}
	if (place_find(s, T(""), PLACE_ENTER, &place) < 0)
		return;
	if (quota_room(s, &place, &room) == 0 && wanted > room.bytes)
		quota_reply(s, &place);
	else if (home_free_bytes(place.home, place_beneath(&place), &there) == 0 && wanted > there)
		reply(s, 552, "[D-88] %" PRIu64 " bytes are asked for, %" PRIu64 " are free.",
		      wanted, there);
	else
		reply(s, 200, "There is room for %" PRIu64 " bytes.", wanted);
}

void cmd_avbl(struct session *s, struct text argument)
{
	struct place place;
	struct quota_usage room;
	uint64_t bytes;

	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	int r = home_free_bytes(place.home, place_beneath(&place), &bytes);
	if (r == 0)
		r = quota_room(s, &place, &room);
	if (r < 0)
		reply_errno(s, r, path_text(&place.path));
	else
		reply(s, 213, "%" PRIu64, MIN_OF(bytes, room.bytes));
}

void cmd_dsiz(struct session *s, struct text argument)
{
	struct place place;
	uint64_t bytes;

	if (place_find(s, argument, PLACE_LOOK, &place) < 0)
		return;
	int r = home_tree_bytes(place.home, place_beneath(&place), place_visit, s, &bytes);
	if (r == -ECANCELED)
		reply(s, 426, "Counting aborted.");
	else if (r < 0)
		reply_errno(s, r, path_text(&place.path));
	else
		reply(s, 213, "%" PRIu64, bytes);
}
