/* ftp/policy.h - what one user may do where: path rules, denied and hidden names, virtual folders.
 *
 * It is kept and sent as text, one entry a line, fields separated by tabs:
 *
 *	rule <path> <permissions>	hold for the path and all beneath it; the longest path wins,
 *					and of two for one path the first
 *	deny <pattern>			such names are not made, written, read or renamed
 *	hide <pattern>			such names are as if they were not there
 *	folder <path> <directory> rw|ro [<bytes> <files>]
 *					a name in the user's tree that leads to a directory of the
 *					server, with its quota: 0 and left out are no limit
 *
 * A pattern is fnmatch(3)'s, for one name, byte by byte and case sensitive; it holds for a path
 * when any of the path's names matches. Paths are clean and absolute (ftp/path.h).
 * Threads: any; pure; a policy never changes once it is made. */
#ifndef FTP_POLICY_H
#define FTP_POLICY_H

#include "base/buf.h"
#include "ftp/account.h"
#include "ftp/quota.h"

#define POLICY_PART_SIZE 2048 /* entries of one kind of a user or group, NUL included */
#define POLICY_TEXT_SIZE (8 * POLICY_PART_SIZE) /* four kinds of the user, and of the group */
#define POLICY_MAX_FOLDERS 16 /* of a user, the group's included; each is a descriptor */

enum policy_kind { POLICY_RULE, POLICY_DENY, POLICY_HIDE, POLICY_FOLDER, POLICY_KINDS };

struct policy_entry {
	enum policy_kind kind;
	struct text name;      /* path or pattern */
	uint32_t permissions;  /* of a rule */
	struct text directory; /* of a folder */
	bool is_read_only;
	struct quota_limits quota; /* of a folder */
};

/* --- the text --------------------------------------------------------------------------------- */

/* What is wrong with the entry, as a sentence; NULL: it may be stored. */
const char *policy_entry_problem(const struct policy_entry *entry) MUST_CHECK;
void policy_add_entry(struct buf *out, const struct policy_entry *entry);
/* Takes the first line off. 1 and *ret, borrowed from the lines; 0: nothing is left; -EINVAL. */
int policy_take_entry(struct text *lines, struct policy_entry *ret) MUST_CHECK;

/* --- the meaning ------------------------------------------------------------------------------ */

struct policy;

/* permissions hold where no rule does. The caller owns *ret; lines are copied. 0; -EINVAL: a bad
 * line, or too many folders; -ENOMEM. Of two folders of one name the first counts. */
int policy_new(uint32_t permissions, struct text lines, struct policy **ret) MUST_CHECK;
void policy_free(struct policy **policy); /* accepts NULL; leaves NULL */

/* There are no entries: permissions are the same everywhere, and no name is special. */
bool policy_is_plain(const struct policy *policy);

uint32_t policy_permissions(const struct policy *policy, struct text path);
/* Those that hold for the path and for everything beneath it. */
uint32_t policy_permissions_beneath(const struct policy *policy, struct text path);
/* Those that hold anywhere at all. */
uint32_t policy_permissions_somewhere(const struct policy *policy);

/* The pattern that denies or hides one of the names in the path; NULL: none. Borrowed. */
const char *policy_denies(const struct policy *policy, struct text path);
const char *policy_hides(const struct policy *policy, struct text path);

/* Walks the folders: the index-th, false past the end. Texts are borrowed and end in NUL. */
bool policy_folder(const struct policy *policy, size_t index, struct policy_entry *ret);

/* path is prefix or lies beneath it. */
bool policy_is_within(struct text path, struct text prefix);

#endif
