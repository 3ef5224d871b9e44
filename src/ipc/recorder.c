/* ipc/recorder.c - see recorder.h.
 *
 * A line gets its slots by adding to one counter. A slot carries the number of its turn, which is 0
 * while it is written; as in seqlock.h the words travel with release and acquire order, so that who
 * reads a word of a later turn also sees that the number has changed. */
#include "ipc/recorder.h"

#include <assert.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/clock.h"

#define SLOT_WORDS 16
#define PART_MAX ((SLOT_WORDS - 3) * 8) /* of a line, in one slot */
#define PARTS_MAX (RECORDER_LINE_MAX / PART_MAX)
_Static_assert(RECORDER_LINE_MAX % PART_MAX == 0, "lines end with a slot");

/* The words of a slot: its turn, the session, when and what, then the text. When and what: the
 * time, and below it the source, that it was cut, that this is not its first part, the parts that
 * follow, and the bytes in this one. */
enum { WORD_TURN, WORD_SESSION, WORD_WHAT, WORD_TEXT };
#define WHAT_TIME 16
#define WHAT_SOURCE 15
#define WHAT_CUT 14
#define WHAT_INNER 13
#define WHAT_FOLLOW 8
#define WHAT_FOLLOW_MASK 3u
#define WHAT_LEN_MASK 0xffu

struct slot {
	_Atomic uint64_t words[SLOT_WORDS];
};

struct ring {
	_Alignas(64) _Atomic uint64_t next; /* counts slots that were ever taken */
	_Alignas(64) struct slot slots[RECORDER_SLOTS];
};

struct recorder {
	uint32_t workers;
	struct ring rings[];
};

struct recorder *recorder_new(uint32_t workers)
{
	size_t size = sizeof(struct recorder) + workers * sizeof(struct ring);
	struct recorder *recorder =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (recorder == MAP_FAILED)
		return NULL;
	recorder->workers = workers;
	return recorder;
}

void recorder_prepare(struct recorder *recorder, uint32_t worker_slot)
{
	assert(worker_slot < recorder->workers);

	struct ring *ring = &recorder->rings[worker_slot];

	/* Adding nothing keeps what a worker before us has noted. */
	for (size_t i = 0; i < RECORDER_SLOTS; i += 4096 / sizeof(struct slot))
		(void)atomic_fetch_add_explicit(&ring->slots[i].words[WORD_TEXT], 0,
						memory_order_relaxed);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Fewer bytes than a word has, and zeros: in steps whose length is known, without a call. */
static uint64_t short_word(const char *text, size_t len)
{
	uint64_t word = 0;
	char *to = (char *)&word;

	if (len & 4) {
		memcpy(to, text, 4);
		to += 4;
		text += 4;
	}
	if (len & 2) {
		memcpy(to, text, 2);
		to += 2;
		text += 2;
	}
	if (len & 1)
		*to = *text;
	return word;
}

static void put_text(struct slot *slot, const char *text, size_t len)
{
	_Atomic uint64_t *to = &slot->words[WORD_TEXT];
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), text += sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		atomic_store_explicit(to++, word, memory_order_release);
	}
	if (len > 0)
		atomic_store_explicit(to, short_word(text, len), memory_order_release);
}

static struct text without_line_end(struct text line)
{
	while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	return line;
}

/* what: of all of the line's slots. */
static void write_part(struct ring *ring, uint64_t turn, uint64_t session, uint64_t what,
		       struct text part)
{
	struct slot *slot = &ring->slots[turn % RECORDER_SLOTS];

	atomic_store_explicit(&slot->words[WORD_TURN], 0, memory_order_relaxed);
	atomic_store_explicit(&slot->words[WORD_SESSION], session, memory_order_release);
	atomic_store_explicit(&slot->words[WORD_WHAT], what | part.len, memory_order_release);
	put_text(slot, part.ptr, part.len);
	atomic_store_explicit(&slot->words[WORD_TURN], turn + 1, memory_order_release);
}

static void note_parts(struct ring *ring, uint64_t session, uint64_t what, struct text rest)
{
	uint64_t parts = (rest.len + PART_MAX - 1) / PART_MAX;
	uint64_t turn = atomic_fetch_add_explicit(&ring->next, parts, memory_order_relaxed);

	for (uint64_t i = 0; i < parts; i++) {
		size_t len = MIN_OF(rest.len, (size_t)PART_MAX);

		write_part(ring, turn + i, session,
			   what | (uint64_t)(i > 0) << WHAT_INNER | (parts - 1 - i) << WHAT_FOLLOW,
			   (struct text){ rest.ptr, len });
		rest.ptr += len;
		rest.len -= len;
	}
}

