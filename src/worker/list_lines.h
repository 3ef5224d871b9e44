/* worker/list_lines.h - what a directory holds as lines of LIST, NLST or MLSD, in a piece of memory
 * to be sent. Nothing here waits for the client.
 * Threads: one at a time per struct list_lines. A copy with memory of its own may be used by
 * another thread while the command runs: of the session only what no command changes meanwhile is
 * read. */
#ifndef WORKER_LIST_LINES_H
#define WORKER_LIST_LINES_H

#include "store/names.h"
#include "worker/place.h"

enum listing_format { FORMAT_LS, FORMAT_NAMES, FORMAT_FACTS };

#define LIST_PERM_SIZE 12

struct list_lines {
	const struct session *s;
	enum listing_format format;
	uint32_t facts;		 /* of MLSD */
	const char *line_start;	 /* " " on the control connection (RFC 959 4.2) */
	struct text name_prefix; /* NLST with a path: names lead from the working directory */
	const char *pattern;	 /* NULL: all */
	bool shows_dots;	 /* "." and ".." as well (LIST -a) */
	int64_t now_s;		 /* as LIST shows it */
	uint32_t own_uid, own_gid;
	struct text user_name;
	unsigned stat_mask; /* what the lines tell of a file */
	struct buf out;
	/* What was asked last, since most files of a directory have the same answer. */
	struct perm_memo {
		uint32_t permissions;
		unsigned access;
		bool is_directory, is_known;
		char letters[LIST_PERM_SIZE];
	} perm;
	struct zone_memo {
		int64_t time_s, offset_s;
	} zone;
};

/* A directory that is being read. */
struct list_directory {
	int fd;
	const struct path *path;
	bool is_plain;	      /* all in it has these permissions */
	uint32_t permissions; /* of the directory itself, too */
	size_t longest_name;  /* that a path can still hold */
};

/* Longest line: a path of PATH_MAX_LEN before the name, facts and the name itself. */
#define LIST_LINE_ROOM (PATH_MAX_LEN + 2048)

/* Lines go to storage, which is borrowed. */
void list_lines_init(struct list_lines *lines, const struct session *s, enum listing_format format,
		     char *storage, size_t size);
static inline bool list_lines_have_room(const struct list_lines *lines)
{
	return buf_room(&lines->out) >= LIST_LINE_ROOM;
}

/* path is borrowed. */
void list_directory_init(struct list_directory *directory, const struct session *s, int fd,
			 const struct path *path);

/* One line; there must be room for it. as_type: the type fact, or NULL. A name with a line end in
 * it is left out. */
void list_lines_add(struct list_lines *lines, const struct statx *st, struct text name,
		    uint32_t permissions, const char *as_type);
/* Lines for the names of the batch, as long as there is room. Links are shown as what they lead to
 * while that lies inside the home; others as links, and where those lead is not told. */
void list_lines_add_batch(struct list_lines *lines, const struct list_directory *directory,
			  struct names *names);

/* The directory itself (RFC 3659 7.5.1.1), and the virtual folders that lie in it. */
void list_lines_add_self(struct list_lines *lines, const struct list_directory *directory);
void list_lines_add_folder(struct list_lines *lines, const struct session_folder *folder);

/* A line end inside a name would forge an entry. */
bool list_is_sendable(struct text name);
bool list_is_dots(struct text name);
/* What the directory holds under this name is not to be seen: it is hidden, or a folder has the
 * name. The name ends in NUL. */
bool list_is_covered(const struct session *s, const struct path *directory, struct text name);

/* What a place holds, links followed inside its home. 0 or -errno. */
int list_stat_place(const struct place *place, struct statx *ret) MUST_CHECK;
/* It as an entry of a listing; all texts are borrowed. */
void list_fill_entry(struct list_lines *lines, const struct statx *st, struct text name,
		     uint32_t permissions, struct entry *ret);

#endif
