/* worker/place.h - where a client's path leads, and what the user may do there: the one place that
 * asks the policy. A path belongs to the user's home or to one of the virtual folders, each of
 * which is a home of its own; the kernel keeps every name beneath the one that it belongs to.
 *
 * Where a policy has entries the homes follow no symbolic links (home_open_strict): links are
 * resolved here, name by name, so that the rule of the place where a file is counts, whatever link
 * leads there, and what is opened afterwards is what was asked about.
 * Threads: the one that runs the session. */
#ifndef WORKER_PLACE_H
#define WORKER_PLACE_H

#include "ftp/policy.h"
#include "worker/session.h"

/* What a command is about to do with a path. */
enum place_use {
	PLACE_ENTER, /* also: only to name it */
	PLACE_LOOK,
	PLACE_READ,
	PLACE_WRITE, /* a new file or an old one: the caller asks place_may for what it is */
	PLACE_LINK,  /* a new symbolic link */
	PLACE_MAKE,  /* a new directory */
	PLACE_ATTRIBUTES,
	PLACE_DELETE,
	PLACE_REMOVE, /* an empty directory */
	PLACE_REMOVE_TREE,
	PLACE_RENAME_FROM,
	PLACE_RENAME_TO,
};

struct place {
	struct path path; /* as the client means it: for replies and logs */
	struct path real; /* with links resolved, where the policy has entries */
	const struct home *home;
	size_t root_len;      /* of the folder's path at the front of real; 0: the user's home */
	uint32_t permissions; /* enum permission bits that hold there */
};

/* Finds the place of a client's argument and asks the policy. Replies and returns < 0 when the
 * argument is no path, or the policy does not allow the use. */
int place_find(struct session *s, struct text argument, enum place_use use,
	       struct place *ret) MUST_CHECK;

/* The same for a command that leaves a record: so does its refusal. */
int place_find_for(struct session *s, struct text argument, enum place_use use,
		   enum event_kind kind, struct place *ret) MUST_CHECK;
/* The record of a command that was refused for what the user may do nowhere. */
void place_note_denied(struct session *s, struct text argument, enum event_kind kind);

/* The same without a word, for what a link or a listing leads to: links are followed. 0; -ENOENT
 * for hidden names too; -errno. */
int place_look(const struct session *s, const struct path *path, struct place *ret) MUST_CHECK;

/* What may be done with a clean path, which has no links in it: that of the policy, less what a
 * denied name, a read-only folder, or a folder at or beneath it takes away. */
uint32_t place_permissions(const struct session *s, const struct path *path);

/* A virtual folder has this path; listings show it instead of what the directory holds. */
bool place_is_folder(const struct session *s, const struct path *path);

/* A listing leaves the name out. */
static inline bool place_hides_name(const struct session *s, const char *name)
{
	return policy_hides(s->user->policy, text_of(name)) != NULL;
}

/* A tree_visit (store/tree.h), arg is the session: looks at the client, and passes hidden names
 * over. */
int place_visit(void *arg, const char *name) MUST_CHECK;

/* "Permission denied", for what only the command itself can find out. */
void place_refuse(struct session *s, const struct place *place, const char *what);

/* Opens a home, or the directory of a folder: no link that lies in a data root is followed to it,
 * since it may be a client's. */
int place_open_home(const struct session *s, const char *directory, bool is_strict,
		    struct home **ret) MUST_CHECK;
/* For the log: why that is not possible. */
const char *place_reason(bool is_outside, int error);

/* Opens the folders of a user who logs in; one that cannot be opened is logged and left out. */
int place_open_folders(struct session *s, struct session_user *user) MUST_CHECK;

/* As openat2 wants it beneath place->home; borrowed. */
static inline const char *place_beneath(const struct place *place)
{
	size_t at = place->root_len + 1;

	return place->real.len > at ? place->real.bytes + at : ".";
}

/* It is the user's root directory, or that of a folder. */
static inline bool place_is_root(const struct place *place)
{
	return place->real.len <= place->root_len + 1;
}

static inline bool place_may(const struct place *place, uint32_t permissions)
{
	return (place->permissions & permissions) == permissions;
}

#endif
