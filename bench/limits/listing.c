/* limits/listing.c - lines are written by hand into one buffer. */
#include "limits/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SEND_FROM = 64 * 1024, LINE_MAX_SIZE = 512 };

static __thread char entries[64 * 1024], lines[SEND_FROM + LINE_MAX_SIZE];

/* The time of the last entry; most of a folder shares few. */
static __thread time_t last_second = -1;
static __thread struct tm last_time;

static char *put_text(char *to, const char *text, size_t size)
{
	memcpy(to, text, size);
	return to + size;
}

static char *put_number(char *to, uint64_t number)
{
	char digits[24];
	int count = 0;
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (count)
		*to++ = digits[--count];
	return to;
}

static char *put_two(char *to, int number)
{
	*to++ = (char)('0' + number / 10);
	*to++ = (char)('0' + number % 10);
	return to;
}

static char *put_list_facts(char *to, const struct stat *st)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char *start = to;
	to = put_text(to, "-rw-r--r--   1 1000 1000 ", 25);
	if (S_ISDIR(st->st_mode))
		start[0] = 'd';
	to = put_number(to, (uint64_t)st->st_size);
	*to++ = ' ';
	to = put_text(to, months + 3 * last_time.tm_mon, 3);
	*to++ = ' ';
	to = put_two(to, last_time.tm_mday);
	*to++ = ' ';
	to = put_two(to, last_time.tm_hour);
	*to++ = ':';
	to = put_two(to, last_time.tm_min);
	*to++ = ' ';
	return to;
}

static char *put_mlsd_facts(char *to, const struct stat *st)
{
	to = put_text(to, "type=file;size=", 15);
	to = put_number(to, (uint64_t)st->st_size);
	to = put_text(to, ";modify=", 8);
	to = put_number(to, (uint64_t)last_time.tm_year + 1900);
	to = put_two(to, last_time.tm_mon + 1);
	to = put_two(to, last_time.tm_mday);
	to = put_two(to, last_time.tm_hour);
	to = put_two(to, last_time.tm_min);
	to = put_two(to, last_time.tm_sec);
	*to++ = ';';
	*to++ = ' ';
	return to;
}

/* One line; to unchanged when the entry has gone. */
static char *put_line(char *to, int fd, const char *name, char verb)
{
	struct stat st;
	if (verb != 'N') {
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
			return to;
		if (st.st_mtime != last_second) {
			gmtime_r(&st.st_mtime, &last_time);
			last_second = st.st_mtime;
		}
		to = verb == 'L' ? put_list_facts(to, &st) : put_mlsd_facts(to, &st);
	}
	to = put_text(to, name, strlen(name));
	return put_text(to, "\r\n", 2);
}

int listing_send(const char *path, char verb, int (*write_bytes)(void *, const char *, long),
		 void *owner)
{
	char *to = lines;
	int result = 0;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (long n;
	     result == 0 && (n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0;) {
		for (long at = 0; result == 0 && at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(entries + at);
			at += entry->d_reclen;
			if (entry->d_name[0] != '.')
				to = put_line(to, fd, entry->d_name, verb);
			if (to - lines > SEND_FROM) {
				result = write_bytes(owner, lines, to - lines);
				to = lines;
			}
		}
	}
	if (result == 0 && to > lines)
		result = write_bytes(owner, lines, to - lines);
	close(fd);
	return result;
}
