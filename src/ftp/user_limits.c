/* ftp/user_limits.c - see user_limits.h. */
#include "ftp/user_limits.h"

static const char *const names[LIMITS] = {
	[LIMIT_SESSION_UPLOAD_RATE] = "session_upload_rate",
	[LIMIT_SESSION_DOWNLOAD_RATE] = "session_download_rate",
	[LIMIT_USER_UPLOAD_RATE] = "user_upload_rate",
	[LIMIT_USER_DOWNLOAD_RATE] = "user_download_rate",
	[LIMIT_USER_SESSIONS] = "user_sessions",
	[LIMIT_UPLOAD_SIZE] = "upload_size",
	[LIMIT_MIN_RATE] = "min_rate",
};

const char *limit_name(enum limit limit)
{
	return names[limit];
}

struct user_limits limits_as_server(void)
{
	struct user_limits limits;

	for (size_t i = 0; i < LIMITS; i++)
		limits.values[i] = LIMIT_AS_SERVER;
	return limits;
}

bool limits_are_as_server(const struct user_limits *limits)
{
	for (size_t i = 0; i < LIMITS; i++)
		if (limits->values[i] != LIMIT_AS_SERVER)
			return false;
	return true;
}

int limit_parse(struct text in, int64_t *ret)
{
	uint64_t value = 0;

	if (text_equal(in, T("default"))) {
		*ret = LIMIT_AS_SERVER;
		return 0;
	}
	if (!text_equal(in, T("none")) && size_parse(in, &value) < 0)
		return -EINVAL;
	*ret = (int64_t)value;
	return 0;
}
