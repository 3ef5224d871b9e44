/* accounts/password.c - see password.h. */
#include "accounts/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <pthread.h>

#include "base/secret.h"

_Static_assert(PASSWORD_HASH_SIZE == CRYPT_OUTPUT_SIZE, "the sizes of crypt.h");
_Static_assert(PASSWORD_MAX + 1 == CRYPT_MAX_PASSPHRASE_SIZE, "the sizes of crypt.h");

/* A setting of the default cost, whose salt is of no importance: made once. */
static char pay_setting[CRYPT_GENSALT_OUTPUT_SIZE];
static pthread_once_t pay_once = PTHREAD_ONCE_INIT;

static bool has_control_bytes(struct text in)
{
	for (size_t i = 0; i < in.len; i++)
		if ((uint8_t)in.ptr[i] < ' ' || in.ptr[i] == 0x7f)
			return true;
	return false;
}

const char *password_problem(struct text password)
{
	if (password.len == 0)
		return "A password must not be empty.";
	if (password.len > PASSWORD_MAX)
		return "A password may have at most 511 bytes.";
	if (has_control_bytes(password))
		return "A password must not contain control characters: FTP clients cannot send them.";
	return NULL;
}

/* The only caller of crypt(3). Its 32 KiB of working memory, which hold traces of the password, are
 * wiped and freed; yescrypt frees its own 16 MiB. A result that begins with '*' is a failure. */
static int compute(struct text password, const char *setting, char ret[static PASSWORD_HASH_SIZE])
{
	AUTO_SECRET struct secret phrase = { 0 };

	int r = secret_set(&phrase, password);
	if (r < 0)
		return -EINVAL;

	struct crypt_data *data = calloc(1, sizeof(*data));
	if (!data)
		return -ENOMEM;
	const char *hash = crypt_rn(phrase.bytes, setting, data, (int)sizeof(*data));
	if (!hash || hash[0] == '*')
		r = errno == ENOMEM ? -ENOMEM : -EINVAL;
	else
		r = text_copy(text_of(hash), ret, PASSWORD_HASH_SIZE);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return r;
}

int password_hash(struct text password, char ret[static PASSWORD_HASH_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (password_problem(password))
		return -EINVAL;
	/* No random bytes given: libxcrypt takes them from the kernel. 0: the default cost. */
	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, (int)sizeof(setting)))
		return -errno;
	return compute(password, setting, ret);
}

static const char unknown[] = "This is not a password hash that crypt(3) knows on this machine.";

const char *password_hash_problem(struct text hash)
{
	char setting[PASSWORD_HASH_SIZE], computed[PASSWORD_HASH_SIZE];

	if (text_copy(hash, setting, sizeof(setting)) < 0 || setting[0] == '\0')
		return unknown;
	int kind = crypt_checksalt(setting);
	if (kind == CRYPT_SALT_INVALID || kind == CRYPT_SALT_METHOD_DISABLED)
		return unknown;
	/* A salt alone would pass so far; a whole hash is as long as what crypt makes of it. */
	int r = compute(T("length"), setting, computed);
	if (r == -ENOMEM)
		return "Memory is too short to check this password hash.";
	if (r < 0 || strlen(computed) != hash.len)
		return "This password hash is not complete.";
	return NULL;
}

/* "y" of "$y$..." and the length of what stands behind the last '$'. False: it has none of
 * these. */
static bool find_kind(struct text hash, char kind[static 24], size_t *ret_len)
{
	const char *last = hash.len > 0 ? memrchr(hash.ptr, '$', hash.len) : NULL;
	struct text rest = hash, name;

	if (!last || !text_skip_char(&rest, '$') || !text_take_until(&rest, '$', &name))
		return false;
	*ret_len = (size_t)(hash.ptr + hash.len - last - 1);
	return text_copy(name, kind, 24) == 0;
}

static bool is_of_hash_letters(struct text in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!strchr("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
			    in.ptr[i]))
			return false;
	return true;
}

const char *password_hash_problem_of_many(struct text hash, struct password_kinds *known)
{
	char text[PASSWORD_HASH_SIZE], kind[24] = "";
	size_t len = 0;

	if (text_copy(hash, text, sizeof(text)) < 0)
		return unknown;
	bool has_kind = find_kind(hash, kind, &len);
	int salt = crypt_checksalt(text);

	for (size_t i = 0; has_kind && i < known->n; i++)
		if (known->seen[i].len == len && strcmp(known->seen[i].kind, kind) == 0 &&
		    salt != CRYPT_SALT_INVALID && salt != CRYPT_SALT_METHOD_DISABLED &&
		    is_of_hash_letters((struct text){ hash.ptr + hash.len - len, len }))
			return NULL;
	const char *problem = password_hash_problem(hash);
	if (!problem && has_kind && known->n < ARRAY_SIZE(known->seen)) {
		memcpy(known->seen[known->n].kind, kind, sizeof(kind));
		known->seen[known->n++].len = len;
	}
	return problem;
}

bool password_matches(struct text password, const char *hash)
{
	char computed[PASSWORD_HASH_SIZE];

	if (compute(password, hash, computed) < 0)
		return false;
	size_t len = strlen(hash);
	bool matches = strlen(computed) == len && CRYPTO_memcmp(computed, hash, len) == 0;
	explicit_bzero(computed, sizeof(computed));
	return matches;
}

static void make_pay_setting(void)
{
	if (!crypt_gensalt_rn("$y$", 0, NULL, 0, pay_setting, (int)sizeof(pay_setting)))
		pay_setting[0] = '\0';
}

/* "$y$j9T$" of "$y$j9T$salt": the kind and its parameters. */
static struct text cost_part(const char *setting)
{
	struct text rest = text_of(setting), part;

	for (int i = 0; i < 3; i++)
		if (!text_take_until(&rest, '$', &part))
			break;
	return (struct text){ setting, (size_t)(rest.ptr - setting) };
}

bool password_hash_costs_default(const char *hash)
{
	(void)pthread_once(&pay_once, make_pay_setting);
	return text_equal(cost_part(hash), cost_part(pay_setting));
}

void password_pay(void)
{
	char computed[PASSWORD_HASH_SIZE];

	(void)pthread_once(&pay_once, make_pay_setting);
	(void)!compute(T("nothing"), pay_setting, computed); /* only the time counts */
}
