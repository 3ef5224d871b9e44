/* cli/netrc.c - see netrc.h. */
#include "cli/netrc.h"

#include "base/buf.h"

#define WORD_SIZE (SECRET_MAX + 1)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

static void skip_line(struct text *in)
{
	struct text line;

	(void)text_take_until(in, '\n', &line);
}

/* The next word, its quotes and backslashes undone. False at the end of the file. */
static bool take_word(struct text *in, char *ret, size_t size)
{
	struct buf word;

	while (in->len > 0 && (is_blank(*in->ptr) || *in->ptr == '#')) {
		if (*in->ptr == '#')
			skip_line(in);
		else
			(void)text_skip_char(in, *in->ptr);
	}
	if (in->len == 0)
		return false;
	buf_init(&word, ret, size);
	bool is_quoted = text_skip_char(in, '"');
	while (in->len > 0 && (is_quoted ? *in->ptr != '"' : !is_blank(*in->ptr))) {
		if (is_quoted && *in->ptr == '\\' && in->len > 1)
			(void)text_skip_char(in, '\\');
		buf_add_char(&word, *in->ptr);
		(void)text_skip_char(in, *in->ptr);
	}
	if (is_quoted)
		(void)text_skip_char(in, '"');
	return true;
}

/* A macro goes up to an empty line. */
static void skip_macro(struct text *in)
{
	struct text line;

	while (text_take_until(in, '\n', &line) && text_trim(line).len > 0)
		;
}

struct entry_match {
	bool is_inside, has_login;
	char login[NETRC_USER_SIZE];
	struct secret password;
};

static bool is_wanted(const struct entry_match *entry, const char *user)
{
	return entry->is_inside && (!user || !entry->has_login || strcmp(entry->login, user) == 0);
}

static int take_entry(struct entry_match *entry, char ret_user[static NETRC_USER_SIZE],
		      struct secret *ret_password)
{
	int r = secret_set(ret_password, secret_text(&entry->password));

	(void)snprintf(ret_user, NETRC_USER_SIZE, "%s", entry->login);
	secret_release(&entry->password);
	return r;
}

static void read_value(struct text *in, struct entry_match *entry, const char *word)
{
	char value[WORD_SIZE];

	if (!take_word(in, value, sizeof(value)))
		return;
	if (strcmp(word, "login") == 0)
		entry->has_login =
			text_copy(text_of(value), entry->login, sizeof(entry->login)) == 0;
	else if (strcmp(word, "password") == 0)
		(void)!secret_set(&entry->password, text_of(value));
	explicit_bzero(value, sizeof(value));
}

int netrc_find(struct text file, const char *host, const char *user,
	       char ret_user[static NETRC_USER_SIZE], struct secret *ret_password)
{
	struct entry_match entry = { .is_inside = false };
	char word[WORD_SIZE];

	while (take_word(&file, word, sizeof(word))) {
		bool is_machine = strcmp(word, "machine") == 0;

		if (strcmp(word, "macdef") == 0) {
			skip_macro(&file);
		} else if (!is_machine && strcmp(word, "default") != 0) {
			read_value(&file, &entry, word);
		} else {
			if (is_wanted(&entry, user))
				break;
			secret_release(&entry.password);
			entry = (struct entry_match){ .is_inside = !is_machine };
			if (is_machine && take_word(&file, word, sizeof(word)))
				entry.is_inside = strcasecmp(word, host) == 0;
		}
	}
	explicit_bzero(word, sizeof(word));
	if (is_wanted(&entry, user))
		return take_entry(&entry, ret_user, ret_password);
	secret_release(&entry.password);
	return -ENOENT;
}
