/* worker/place.c - see place.h. */
#include "worker/place.h"

#include "base/log.h"
#include "settings/data_roots.h"
#include "store/tree.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/hosts.h"

#define MAX_LINKS 40 /* in one path, as the kernel's own limit */

struct use {
	uint32_t permission;
	const char *words;  /* "your account may not ..." */
	bool is_of_name;    /* of the last name itself, not of what a link there leads to */
	bool makes_name;    /* hidden and denied names are refused */
	bool needs_allowed; /* denied names are refused */
	bool moves_name;    /* folders stay where they are */
};

static const struct use uses[] = {
	[PLACE_ENTER] = { 0, "enter it" },
	[PLACE_LOOK] = { PERM_LIST, "list it" },
	[PLACE_READ] = { PERM_DOWNLOAD, "download it", .needs_allowed = true },
	[PLACE_WRITE] = { 0, "upload it", .makes_name = true },
	[PLACE_LINK] = { PERM_UPLOAD, "make it", .is_of_name = true, .makes_name = true },
	[PLACE_MAKE] = { PERM_MKDIR, "make it", .is_of_name = true, .makes_name = true },
	[PLACE_ATTRIBUTES] = { PERM_ATTRIBUTES, "change its attributes" },
	[PLACE_DELETE] = { PERM_DELETE, "delete it", .is_of_name = true, .moves_name = true },
	[PLACE_REMOVE] = { PERM_RMDIR, "remove it", .is_of_name = true, .moves_name = true },
	[PLACE_REMOVE_TREE] = { PERM_RMDIR | PERM_DELETE, "remove all of it", .is_of_name = true,
				.moves_name = true },
	[PLACE_RENAME_FROM] = { PERM_RENAME, "rename it", .is_of_name = true, .needs_allowed = true,
				.moves_name = true },
	[PLACE_RENAME_TO] = { PERM_RENAME, "rename to it", .is_of_name = true, .makes_name = true,
			      .moves_name = true },
};

/* --- folders ---------------------------------------------------------------------------------- */

static const struct session_folder *find_folder(const struct session_user *user, struct text path)
{
	const struct session_folder *found = NULL;

	for (size_t i = 0; i < user->n_folders; i++) {
		const struct session_folder *folder = &user->folders[i];

		if (policy_is_within(path, folder->path) &&
		    (!found || folder->path.len > found->path.len))
			found = folder;
	}
	return found;
}

bool place_is_folder(const struct session *s, const struct path *path)
{
	const struct session_folder *folder = find_folder(s->user, path_text(path));

	return folder && folder->path.len == path->len;
}

/* A folder lies at the path or beneath it. */
static bool holds_folder(const struct session_user *user, struct text path)
{
	for (size_t i = 0; i < user->n_folders; i++)
		if (policy_is_within(user->folders[i].path, path))
			return true;
	return false;
}

/* The directory that a folder appears in, where the home has none. */
static int make_parent(const struct session_user *user, const struct session_folder *folder)
{
	struct path path;
	int r;

	path_set_root(&path);
	r = path_join(&path, folder->path, &path);
	if (r == 0)
		r = path_join(&path, T(".."), &path);
	if (r < 0 || path_is_root(&path) || find_folder(user, path_text(&path)))
		return r;
	r = home_make_directories(user->home, path_beneath(&path), 0777);
	return r == -EEXIST ? 0 : r;
}

int place_open_home(const struct session *s, const char *directory, bool is_strict,
		    struct home **ret)
{
	size_t root_len = data_roots_length(s->worker->settings, text_of(directory));

	if (*directory == '/' && root_len > 0)
		return home_open_in_root(s->host->data_root, directory, root_len, is_strict, ret);
	return is_strict ? home_open_strict(s->host->data_root, directory, ret)
			 : home_open(s->host->data_root, directory, ret);
}

/* Why a home or a folder is out of reach, for the log. */
const char *place_reason(bool is_outside, int error)
{
	if (is_outside)
		return "outside of data_root and extra_data_roots";
	return error == -ELOOP ? "a symbolic link below the data root leads to it"
			       : "it cannot be opened";
}

static void open_folder(struct session *s, struct session_user *user,
			const struct policy_entry *entry)
{
	struct session_folder folder = { .path = entry->name,
					 .is_read_only = entry->is_read_only,
					 .quota = entry->quota };
	bool is_outside = !data_roots_reach(s->worker->settings, entry->directory);
	int r = is_outside ? -EACCES : make_parent(user, &folder);

	if (r == 0)
		r = place_open_home(s, entry->directory.ptr, true, &folder.home);
	if (r == 0)
		user->folders[user->n_folders++] = folder;
	else
		log_event(LOG_WARNING, "folder-unavailable", F_UINT("session", s->id),
			  F_STR("user", user->name), F_TEXT("folder", entry->name),
			  F_TEXT("directory", entry->directory), F_ERRNO(r),
			  F_STR("reason", place_reason(is_outside, r)));
}

