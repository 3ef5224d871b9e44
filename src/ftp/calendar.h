/* ftp/calendar.h - seconds since 1970 as a date in UTC and back, without the C library's tables.
 * gmtime_r(3) takes a lock and reads the time zone; a listing needs a date for each of millions of
 * entries. Proleptic Gregorian calendar, no leap seconds. Pure; threads: any. */
#ifndef FTP_CALENDAR_H
#define FTP_CALENDAR_H

#include "base/common.h"

/* The first second of year 0 and the last of year 9999: what four digits can show. */
#define CALENDAR_FIRST_S (-62167219200)
#define CALENDAR_LAST_S 253402300799

struct date {
	unsigned year;	/* 0 to 9999 */
	unsigned month; /* 1 to 12 */
	unsigned day;	/* 1 to 31 */
	unsigned hour, minute, second;
};

/* Times outside the range of the years are moved to its nearer end. */
struct date date_from_time(int64_t time_s);

/* False when there is no such date or time of day; a second of 60 is none either. */
bool date_is_valid(const struct date *date);
/* date must be valid. */
int64_t date_to_time(const struct date *date);

#endif
