/* base/charset.c - see charset.h. Source: iconv(3), iconv_open(3). */
#include "base/charset.h"

#include <iconv.h>
#include <pthread.h>

#define NO_CONVERTER ((iconv_t)-1)
#define FAILED ((size_t)-1)

struct charset {
	pthread_mutex_t lock; /* guards both converters */
	iconv_t to_utf8, from_utf8;
};

/* One run of a converter, from its initial state. Moves *in past what is converted and appends it
 * to out: 0, -E2BIG (out is full), -EILSEQ, -EINVAL (the end is missing). */
static int run(iconv_t converter, struct text *in, struct buf *out)
{
	char *from = (char *)(uintptr_t)in->ptr, *to = out->ptr + out->len;
	size_t from_left = in->len, to_left = buf_room(out);

	(void)iconv(converter, NULL, NULL, NULL, NULL);
	size_t n = iconv(converter, &from, &from_left, &to, &to_left);
	int r = n == FAILED ? -errno : 0;

	out->len = (size_t)(to - out->ptr);
	out->ptr[out->len] = '\0';
	in->ptr = from;
	in->len = from_left;
	return r;
}

/* --- which sets are fit ----------------------------------------------------------------------- */

static bool keeps_ascii(iconv_t converter)
{
	char ascii[128], storage[sizeof(ascii) * 4];
	struct buf out;
	size_t n = 0;

	ascii[n++] = '\t';
	ascii[n++] = '\n';
	ascii[n++] = '\r';
	for (char c = ' '; c <= '}'; c++)
		if (c != '\\') /* some sets of Asia have a currency sign there, and for '~' */
			ascii[n++] = c;

	struct text in = { ascii, n };

	buf_init(&out, storage, sizeof(storage));
	return run(converter, &in, &out) == 0 && out.len == n && memcmp(storage, ascii, n) == 0;
}

/* Characters of several scripts, in UTF-8: whichever of them the set holds begin above ASCII. */
static bool marks_what_is_not_ascii(iconv_t from_utf8)
{
	static const char *const samples[] = { "\xc3\xa9",    "\xd0\x96",     "\xce\xa9",
					       "\xd7\x90",    "\xe3\x81\x82", "\xe4\xb8\xad",
					       "\xea\xb0\x80" };
	char storage[16];
	struct buf out;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct text in = text_of(samples[i]);

		buf_init(&out, storage, sizeof(storage));
		if (run(from_utf8, &in, &out) == 0 && out.len > 0 && !((uint8_t)storage[0] & 0x80))
			return false;
	}
	return true;
}

/* Letters, digits and a few marks: no "//TRANSLIT" and no paths. */
static bool is_set_name(struct text name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_' && c != '.' && c != ':' && c != '+')
			return false;
	}
	return name.len > 0;
}

static int open_converters(struct charset *charset, const char *name)
{
	charset->to_utf8 = iconv_open("UTF-8", name);
	charset->from_utf8 = iconv_open(name, "UTF-8");
	if (charset->to_utf8 == NO_CONVERTER || charset->from_utf8 == NO_CONVERTER)
		return errno == ENOMEM ? -ENOMEM : -EINVAL;
	if (!keeps_ascii(charset->from_utf8) || !keeps_ascii(charset->to_utf8) ||
	    !marks_what_is_not_ascii(charset->from_utf8))
		return -EINVAL;
	return 0;
}

int charset_new(struct text name, struct charset **ret)
{
	char word[CHARSET_NAME_SIZE];

	if (!is_set_name(name) || text_copy(name, word, sizeof(word)) < 0)
		return -EINVAL;
	if (text_equal_nocase(name, T("UTF-8")) || text_equal_nocase(name, T("UTF8"))) {
		*ret = NULL;
		return 0;
	}

	struct charset *charset = calloc(1, sizeof(*charset));

	if (!charset)
		return -ENOMEM;
	(void)pthread_mutex_init(&charset->lock, NULL);

	int r = open_converters(charset, word);

	if (r < 0) {
		charset_free(&charset);
		return r;
	}
	*ret = charset;
	return 0;
}

void charset_free(struct charset **charset)
{
	if (*charset) {
		if ((*charset)->to_utf8 != NO_CONVERTER)
			(void)iconv_close((*charset)->to_utf8);
		if ((*charset)->from_utf8 != NO_CONVERTER)
			(void)iconv_close((*charset)->from_utf8);
		(void)pthread_mutex_destroy(&(*charset)->lock);
		free(*charset);
	}
	*charset = NULL;
}

/* --- conversion ------------------------------------------------------------------------------- */

/* Steps over one character, or one byte that belongs to none. */
static void skip_character(struct text *in)
{
	size_t n = 1;

	while (n < 4 && n < in->len && ((uint8_t)in->ptr[n] & 0xc0) == 0x80)
		n++;
	if (!text_is_utf8((struct text){ in->ptr, n }))
		n = 1;
	in->ptr += n;
	in->len -= n;
}

void charset_encode(struct charset *charset, struct text *in, struct buf *out)
{
	(void)pthread_mutex_lock(&charset->lock);
	while (in->len > 0) {
		int r = run(charset->from_utf8, in, out);

		if (r == -E2BIG || (r < 0 && buf_room(out) == 0))
			break;
		if (r < 0) {
			buf_add_char(out, '?');
			skip_character(in);
		}
	}
	(void)pthread_mutex_unlock(&charset->lock);
}

int charset_decode(struct charset *charset, struct text in, struct buf *out)
{
	size_t before = out->len;

	(void)pthread_mutex_lock(&charset->lock);
	int r = run(charset->to_utf8, &in, out);
	(void)pthread_mutex_unlock(&charset->lock);
	if (r == 0)
		return 0;
	out->len = before;
	out->ptr[before] = '\0';
	return r == -E2BIG ? -ENOBUFS : -EILSEQ;
}
