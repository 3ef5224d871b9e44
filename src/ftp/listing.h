/* ftp/listing.h - one directory entry as a line: LIST ("ls -l" that every client parses), MLSD/MLST
 * facts (RFC 3659 7), NLST is the bare name. Pure; threads: any. */
#ifndef FTP_LISTING_H
#define FTP_LISTING_H

#include "base/buf.h"

enum entry_kind { ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_LINK, ENTRY_OTHER };

struct entry {
	struct text name; /* bytes; never holds '/', CR, LF or NUL */
	enum entry_kind kind;
	struct text link_target; /* for LIST of a link: " -> target"; any bytes, or empty */
	uint32_t mode;		 /* permission bits, 07777 */
	uint32_t links;
	uint32_t uid, gid;
	struct text owner, group; /* names; empty: the numbers are shown */
	uint64_t size;
	int64_t mtime_s; /* seconds since 1970 */
	int64_t btime_s; /* birth time, or 0 when unknown: the create fact is then left out */
	uint64_t device, inode; /* the unique fact */
	const char *perm;	/* MLSx perm letters of RFC 3659 7.5.5 */
};

/* "-rw-r--r--   1 owner    group        1234 Nov 20 11:17 name\r\n"; time of day for the last six
 * months (now_s), else the year ("Nov 20  2024"), future dates with the year; all in UTC. Right for
 * sizes above 2^32 and years to 9999. Blanks and ';' in owner and group become '_'. A line that
 * does not fit leaves out as it was, marked as overflowed. */
void listing_add_ls(struct buf *out, const struct entry *entry, int64_t now_s);

/* The line of NLST: prefix, name and line end; all or nothing, as above. */
void listing_add_name(struct buf *out, struct text prefix, struct text name);

/* Facts of MLST/MLSD, as bits, in the order in which they are written. */
enum fact {
	FACT_TYPE = 1 << 0,
	FACT_SIZE = 1 << 1, /* of files only */
	FACT_MODIFY = 1 << 2,
	FACT_CREATE = 1 << 3,
	FACT_PERM = 1 << 4,
	FACT_UNIQUE = 1 << 5,
	FACT_UNIX_MODE = 1 << 6,
	FACT_UNIX_OWNER = 1 << 7,
	FACT_UNIX_GROUP = 1 << 8,
	FACTS_ALL = (1 << 9) - 1,
	FACTS_DEFAULT =
		FACT_TYPE | FACT_SIZE | FACT_MODIFY | FACT_PERM | FACT_UNIQUE | FACT_UNIX_MODE,
};

/* "type=file;size=1234;modify=20261120111740;perm=adfrw;unique=fd00g2a;UNIX.mode=0644; " and then
 * the name given (MLSD: the entry's name; MLST: the full path). No line end. type is cdir or pdir
 * instead of dir when as_type says so (NULL: by kind; links and others: "OS.unix=slink",
 * "OS.unix=other"). What does not fit is left out as a whole, as above. */
void listing_add_facts(struct buf *out, const struct entry *entry, uint32_t facts,
		       const char *as_type, struct text name);

/* The FEAT line: "MLST type*;size*;modify*;create;perm*;..." with '*' behind those in facts. */
void listing_add_feat(struct buf *out, uint32_t facts);
/* "type;size;bogus;" of OPTS MLST, any case; unknown facts are ignored (RFC 3659 7.9). */
uint32_t listing_parse_facts(struct text in);

/* The name of the fact with this bit number; empty past the last one. */
struct text listing_fact_name(size_t bit);

/* YYYYMMDDHHMMSS in UTC (RFC 3659 2.3), for MDTM and facts. */
#define TIMEVAL_SIZE 24
void listing_format_time(int64_t time_s, char ret[static TIMEVAL_SIZE]);
/* "YYYYMMDDHHMMSS[.fraction]"; 0 or -EINVAL (also for the 30th of February; a leap second
 * is 59). */
int listing_parse_time(struct text in, int64_t *ret_time_s) MUST_CHECK;

/* LIST/NLST switches of old clients ("-la", "-a path", "--"): moves *in past them. */
struct list_switches {
	bool all, recursive, directory_itself, by_time, reverse;
};
void listing_take_switches(struct text *in, struct list_switches *ret);

#endif
