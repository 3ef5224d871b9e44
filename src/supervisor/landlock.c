/* supervisor/landlock.c - see landlock.h. */
#include "supervisor/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CREATE_VERSION 1U /* flag: tell the ABI */
#define RULE_PATH 1
#define RULE_PORT 2
#define ABI_LEAST 2

/* Kinds of access to files, by the ABI that brought them. */
#define FILE_EXECUTE (UINT64_C(1) << 0)
#define FILE_WRITE (UINT64_C(1) << 1)
#define FILE_READ (UINT64_C(1) << 2)
#define FILE_READ_DIR (UINT64_C(1) << 3)
#define FILE_REMOVE_DIR (UINT64_C(1) << 4)
#define FILE_REMOVE (UINT64_C(1) << 5)
#define FILE_MAKE_CHAR (UINT64_C(1) << 6)
#define FILE_MAKE_DIR (UINT64_C(1) << 7)
#define FILE_MAKE_REG (UINT64_C(1) << 8)
#define FILE_MAKE_SYM (UINT64_C(1) << 12)
#define FILE_REFER (UINT64_C(1) << 13)	   /* 2: rename and link between directories */
#define FILE_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define FILE_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define FILES_BELOW(kind) ((kind)-1)

/* What counts for a file itself. */
#define FILE_KINDS (FILE_EXECUTE | FILE_WRITE | FILE_READ | FILE_TRUNCATE | FILE_IOCTL_DEV)

#define SCOPE_ALL UINT64_C(3) /* 6: abstract sockets, signals */

struct ruleset_attributes {
	uint64_t files, net, scope;
};

struct path_rule {
	uint64_t files;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t net, port;
};

static long create_ruleset(const struct ruleset_attributes *attributes, size_t size, unsigned flags)
{
	return syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

unsigned landlock_abi(void)
{
	long abi = create_ruleset(NULL, 0, CREATE_VERSION);

	return abi < ABI_LEAST ? 0 : (unsigned)abi;
}

static uint64_t files_of(unsigned abi)
{
	if (abi >= 5)
		return FILES_BELOW(FILE_IOCTL_DEV << 1);
	return abi >= 3 ? FILES_BELOW(FILE_IOCTL_DEV) : FILES_BELOW(FILE_TRUNCATE);
}

/* An older kernel refuses a struct that is longer than the one it knows. */
static size_t attributes_size(unsigned abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset_attributes);
	return abi >= 4 ? offsetof(struct ruleset_attributes, scope)
			: offsetof(struct ruleset_attributes, net);
}

int landlock_ruleset_init(struct landlock_ruleset *ruleset, uint64_t net)
{
	unsigned abi = landlock_abi();

	*ruleset = (struct landlock_ruleset){ .fd = -1 };
	if (abi == 0)
		return -ENOSYS;

	const struct ruleset_attributes attributes = {
		.files = files_of(abi),
		.net = abi >= 4 ? net : 0,
		.scope = abi >= 6 ? SCOPE_ALL : 0,
	};
	long fd = create_ruleset(&attributes, attributes_size(abi), 0);

	if (fd < 0)
		return -errno;
	*ruleset = (struct landlock_ruleset){ (int)fd, abi, attributes.files, attributes.net };
	return 0;
}

void landlock_ruleset_release(struct landlock_ruleset *ruleset)
{
	fd_close(&ruleset->fd);
}

static uint64_t files_in(enum landlock_grant grant)
{
	const uint64_t look = FILE_READ | FILE_READ_DIR;

	if (grant == LANDLOCK_READ)
		return look;
	return look | FILE_WRITE | FILE_REMOVE_DIR | FILE_REMOVE | FILE_MAKE_DIR | FILE_MAKE_REG |
	       FILE_MAKE_SYM | FILE_REFER | FILE_TRUNCATE;
}

static int add_rule(const struct landlock_ruleset *ruleset, int kind, const void *rule)
{
	return syscall(SYS_landlock_add_rule, ruleset->fd, kind, rule, 0) < 0 ? -errno : 0;
}

int landlock_allow_fd(struct landlock_ruleset *ruleset, int fd, enum landlock_grant grant)
{
	struct path_rule rule = { files_in(grant) & ruleset->files, fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.files &= FILE_KINDS;
	return add_rule(ruleset, RULE_PATH, &rule);
}

int landlock_allow_path(struct landlock_ruleset *ruleset, const char *path,
			enum landlock_grant grant)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : landlock_allow_fd(ruleset, fd, grant);
}

int landlock_allow_port(struct landlock_ruleset *ruleset, uint64_t net, uint16_t port)
{
	const struct port_rule rule = { net & ruleset->net, port };

	/* The kernel takes no rule that allows nothing; what is not governed needs none. */
	return rule.net == 0 ? 0 : add_rule(ruleset, RULE_PORT, &rule);
}

int landlock_ruleset_enforce(const struct landlock_ruleset *ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset->fd, 0) < 0 ? -errno : 0;
}