int place_open_folders(struct session *s, struct session_user *user)
{
	struct policy_entry entry;
	size_t n = 0;

	while (policy_folder(user->policy, n, &entry))
		n++;
	if (n == 0)
		return 0;
	user->folders = calloc(n, sizeof(user->folders[0]));
	if (!user->folders)
		return -ENOMEM;
	for (size_t i = 0; policy_folder(user->policy, i, &entry); i++)
		open_folder(s, user, &entry);
	return 0;
}

/* --- permissions ------------------------------------------------------------------------------ */

#define READING (uint32_t)(PERM_LIST | PERM_DOWNLOAD)
#define MOVING (uint32_t)(PERM_RENAME | PERM_RMDIR)
#define OF_ALLOWED_NAMES                                                                           \
	(uint32_t)(PERM_DOWNLOAD | PERM_UPLOAD | PERM_OVERWRITE | PERM_RENAME | PERM_MKDIR)

uint32_t place_permissions(const struct session *s, const struct path *path)
{
	const struct policy *policy = s->user->policy;
	struct text text = path_text(path);
	uint32_t permissions = policy_permissions(policy, text);

	if (policy_is_plain(policy))
		return permissions;
	/* A directory takes what is in it along. */
	if (!(policy_permissions_beneath(policy, text) & PERM_RENAME))
		permissions &= ~(uint32_t)PERM_RENAME;
	if (policy_denies(policy, text))
		permissions &= ~OF_ALLOWED_NAMES;
	if (holds_folder(s->user, text))
		permissions &= ~MOVING;

	const struct session_folder *folder = find_folder(s->user, text);

	return folder && folder->is_read_only ? permissions & READING : permissions;
}

void place_refuse(struct session *s, const struct place *place, const char *what)
{
	reply(s, 550, "[D-90] %s: permission denied: your account may not %s.", place->path.bytes,
	      what);
}

int place_visit(void *arg, const char *name)
{
	struct session *s = arg;

	return place_hides_name(s, name) ? 1 : control_look(s);
}

/* --- links ------------------------------------------------------------------------------------ */

static void locate(const struct session_user *user, struct place *place)
{
	const struct session_folder *folder = find_folder(user, path_text(&place->real));

	place->home = folder ? folder->home : user->home;
	place->root_len = folder ? folder->path.len : 0;
}

/* The names that are still to be walked. */
struct walk {
	char storage[PATH_MAX_LEN];
	struct text rest;
	unsigned links;
};

/* What a link says comes before the names that are left. */
static int follow(struct walk *walk, struct text target)
{
	char storage[PATH_MAX_LEN];
	struct buf out;

	if (text_starts(target, T("/")))
		return -EXDEV; /* as the kernel says beneath a home */
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	buf_init(&out, storage, sizeof(storage));
	buf_add(&out, target);
	buf_add_char(&out, '/');
	buf_add(&out, walk->rest);
	if (out.has_overflowed)
		return -ENAMETOOLONG;
	memcpy(walk->storage, storage, out.len);
	walk->rest = (struct text){ walk->storage, out.len };
	return 0;
}

static bool is_last(struct text rest)
{
	while (text_skip_char(&rest, '/'))
		;
	return rest.len == 0;
}

/* One name further. What is not there, or cannot be looked at, is left to the kernel to refuse. */
static int walk_name(const struct session_user *user, struct walk *walk, struct text name,
		     bool is_of_name, struct place *place)
{
	char target[PATH_MAX_LEN];

	if (name.len == 0 || text_equal(name, T(".")))
		return 0;
	if (text_equal(name, T(".."))) {
		if (place_is_root(place))
			return -EXDEV;
		name = T("..");
	}
	int r = path_join(&place->real, name, &place->real);
	if (r < 0)
		return r;
	locate(user, place);
	if (text_equal(name, T("..")) || place_is_root(place) ||
	    (is_of_name && is_last(walk->rest)))
		return 0;
	r = home_readlink(place->home, place_beneath(place), target, sizeof(target));
	if (r == -ELOOP || r == -ENAMETOOLONG)
		return r;
	if (r < 0)
		return 0;
	r = path_join(&place->real, T(".."), &place->real);
	locate(user, place);
	return r == 0 ? follow(walk, text_of(target)) : r;
}

static int resolve(const struct session_user *user, const struct path *path, bool is_of_name,
		   struct place *place)
{
	struct walk walk = { .rest = path_text(path) };
	struct text name;
	int r = 0;

