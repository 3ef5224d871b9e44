/* ipc/session_card.c - see session_card.h. */
#include "ipc/session_card.h"

/* A reader meets the rest of another text when it looks between two writes of the same session. */
#define TRIES 50

enum text_of_session {
	TEXT_USER,
	TEXT_TLS,
	TEXT_DIRECTORY,
	TEXT_TRANSFER_PATH,
	TEXT_COMMAND,
	TEXTS
};

/* What a card holds. */
struct face {
	struct address peer, local;
	int64_t started_wall_ms;
	uint64_t bytes_sent, bytes_received;
	uint64_t transfer_size;
	int64_t transfer_started_wall_ms;
	uint8_t is_logged_in, is_tls /* 2: resumed */, is_implicit, transfer;
	uint32_t checks[TEXTS - 1]; /* of long texts; 0: it is whole, and ends in NUL */
	char user[24], tls[40], directory[32], transfer_path[16];
	/* Written by itself, since it changes all the time; the last fields. */
	int64_t last_command_wall_ms;
	uint32_t command_check;
	char command[36];
};
_Static_assert(sizeof(struct face) <= SESSION_CARD_SIZE, "the card is too small");

#define COMMAND_AT offsetof(struct face, last_command_wall_ms)
_Static_assert(COMMAND_AT % 8 == 0, "it begins with a word");

/* Where a text is: in a view, on a face, and behind how many words of the rest its own begin. */
struct text_row {
	size_t view_at, view_size, face_at, face_size, check_at, rest_at;
};
#define REST_WORDS(field)                                                                          \
	SEQLOCK_WORDS(sizeof(((struct session_view *)0)->field) - sizeof(((struct face *)0)->field))
#define ROW(field, check, at)                                                                      \
	{                                                                                          \
		offsetof(struct session_view, field), sizeof(((struct session_view *)0)->field),   \
			offsetof(struct face, field), sizeof(((struct face *)0)->field),           \
			offsetof(struct face, check), at                                           \
	}

#define TLS_AT REST_WORDS(user)
#define DIRECTORY_AT (TLS_AT + REST_WORDS(tls))
#define TRANSFER_PATH_AT (DIRECTORY_AT + REST_WORDS(directory))
#define COMMAND_REST_AT (TRANSFER_PATH_AT + REST_WORDS(transfer_path))
_Static_assert((COMMAND_REST_AT + REST_WORDS(command)) * 8 <= SESSION_REST_SIZE,
	       "the rest is too small");

static const struct text_row rows[TEXTS] = {
	[TEXT_USER] = ROW(user, checks[TEXT_USER], 0),
	[TEXT_TLS] = ROW(tls, checks[TEXT_TLS], TLS_AT),
	[TEXT_DIRECTORY] = ROW(directory, checks[TEXT_DIRECTORY], DIRECTORY_AT),
	[TEXT_TRANSFER_PATH] = ROW(transfer_path, checks[TEXT_TRANSFER_PATH], TRANSFER_PATH_AT),
	[TEXT_COMMAND] = ROW(command, command_check, COMMAND_REST_AT),
};

