/* ftp/calendar.c - see calendar.h.
 * Years are counted from the first of March, so that the leap day is the last day of its year, and
 * in eras of 400 years, which all have the same number of days. */
#include "ftp/calendar.h"

#define DAY_S 86400
#define ERA_DAYS 146097		/* days of 400 years */
#define ERA_TO_1970_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

struct date date_from_time(int64_t time_s)
{
	time_s = MAX_OF(MIN_OF(time_s, CALENDAR_LAST_S), CALENDAR_FIRST_S);

	/* One era more keeps all values positive. */
	uint64_t shifted = (uint64_t)(time_s + (int64_t)(ERA_TO_1970_DAYS + ERA_DAYS) * DAY_S);
	unsigned days = (unsigned)(shifted / DAY_S), seconds = (unsigned)(shifted % DAY_S);
	unsigned era = days / ERA_DAYS, day_of_era = days % ERA_DAYS;
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				day_of_era / (ERA_DAYS - 1)) /
			       365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned march_month = (5 * day_of_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;

	return (struct date){
		.year = era * 400 + year_of_era + (month <= 2) - 400,
		.month = month,
		.day = day_of_year - (153 * march_month + 2) / 5 + 1,
		.hour = seconds / 3600,
		.minute = seconds / 60 % 60,
		.second = seconds % 60,
	};
}

static bool is_leap_year(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

bool date_is_valid(const struct date *date)
{
	return date->year <= 9999 && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
	       date->day <= days_of_month(date->year, date->month) && date->hour <= 23 &&
	       date->minute <= 59 && date->second <= 59;
}

int64_t date_to_time(const struct date *date)
{
	unsigned year = date->year + 400 - (date->month <= 2);
	unsigned march_month = date->month > 2 ? date->month - 3 : date->month + 9;
	unsigned year_of_era = year % 400;
	unsigned day_of_year = (153 * march_month + 2) / 5 + date->day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	int64_t days = (int64_t)(year / 400) * ERA_DAYS + day_of_era - ERA_TO_1970_DAYS - ERA_DAYS;

	return days * DAY_S + date->hour * 3600 + date->minute * 60 + date->second;
}
