/* accounts/rights.h - beyond the permissions of an account: its group, its rules by path, the names
 * that are denied or hidden, its virtual folders; and groups, which carry defaults for all of
 * these, for limits, uploads and the quota of each member, and have a quota that their members
 * share.
 *
 * Each kind of entry is kept as lines of ftp/policy.h, so that a change replaces all of a kind at
 * once. Threads: any, as accounts/accounts.h. */
#ifndef ACCOUNTS_RIGHTS_H
#define ACCOUNTS_RIGHTS_H

#include "accounts/accounts.h"
#include "ftp/policy.h"

struct rights {
	char group[USER_NAME_MAX + 1]; /* empty: none; unused in a struct group */
	/* The group's permissions count, if there is a group, and the account's own do not. */
	bool inherits_permissions;
	char lines[POLICY_KINDS][POLICY_PART_SIZE]; /* by enum policy_kind */
};

/* The parts of rights that a change can name. */
enum rights_part {
	RIGHTS_GROUP = 1 << 0,
	RIGHTS_INHERITS = 1 << 1,
	RIGHTS_LINES = 1 << 2, /* << enum policy_kind */
};

struct group {
	char name[USER_NAME_MAX + 1];
	struct quota_limits quota; /* of all members together */
	/* What members have who have none of their own: */
	uint32_t permissions;		  /* enum permission bits */
	struct quota_limits member_quota; /* of each */
	struct user_limits limits;
	enum user_uploads uploads;
	struct rights rights;
	uint64_t n_members;
};

/* The parts of a group that a change can name, beside those of its rights. */
enum group_part {
	GROUP_PERMISSIONS = 1 << 0,
	GROUP_LIMITS = 1 << 1, /* limits, uploads and both quotas: all of them */
};

/* What holds for a user: its own, or else its group's. */
struct effective_rights {
	char group[USER_NAME_MAX + 1]; /* empty: none */
	uint32_t permissions;
	bool is_of_group; /* the permissions are */
	struct user_limits limits;
	enum user_uploads uploads;
	struct quota_limits quota;	 /* of the user alone */
	struct quota_limits group_quota; /* of all members of the group together */
	char policy[POLICY_TEXT_SIZE];	 /* the user's entries before those of the group */
};

/* --- users ------------------------------------------------------------------------------------ */

/* accounts_add and accounts_change with rights, all or nothing. Values must be checked already.
 * Beyond what those return: -ENXIO (there is no such group). */
int rights_add_account(struct accounts *accounts, const struct account *account,
		       unsigned rights_parts, const struct rights *rights) MUST_CHECK;
int rights_change_account(struct accounts *accounts, struct text name, unsigned parts,
			  const struct account *values, unsigned rights_parts,
			  const struct rights *rights) MUST_CHECK;

/* 0, also for a user who has none or who is not there (*ret is then empty); -errno. */
int rights_get(struct accounts *accounts, struct text name, struct rights *ret) MUST_CHECK;

/* 0; -ENOENT: there is no such user; -errno. */
int rights_get_effective(struct accounts *accounts, struct text name,
			 struct effective_rights *ret) MUST_CHECK;

/* The account and what holds for it, both as of one moment. 0; -ENOENT; -errno. *ret_account holds
 * a hash: wipe it after use, in any case. */
int rights_get_login(struct accounts *accounts, struct text name, struct account *ret_account,
		     struct effective_rights *ret) MUST_CHECK;

/* --- groups ----------------------------------------------------------------------------------- */

/* 0; -EEXIST; -errno. */
int group_add(struct accounts *accounts, const struct group *group) MUST_CHECK;
/* 0; -ENOENT; -errno. */
int group_get(struct accounts *accounts, struct text name, struct group *ret) MUST_CHECK;
/* Sets the named parts (enum group_part, enum rights_part). 0; -ENOENT; -errno. */
int group_change(struct accounts *accounts, struct text name, unsigned parts, unsigned rights_parts,
		 const struct group *values) MUST_CHECK;
/* 0; -ENOENT; -EBUSY (it has members); -errno. */
int group_delete(struct accounts *accounts, struct text name) MUST_CHECK;
/* Ordered by name, as accounts_list. 0 or -errno. */
int group_list(struct accounts *accounts, void (*each)(const struct group *group, void *arg),
	       void *arg) MUST_CHECK;
/* Calls each for every member, ordered by name, as accounts_list; disabled ones too. 0, also when
 * there is no such group; -errno. */
int group_members(struct accounts *accounts, struct text name,
		  void (*each)(const char *user, const char *home, void *arg),
		  void *arg) MUST_CHECK;

#endif