/* FNV-1a; never 0. */
static uint32_t checksum(const char *text, size_t len)
{
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x01000193;
	return hash ? hash : 1;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What finds no room on the face; with its NUL when it has less than all of the room. */
static void put_rest(struct session_rest *rest, const struct text_row *row, const char *in,
		     size_t len)
{
	_Atomic uint64_t *words = rest->words + row->rest_at;
	size_t room = row->view_size - row->face_size;

	for (size_t at = 0; at < MIN_OF(len + 1, room); at += 8) {
		uint64_t word = 0;

		if (at < len)
			memcpy(&word, in + at, MIN_OF(len - at, (size_t)8));
		atomic_store_explicit(&words[at / 8], word, memory_order_release);
	}
}

static void put_text(struct face *face, struct session_rest *rest, const struct text_row *row,
		     const char *in)
{
	char *to = (char *)face + row->face_at;
	size_t len = strnlen(in, row->view_size - 1);
	uint32_t check = 0;

	memcpy(to, in, MIN_OF(len, row->face_size));
	if (len < row->face_size) {
		to[len] = '\0';
	} else {
		put_rest(rest, row, in + row->face_size, len - row->face_size);
		check = checksum(in, len);
	}
	memcpy((char *)face + row->check_at, &check, sizeof(check));
}

void session_card_clear(struct session_card *card)
{
	const struct face face = { 0 };

	seqlock_write(&card->lock, card->words, &face, sizeof(face));
}

void session_card_write(struct session_card *card, struct session_rest *rest,
			const struct session_view *view)
{
	struct face face = {
		.peer = view->peer,
		.local = view->local,
		.started_wall_ms = view->started_wall_ms,
		.bytes_sent = view->bytes_sent,
		.bytes_received = view->bytes_received,
		.is_logged_in = view->is_logged_in,
		.transfer_size = view->transfer_size,
		.transfer_started_wall_ms = view->transfer_started_wall_ms,
		.is_tls = (uint8_t)(view->is_tls + (view->is_tls && view->is_resumed)),
		.is_implicit = view->is_implicit,
		.transfer = (uint8_t)view->transfer,
	};

	for (size_t i = 0; i < TEXT_COMMAND; i++)
		put_text(&face, rest, &rows[i], (const char *)view + rows[i].view_at);
	seqlock_write(&card->lock, card->words, &face, COMMAND_AT);
}

void session_card_set_command(struct session_card *card, struct session_rest *rest,
			      const char *line, int64_t wall_ms)
{
	struct face face = { .last_command_wall_ms = wall_ms };

	put_text(&face, rest, &rows[TEXT_COMMAND], line);
	seqlock_write_part(&card->lock, card->words, COMMAND_AT, (const char *)&face + COMMAND_AT,
			   sizeof(face) - COMMAND_AT);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* False: the rest belongs to another text than the face; then only the face's part is there. */
static bool take_text(const struct face *face, const struct session_rest *rest,
		      const struct text_row *row, char *ret)
{
	const _Atomic uint64_t *words = rest->words + row->rest_at;
	size_t room = row->view_size - row->face_size;
	uint32_t check;

	memcpy(&check, (const char *)face + row->check_at, sizeof(check));
	memcpy(ret, (const char *)face + row->face_at, row->face_size);
	if (check == 0)
		return true;
	for (size_t at = 0; at < room; at += 8) {
		uint64_t word = atomic_load_explicit(&words[at / 8], memory_order_acquire);

		memcpy(ret + row->face_size + at, &word, MIN_OF(room - at, (size_t)8));
	}
	ret[row->view_size - 1] = '\0';
	if (checksum(ret, strlen(ret)) == check)
		return true;
	ret[row->face_size] = '\0';
	return false;
}

static bool take_texts(const struct face *face, const struct session_rest *rest,
		       struct session_view *ret)
{
	bool is_whole = true;

	for (size_t i = 0; i < TEXTS; i++)
		is_whole &= take_text(face, rest, &rows[i], (char *)ret + rows[i].view_at);
	return is_whole;
}

bool session_card_read(const struct session_card *card, const struct session_rest *rest,
		       struct session_view *ret)
{
	struct face face;
	unsigned tries = 0;

	do {
		if (!seqlock_read(&card->lock, card->words, &face, sizeof(face)))
			return false;
		*ret = (struct session_view){
			.peer = face.peer,
			.local = face.local,
			.started_wall_ms = face.started_wall_ms,
			.last_command_wall_ms = face.last_command_wall_ms,
			.bytes_sent = face.bytes_sent,
			.bytes_received = face.bytes_received,
			.is_logged_in = face.is_logged_in,
			.transfer_size = face.transfer_size,
			.transfer_started_wall_ms = face.transfer_started_wall_ms,
			.is_tls = face.is_tls > 0,
			.is_resumed = face.is_tls > 1,
			.is_implicit = face.is_implicit,
			.transfer = (enum transfer_kind)face.transfer,
		};
	} while (!take_texts(&face, rest, ret) && ++tries < TRIES);
	return true;
}