	path_set_root(&place->real);
	locate(user, place);
	/* The rest moves when a link is followed. */
	while (r == 0 && text_take_until(&walk.rest, '/', &name))
		r = walk_name(user, &walk, name, is_of_name, place);
	return r;
}

/* --- finding ---------------------------------------------------------------------------------- */

static int find(const struct session *s, const struct path *path, bool is_of_name,
		struct place *ret)
{
	const struct session_user *user = s->user;
	int r = 0;

	if (path != &ret->path)
		path_copy(path, &ret->path);
	path_copy(path, &ret->real);
	ret->root_len = 0;
	ret->home = user->home;
	if (!policy_is_plain(user->policy))
		r = resolve(user, path, is_of_name, ret);
	if (r == 0)
		ret->permissions = place_permissions(s, &ret->real);
	return r;
}

int place_look(const struct session *s, const struct path *path, struct place *ret)
{
	int r = find(s, path, false, ret);

	if (r == 0 && (policy_hides(s->user->policy, path_text(path)) ||
		       policy_hides(s->user->policy, path_text(&ret->real))))
		r = -ENOENT;
	return r;
}

static int refuse_hidden(struct session *s, const struct place *place, const struct use *use,
			 const char *pattern)
{
	/* Whether something hidden is there is not told: the reply is the same. */
	if (use->makes_name)
		reply(s, 553,
		      "[D-90] %s: permission denied: names like \"%s\" are hidden and cannot be "
		      "made.",
		      place->path.bytes, pattern);
	else
		reply_errno(s, -ENOENT, path_text(&place->path));
	return -ENOENT;
}

static int refuse_denied(struct session *s, const struct place *place, const struct use *use,
			 const char *pattern)
{
	reply(s, use->makes_name ? 553 : 550,
	      "[D-90] %s: permission denied: names like \"%s\" are not allowed here.",
	      place->path.bytes, pattern);
	return -EACCES;
}

/* Denied and hidden names, by the path as it was given and as it is. */
static int check_names(struct session *s, const struct place *place, const struct use *use)
{
	const struct policy *policy = s->user->policy;
	struct text asked = path_text(&place->path), real = path_text(&place->real);
	const char *hidden = policy_hides(policy, asked), *denied = policy_denies(policy, asked);

	if (!hidden)
		hidden = policy_hides(policy, real);
	if (hidden)
		return refuse_hidden(s, place, use, hidden);
	if (!denied)
		denied = policy_denies(policy, real);
	if (denied && (use->makes_name || use->needs_allowed))
		return refuse_denied(s, place, use, denied);
	return 0;
}

static int check_policy(struct session *s, enum place_use use, struct place *place)
{
	const struct session_user *user = s->user;
	struct text real = path_text(&place->real);
	uint32_t needed = uses[use].permission;
	int r = policy_is_plain(user->policy) ? 0 : check_names(s, place, &uses[use]);

	if (r < 0)
		return r;
	if (uses[use].moves_name && !path_is_root(&place->real) && holds_folder(user, real)) {
		reply(s, 550,
		      "[D-90] %s: permission denied: it is or holds a virtual folder, which stays.",
		      place->path.bytes);
		return -EBUSY;
	}
	if (!place_may(place, needed) ||
	    (use == PLACE_REMOVE_TREE &&
	     (policy_permissions_beneath(user->policy, real) & needed) != needed)) {
		place_refuse(s, place, uses[use].words);
		return -EACCES;
	}
	return 0;
}

int place_find(struct session *s, struct text argument, enum place_use use, struct place *ret)
{
	int r = session_path(s, argument, &ret->path);

	if (r < 0) {
		ret->path.len = 0; /* for place_find_for */
		return r;
	}
	r = find(s, &ret->path, uses[use].is_of_name, ret);
	/* A link that leads out must not tell of a hidden name. */
	if (r < 0 && policy_hides(s->user->policy, path_text(&ret->path)))
		r = uses[use].makes_name ? r : -ENOENT;
	if (r < 0) {
		reply_errno(s, r, path_text(&ret->path));
		return r;
	}
	return check_policy(s, use, ret);
}

int place_find_for(struct session *s, struct text argument, enum place_use use,
		   enum event_kind kind, struct place *ret)
{
	int r = place_find(s, argument, use, ret);

	/* What is no path at all has none that could be recorded. */
	if (r < 0 && ret->path.len > 0)
		events_note_change(s, kind, path_text(&ret->path), NULL, r);
	return r;
}

void place_note_denied(struct session *s, struct text argument, enum event_kind kind)
{
	struct path path;

	path_set_root(&path);
	if (path_join(&path, text_of(s->user->directory), &path) == 0 &&
	    path_join(&path, argument, &path) == 0)
		events_note_change(s, kind, path_text(&path), NULL, -EACCES);
}
