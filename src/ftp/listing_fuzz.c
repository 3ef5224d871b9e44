/* ftp/listing_fuzz.c - a line is one line whatever the entry holds, times round trip, and switches
 * are never invented. */
#include <assert.h>

#include "ftp/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes are the numbers of an entry; what is left is its name and the name of its
 * owner. */
struct numbers {
	uint64_t size, device, inode;
	int64_t mtime_s, btime_s;
	uint32_t mode, links, uid, gid;
	uint16_t facts, room;
	uint8_t kind;
};

static struct entry entry_of(const struct numbers *numbers, struct text rest)
{
	size_t half = rest.len / 2;

	return (struct entry){
		.name = { rest.ptr + half, rest.len - half },
		.kind = (enum entry_kind)(numbers->kind % 4),
		.link_target = rest,
		.mode = numbers->mode & 07777,
		.links = numbers->links,
		.uid = numbers->uid,
		.gid = numbers->gid,
		.owner = { rest.ptr, half },
		.size = numbers->size,
		.mtime_s = numbers->mtime_s,
		.btime_s = numbers->btime_s,
		.device = numbers->device,
		.inode = numbers->inode,
		.perm = "adfrw",
	};
}

static bool is_name(struct text in)
{
	return text_find(in, '\0') < 0 && text_find(in, '\r') < 0 && text_find(in, '\n') < 0;
}

/* Nine columns before the name, whatever the owner is called. */
static void check_ls(struct buf *out, const struct entry *entry)
{
	struct text line, word;

	listing_add_ls(out, entry, 1795173460);
	if (out->has_overflowed) {
		assert(out->len == 0);
		return;
	}
	line = buf_text(out);
	assert(text_find(line, '\n') == (ptrdiff_t)line.len - 1);
	for (size_t i = 0; i < 8; i++) {
		text_skip_blank(&line);
		assert(text_take_until(&line, ' ', &word) && word.len > 0);
	}
	assert(text_skip(&line, entry->name));
}

/* Facts end in ';' and hold no blank; behind the first blank stands the name. */
static void check_facts(struct buf *out, const struct entry *entry, uint32_t facts)
{
	struct text line, part;

	listing_add_facts(out, entry, facts, NULL, entry->name);
	if (out->has_overflowed) {
		assert(out->len == 0);
		return;
	}
	line = buf_text(out);
	assert(text_take_until(&line, ' ', &part));
	assert(text_equal(line, entry->name));
	assert(part.len == 0 || part.ptr[part.len - 1] == ';');
}

static void check_entry(const struct numbers *numbers, struct text rest)
{
	static char storage[64 * 1024];
	struct entry entry = entry_of(numbers, rest);
	struct buf out;

	if (!is_name(entry.name))
		return;
	buf_init(&out, storage, MAX_OF(numbers->room, 1));
	check_ls(&out, &entry);
	buf_reset(&out);
	check_facts(&out, &entry, numbers->facts);
}

static void check_time(struct text in)
{
	char shown[TIMEVAL_SIZE];
	int64_t time_s, again;

	if (listing_parse_time(in, &time_s) < 0)
		return;
	listing_format_time(time_s, shown);
	assert(strlen(shown) == 14);
	assert(listing_parse_time(text_of(shown), &again) == 0 && again == time_s);
}

static void check_switches(struct text in)
{
	struct list_switches switches;
	struct text rest = in;

	listing_take_switches(&rest, &switches);
	assert(rest.ptr >= in.ptr && rest.ptr + rest.len == in.ptr + in.len);
	assert(rest.len == in.len ? !switches.all && !switches.recursive : in.ptr[0] == '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text in = { (const char *)data, size };
	struct numbers numbers;

	check_time(in);
	check_switches(in);
	assert((listing_parse_facts(in) & ~(uint32_t)FACTS_ALL) == 0);
	if (size < sizeof(numbers))
		return 0;
	memcpy(&numbers, data, sizeof(numbers));
	check_entry(&numbers, (struct text){ in.ptr + sizeof(numbers), size - sizeof(numbers) });
	return 0;
}