void recorder_note(struct recorder *recorder, uint32_t worker_slot, uint64_t session,
		   enum recorder_source source, struct text line)
{
	struct ring *ring = &recorder->rings[worker_slot];
	struct text rest = without_line_end(line);
	uint64_t now = (uint64_t)clock_wall_coarse_ms();
	uint64_t what = now << WHAT_TIME | (uint64_t)source << WHAT_SOURCE;

	if (rest.len <= PART_MAX) { /* nearly all */
		write_part(ring, atomic_fetch_add_explicit(&ring->next, 1, memory_order_relaxed),
			   session, what, rest);
		return;
	}
	if (rest.len > RECORDER_LINE_MAX) {
		what |= UINT64_C(1) << WHAT_CUT;
		rest.len = RECORDER_LINE_MAX;
	}
	note_parts(ring, session, what, rest);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct part {
	uint64_t what;
	size_t len;
	char text[PART_MAX];
};

/* False: it is not this session's, or has been overwritten. */
static bool read_part(const struct ring *ring, uint64_t turn, uint64_t session, struct part *ret)
{
	const struct slot *slot = &ring->slots[turn % RECORDER_SLOTS];

	if (atomic_load_explicit(&slot->words[WORD_SESSION], memory_order_acquire) != session ||
	    atomic_load_explicit(&slot->words[WORD_TURN], memory_order_acquire) != turn + 1)
		return false;
	ret->what = atomic_load_explicit(&slot->words[WORD_WHAT], memory_order_acquire);
	ret->len = MIN_OF((size_t)(ret->what & WHAT_LEN_MASK), (size_t)PART_MAX);
	for (size_t at = 0; at < ret->len; at += 8) {
		uint64_t word = atomic_load_explicit(&slot->words[WORD_TEXT + at / 8],
						     memory_order_acquire);

		memcpy(ret->text + at, &word, MIN_OF(ret->len - at, (size_t)8));
	}
	return atomic_load_explicit(&slot->words[WORD_SESSION], memory_order_acquire) == session &&
	       atomic_load_explicit(&slot->words[WORD_TURN], memory_order_relaxed) == turn + 1;
}

static unsigned parts_behind(const struct part *part)
{
	return (unsigned)(part->what >> WHAT_FOLLOW & WHAT_FOLLOW_MASK);
}

/* Carriage returns go; other control bytes were made by nobody that we know. */
static size_t clean(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\r')
			text[n++] = text[i];
	return n;
}

/* The whole line whose first slot this is; returns its slots, 0: it is none of the session. */
static unsigned read_line(const struct ring *ring, uint64_t turn, uint64_t session,
			  char storage[static RECORDER_LINE_MAX], struct recorder_line *ret)
{
	struct part part;

	if (!read_part(ring, turn, session, &part) || part.what >> WHAT_INNER & 1)
		return 0;

	unsigned parts = MIN_OF(parts_behind(&part) + 1, (unsigned)PARTS_MAX), i = 0;
	uint64_t what = part.what;
	size_t len = 0;

	do {
		memcpy(storage + len, part.text, part.len);
		len += part.len;
		i++;
	} while (i < parts && read_part(ring, turn + i, session, &part) &&
		 parts_behind(&part) == parts - 1 - i);
	*ret = (struct recorder_line){
		.wall_ms = (int64_t)(what >> WHAT_TIME),
		.source = (enum recorder_source)(what >> WHAT_SOURCE & 1),
		.is_cut = (what >> WHAT_CUT & 1) || i < parts,
		.text = { storage, clean(storage, len) },
	};
	return i;
}

size_t recorder_read(const struct recorder *recorder, uint64_t session,
		     void (*each)(const struct recorder_line *line, void *arg), void *arg)
{
	char storage[RECORDER_LINE_MAX];
	struct recorder_line line;
	size_t n = 0;

	for (uint32_t worker = 0; worker < recorder->workers; worker++) {
		const struct ring *ring = &recorder->rings[worker];
		uint64_t end = atomic_load_explicit(&ring->next, memory_order_acquire);
		uint64_t turn = end > RECORDER_SLOTS ? end - RECORDER_SLOTS : 0;

		while (turn < end) {
			unsigned slots = read_line(ring, turn, session, storage, &line);

			if (slots > 0) {
				each(&line, arg);
				n++;
			}
			turn += MAX_OF(slots, 1u);
		}
	}
	return n;
}
