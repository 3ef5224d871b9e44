/* doctor/evidence_json.c - see evidence_json.h. One table per structure names its fields; two
 * walkers, one that writes and one that reads, do the rest. */
#include "doctor/evidence_json.h"

#include <assert.h>
#include <string.h>

enum field_kind {
	KIND_BOOL,
	KIND_NUMBER,
	KIND_TEXT,
	KIND_WORD,
	KIND_ADDRESS,
	KIND_PART,
	KIND_LIST
};

struct field {
	const char *name;
	enum field_kind kind;
	bool is_signed;
	size_t offset, size;	  /* size of the field; of one element for a list */
	const char *const *words; /* of an enumeration; the first one is never written */
	size_t n_words;
	const struct field
		*parts; /* of a part, and of each element of a list; ends without a name */
	size_t count_offset, max; /* of a list */
};

#define MEMBER(type, field) (((type *)0)->field)
#define AT(type, field)                                                                            \
	.name = #field, .offset = offsetof(type, field), .size = sizeof(MEMBER(type, field))
#define BOOL(type, field)                                                                          \
	{                                                                                          \
		AT(type, field), .kind = KIND_BOOL                                                 \
	}
#define NUMBER(type, field)                                                                        \
	{                                                                                          \
		AT(type, field), .kind = KIND_NUMBER,                                              \
				 .is_signed = (__typeof__(MEMBER(type, field)))-1 < 1              \
	}
#define TEXT(type, field)                                                                          \
	{                                                                                          \
		AT(type, field), .kind = KIND_TEXT                                                 \
	}
#define ADDRESS(type, field)                                                                       \
	{                                                                                          \
		AT(type, field), .kind = KIND_ADDRESS                                              \
	}
#define WORD(type, field, list)                                                                    \
	{                                                                                          \
		AT(type, field), .kind = KIND_WORD, .words = list, .n_words = ARRAY_SIZE(list)     \
	}
#define PART(type, field, rows)                                                                    \
	{                                                                                          \
		AT(type, field), .kind = KIND_PART, .parts = rows                                  \
	}
#define LIST(type, field, rows)                                                                    \
	{                                                                                          \
		.name = #field, .kind = KIND_LIST, .offset = offsetof(type, field),                \
		.size = sizeof(MEMBER(type, field)[0]), .parts = rows,                             \
		.count_offset = offsetof(type, n_##field), .max = ARRAY_SIZE(MEMBER(type, field))  \
	}
#define END                                                                                        \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/* clang-format off */
static const char *const outcome_words[] = {
	"untried", "ok", "refused", "timed_out", "unreachable", "reset", "closed", "no_route",
	"garbage", "too_much", "failed", "skipped",
};
static const char *const mode_words[] = { "unknown", "plain", "explicit", "implicit" };
static const char *const answer_words[] = {
	"unknown", "ftp", "tls", "ssh", "http", "smtp", "other", "silent", "closed",
};
static const char *const login_words[] = {
	"untried", "ok", "refused", "broken", "withheld", "no_password",
};
static const char *const purpose_words[] = {
	"unknown", "look", "main", "family", "port", "older_tls", "gentle", "idle",
	"keepalive", "slow", "clean_up", "no_name",
};
static const char *const data_mode_words[] = { "unknown", "epsv", "pasv", "port", "eprt" };
static const char *const operation_words[] = {
	"unknown", "list", "upload", "download", "resume", "large_upload", "large_download",
	"empty_upload", "delete",
};
static const char *const result_words[] = {
	"untried", "ok", "setup_refused", "setup_unreadable", "elsewhere", "not_connected",
	"command_refused", "tls_failed", "stalled", "cut", "different", "not_confirmed",
	"no_reply", "skipped",
};
static const char *const end_words[] = { "unknown", "proven", "fin", "reset", "ours" };
static const char *const arrival_words[] = { "unknown", "nothing", "here", "elsewhere" };
static const char *const resumed_words[] = { "unknown", "no", "yes" };
static const char *const noop_words[] = { "untried", "early", "late", "lost", "breaks" };
static const char *const cell_words[] = { "untested", "ok", "failed" };
static const char *const origin_words[] = { "unknown", "offered", "reserved", "promised" };
static const char *const dns_words[] = {
	"untried", "ok", "no_name", "no_address", "failed", "timed_out",
};
static const char *const severity_words[] = { "remark", "note", "warning", "problem" };
static const char *const who_words[] = { "you", "firewall", "server" };
static const char *const verdict_words[] = { "healthy", "problem", "untested" };

static const struct field icmp_fields[] = {
	BOOL(struct icmp, is_there), ADDRESS(struct icmp, from), NUMBER(struct icmp, type),
	NUMBER(struct icmp, code), TEXT(struct icmp, kind), NUMBER(struct icmp, mtu), END,
};
static const struct field attempt_fields[] = {
	ADDRESS(struct attempt, peer), ADDRESS(struct attempt, local),
	WORD(struct attempt, outcome, outcome_words), NUMBER(struct attempt, error),
	NUMBER(struct attempt, started_ms), NUMBER(struct attempt, duration_ms),
	PART(struct attempt, icmp, icmp_fields), NUMBER(struct attempt, mss),
	NUMBER(struct attempt, in_try), END,
};
static const struct field reply_fields[] = {
	WORD(struct reply, outcome, outcome_words), NUMBER(struct reply, code),
	TEXT(struct reply, text), NUMBER(struct reply, size_bytes), NUMBER(struct reply, after_ms),
	BOOL(struct reply, is_masked), BOOL(struct reply, is_odd), END,
};
static const struct field exchange_fields[] = {
	TEXT(struct exchange, verb), TEXT(struct exchange, command), BOOL(struct exchange, is_tls),
	NUMBER(struct exchange, started_ms), PART(struct exchange, reply, reply_fields), END,
};
static const struct field certificate_fields[] = {
	TEXT(struct certificate, subject), TEXT(struct certificate, issuer),
	TEXT(struct certificate, common_name), TEXT(struct certificate, issuer_name),
	TEXT(struct certificate, names), NUMBER(struct certificate, not_before_s),
	NUMBER(struct certificate, not_after_s), TEXT(struct certificate, fingerprint),
	TEXT(struct certificate, key_type), NUMBER(struct certificate, key_bits),
	TEXT(struct certificate, signature), TEXT(struct certificate, issuer_url),
	BOOL(struct certificate, is_authority), BOOL(struct certificate, is_self_signed), END,
};
static const struct field handshake_fields[] = {
	WORD(struct handshake, outcome, outcome_words), NUMBER(struct handshake, duration_ms),
	NUMBER(struct handshake, received_bytes), TEXT(struct handshake, version),
	TEXT(struct handshake, maximum), TEXT(struct handshake, cipher),
	TEXT(struct handshake, group), TEXT(struct handshake, sni),
	BOOL(struct handshake, is_resumed), BOOL(struct handshake, wants_client_certificate),
	NUMBER(struct handshake, alert), TEXT(struct handshake, error),
	LIST(struct handshake, chain, certificate_fields), NUMBER(struct handshake, verify_error),
	TEXT(struct handshake, verify_text), BOOL(struct handshake, name_matches),
	BOOL(struct handshake, is_incomplete), TEXT(struct handshake, missing_issuer),
	BOOL(struct handshake, is_unordered), END,
};
static const struct field door_fields[] = {
	ADDRESS(struct door, address), WORD(struct door, mode, mode_words),
	BOOL(struct door, is_requested), LIST(struct door, attempts, attempt_fields),
	WORD(struct door, outcome, outcome_words), WORD(struct door, answer, answer_words),
	TEXT(struct door, first_bytes), NUMBER(struct door, first_byte_ms),
	WORD(struct door, ending, outcome_words), NUMBER(struct door, received_bytes),
	PART(struct door, banner, reply_fields), PART(struct door, handshake, handshake_fields), END,
};
static const struct field control_fields[] = {
	WORD(struct control, purpose, purpose_words), WORD(struct control, mode, mode_words),
	PART(struct control, attempt, attempt_fields),
	PART(struct control, handshake, handshake_fields),
	LIST(struct control, exchanges, exchange_fields), WORD(struct control, login, login_words),
	WORD(struct control, ending, outcome_words), NUMBER(struct control, duration_ms),
	BOOL(struct control, was_asked_to_leave), END,
};
static const struct field data_tls_fields[] = {
	WORD(struct data_tls, outcome, outcome_words), NUMBER(struct data_tls, duration_ms),
	TEXT(struct data_tls, version), TEXT(struct data_tls, cipher),
	BOOL(struct data_tls, offered_resumption), BOOL(struct data_tls, is_resumed),
	TEXT(struct data_tls, fingerprint), NUMBER(struct data_tls, alert),
	TEXT(struct data_tls, error), END,
};
static const struct field server_view_fields[] = {
	BOOL(struct server_view, is_there), TEXT(struct server_view, passive_reply),
	TEXT(struct server_view, active_command), NUMBER(struct server_view, port),
	WORD(struct server_view, arrival, arrival_words),
	ADDRESS(struct server_view, arrived_from),
	WORD(struct server_view, resumed, resumed_words), END,
};
static const struct field transfer_fields[] = {
	NUMBER(struct transfer, control), BOOL(struct transfer, is_v6),
	WORD(struct transfer, tls_mode, mode_words), BOOL(struct transfer, is_protected),
	WORD(struct transfer, mode, data_mode_words), BOOL(struct transfer, is_lenient),
	WORD(struct transfer, operation, operation_words), TEXT(struct transfer, setup_command),
	PART(struct transfer, setup, reply_fields), ADDRESS(struct transfer, announced),
	BOOL(struct transfer, announced_is_private), BOOL(struct transfer, announced_differs),
	PART(struct transfer, attempt, attempt_fields), BOOL(struct transfer, peer_differs),
	TEXT(struct transfer, command), PART(struct transfer, preliminary, reply_fields),
	PART(struct transfer, tls, data_tls_fields), NUMBER(struct transfer, expected_bytes),
	NUMBER(struct transfer, moved_bytes), NUMBER(struct transfer, acknowledged_bytes),
	NUMBER(struct transfer, first_byte_ms), NUMBER(struct transfer, duration_ms),
	NUMBER(struct transfer, retransmits), NUMBER(struct transfer, mss),
	WORD(struct transfer, end, end_words), PART(struct transfer, final, reply_fields),
	NUMBER(struct transfer, n_lines), NUMBER(struct transfer, n_unreadable_lines),
	NUMBER(struct transfer, n_foreign_lines), BOOL(struct transfer, lists_probe_file),
	BOOL(struct transfer, has_left_file), NUMBER(struct transfer, left_bytes),
	WORD(struct transfer, result, result_words),
	WORD(struct transfer, failure, outcome_words),
	PART(struct transfer, view, server_view_fields), END,
};
static const struct field cell_fields[] = {
	WORD(struct cell, mode, data_mode_words), NUMBER(struct cell, port),
	WORD(struct cell, tls_mode, mode_words), BOOL(struct cell, is_v6),
	WORD(struct cell, listing, cell_words), WORD(struct cell, upload, cell_words),
	WORD(struct cell, download, cell_words), WORD(struct cell, resume, cell_words),
	WORD(struct cell, removal, cell_words), WORD(struct cell, large_upload, cell_words),
	WORD(struct cell, large_download, cell_words), END,
};
static const struct field sample_fields[] = {
	WORD(struct sample, origin, origin_words), PART(struct sample, attempt, attempt_fields), END,
};
static const struct field hop_fields[] = {
	NUMBER(struct hop, ttl), WORD(struct hop, outcome, outcome_words),
	ADDRESS(struct hop, from), PART(struct hop, icmp, icmp_fields),
	NUMBER(struct hop, duration_ms), END,
};
static const struct field trace_fields[] = {
	ADDRESS(struct trace, target), BOOL(struct trace, is_blocked),
	LIST(struct trace, hops, hop_fields), NUMBER(struct trace, reached_ttl),
	NUMBER(struct trace, last_heard_ttl), END,
};
static const struct field idle_fields[] = {
	BOOL(struct idle, was_measured), NUMBER(struct idle, waited_ms),
	WORD(struct idle, ending, outcome_words), PART(struct idle, farewell, reply_fields),
	NUMBER(struct idle, keepalive_ms), NUMBER(struct idle, keepalive_waited_ms),
	WORD(struct idle, keepalive_ending, outcome_words), NUMBER(struct idle, silent_ms),
	WORD(struct idle, silent_ending, outcome_words), WORD(struct idle, noop, noop_words), END,
};
static const struct field parallel_fields[] = {
	NUMBER(struct parallel, wanted), NUMBER(struct parallel, logged_in),
	NUMBER(struct parallel, carried), WORD(struct parallel, result, result_words),
	WORD(struct parallel, failure, outcome_words), TEXT(struct parallel, reply),
	TEXT(struct parallel, refusal), END,
};
static const struct field target_fields[] = {
	TEXT(struct target, given), TEXT(struct target, host), NUMBER(struct target, given_port),
	WORD(struct target, given_mode, mode_words), BOOL(struct target, is_address),
	BOOL(struct target, had_scheme), BOOL(struct target, had_path),
	BOOL(struct target, had_port), BOOL(struct target, had_blanks),
	BOOL(struct target, had_user), BOOL(struct target, had_dot),
	BOOL(struct target, had_brackets), TEXT(struct target, scheme), END,
};
static const struct field dns_answer_fields[] = {
	WORD(struct dns_answer, outcome, dns_words), NUMBER(struct dns_answer, duration_ms),
	TEXT(struct dns_answer, error), END,
};
/* A list of addresses is one of plain strings: its rows have no name. */
static const struct field bare_address[] = {
	{ .name = "", .kind = KIND_ADDRESS, .size = sizeof(struct address) }, END,
};
static const struct field dns_fields[] = {
	PART(struct dns, a, dns_answer_fields), PART(struct dns, aaaa, dns_answer_fields),
	LIST(struct dns, addresses, bare_address), BOOL(struct dns, has_more),
	TEXT(struct dns, certificate_name), PART(struct dns, named, dns_answer_fields),
	LIST(struct dns, named_addresses, bare_address), END,
};
static const struct field conditions_fields[] = {
	NUMBER(struct conditions, timeout_ms), NUMBER(struct conditions, interval_ms),
	NUMBER(struct conditions, tries), BOOL(struct conditions, is_quick),
	BOOL(struct conditions, is_read_only), BOOL(struct conditions, has_no_login),
	BOOL(struct conditions, allows_plain), BOOL(struct conditions, is_insecure),
	BOOL(struct conditions, has_user), BOOL(struct conditions, has_password),
	BOOL(struct conditions, password_has_blanks),
	BOOL(struct conditions, password_is_foreign),
	BOOL(struct conditions, password_is_encoded),
	NUMBER(struct conditions, large_size_bytes), NUMBER(struct conditions, promised_first),
	NUMBER(struct conditions, promised_last), BOOL(struct conditions, range_is_of_help_pages),
	BOOL(struct conditions, has_v4), BOOL(struct conditions, has_v6),
	TEXT(struct conditions, own_v4), TEXT(struct conditions, own_v6),
	BOOL(struct conditions, was_interrupted), TEXT(struct conditions, left_out), END,
};
static const struct field other_end_fields[] = {
	BOOL(struct other_end, is_there), TEXT(struct other_end, version),
	ADDRESS(struct other_end, sees), ADDRESS(struct other_end, local),
	TEXT(struct other_end, external), NUMBER(struct other_end, passive_first),
	NUMBER(struct other_end, passive_last), NUMBER(struct other_end, idle_timeout_s),
	NUMBER(struct other_end, data_timeout_s),
	NUMBER(struct other_end, min_rate),
	NUMBER(struct other_end, upload_size),
	NUMBER(struct other_end, max_sessions_per_user),
	NUMBER(struct other_end, max_sessions_per_address),
	TEXT(struct other_end, session_reuse), TEXT(struct other_end, raw), END,
};
static const struct field probe_file_fields[] = {
	TEXT(struct probe_file, name), BOOL(struct probe_file, was_stored),
	BOOL(struct probe_file, is_left_behind), TEXT(struct probe_file, reason), END,
};
static const struct field evidence_fields[] = {
	NUMBER(struct evidence, version), TEXT(struct evidence, started),
	NUMBER(struct evidence, duration_ms), PART(struct evidence, target, target_fields),
	PART(struct evidence, conditions, conditions_fields), PART(struct evidence, dns, dns_fields),
	LIST(struct evidence, doors, door_fields), LIST(struct evidence, controls, control_fields),
	LIST(struct evidence, transfers, transfer_fields),
	LIST(struct evidence, matrix, cell_fields), LIST(struct evidence, samples, sample_fields),
	LIST(struct evidence, traces, trace_fields), PART(struct evidence, idle, idle_fields),
	PART(struct evidence, parallel, parallel_fields),
	PART(struct evidence, other_end, other_end_fields),
	PART(struct evidence, probe_file, probe_file_fields), BOOL(struct evidence, knows_clock),
	NUMBER(struct evidence, clock_offset_s), END,
};
/* clang-format on */

/* Numbers are read and written byte by byte of their size: little endian is what we are built for,
 * and every compiler makes one instruction of it. */
static int64_t load_number(const struct field *field, const void *at)
{
	uint64_t value = 0;
	unsigned shift = 64 - 8 * (unsigned)field->size;

	memcpy(&value, at, field->size);
	return field->is_signed ? (int64_t)(value << shift) >> shift : (int64_t)value;
}

static int store_number(const struct field *field, int64_t value, void *at)
{
	struct field copy = *field;
	uint64_t bits = (uint64_t)value;

	memcpy(at, &bits, field->size);
	return load_number(&copy, at) == value && (field->is_signed || value >= 0) ? 0 : -EINVAL;
}

static unsigned load_word(const void *at)
{
	unsigned value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static size_t load_count(const struct field *field, const char *base)
{
	size_t count;

	memcpy(&count, base + field->count_offset, sizeof(count));
	assert(count <= field->max);
	return count;
}

static bool is_no_address(const struct address *address)
{
	static const struct address none;

	return memcmp(address->ip, none.ip, sizeof(none.ip)) == 0 && address->port == 0;
}

static json_t *address_to_json(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	return json_string(address->port == 0 ? address_format_ip(address, text)
					      : address_format(address, text));
}

static json_t *part_to_json(const struct field *parts, const char *base);

static json_t *list_to_json(const struct field *field, const char *base)
{
	size_t count = load_count(field, base);
	bool is_bare = *field->parts->name == '\0';
	json_t *list = count > 0 ? json_array() : NULL;

	for (size_t i = 0; list && i < count; i++) {
		const char *at = base + field->offset + i * field->size;
		json_t *element = is_bare ? address_to_json((const void *)at)
					  : part_to_json(field->parts, at);

		if (!element)
			element = json_object();
		(void)json_array_append_new(list, element);
	}
	return list;
}

/* NULL: there is nothing to tell. */
static json_t *field_to_json(const struct field *field, const char *base)
{
	const char *at = base + field->offset;
	bool flag;

	switch (field->kind) {
	case KIND_BOOL:
		memcpy(&flag, at, sizeof(flag));
		return flag ? json_true() : NULL;
	case KIND_NUMBER:
		return load_number(field, at) ? json_integer(load_number(field, at)) : NULL;
	case KIND_TEXT:
		return *at ? json_string(at) : NULL;
	case KIND_WORD:
		assert(load_word(at) < field->n_words);
		return load_word(at) ? json_string(field->words[load_word(at)]) : NULL;
	case KIND_ADDRESS:
		return is_no_address((const void *)at) ? NULL : address_to_json((const void *)at);
	case KIND_PART:
		return part_to_json(field->parts, at);
	case KIND_LIST:
		return list_to_json(field, base);
	}
	return NULL;
}

/* NULL when all of it is empty. */
static json_t *part_to_json(const struct field *parts, const char *base)
{
	json_t *object = NULL;

	for (const struct field *field = parts; field->name; field++) {
		json_t *value = field_to_json(field, base);

		if (!value)
			continue;
		if (!object)
			object = json_object();
		(void)json_object_set_new(object, field->name, value);
	}
	return object;
}

json_t *evidence_to_json(const struct evidence *evidence)
{
	return part_to_json(evidence_fields, (const char *)evidence);
}

/* Where in the JSON the reader is, for messages. */
struct reader {
	char path[128];
	struct evidence_error *error;
};

static int wrong(struct reader *reader, const char *name, const char *what)
{
	(void)snprintf(reader->error->text, sizeof(reader->error->text), "%s%s %s", reader->path,
		       name, what);
	return -EINVAL;
}

static int part_from_json(struct reader *reader, const struct field *parts, const json_t *json,
			  char *base);

/* "192.0.2.1", "192.0.2.1:21", "2001:db8::1", "[2001:db8::1]:21". */
static int address_from_text(struct text in, struct address *ret)
{
	struct address address;
	uint64_t port = 0;
	struct text ip = in;

	if (text_skip_char(&in, '[')) {
		if (!text_take_until(&in, ']', &ip) || !text_skip_char(&in, ':') ||
		    text_to_uint(in, UINT16_MAX, &port) < 0)
			return -EINVAL;
	} else if (text_find(in, '.') >= 0 && text_find(in, ':') >= 0 &&
		   text_find(in, ':') > text_find(in, '.')) {
		(void)text_take_until(&in, ':', &ip);
		if (text_to_uint(in, UINT16_MAX, &port) < 0)
			return -EINVAL;
	}
	if (address_parse(ip, &address) < 0)
		return -EINVAL;
	address.port = (uint16_t)port;
	*ret = address;
	return 0;
}

static int read_address(struct reader *reader, const char *name, const json_t *json, void *at)
{
	struct address address;

	if (!json_is_string(json) ||
	    address_from_text(text_of(json_string_value(json)), &address) < 0)
		return wrong(reader, name, "is no address");
	memcpy(at, &address, sizeof(address));
	return 0;
}

static int read_word(struct reader *reader, const struct field *field, const json_t *json, char *at)
{
	const char *word = json_string_value(json);

	for (unsigned i = 0; word && i < field->n_words; i++) {
		if (strcmp(field->words[i], word) == 0) {
			memcpy(at, &i, sizeof(i));
			return 0;
		}
	}
	return wrong(reader, field->name, "is none of its words");
}

static int read_list(struct reader *reader, const struct field *field, const json_t *json,
		     char *base)
{
	size_t count = json_array_size(json), path_len = strlen(reader->path);
	int r = 0;

	if (!json_is_array(json))
		return wrong(reader, field->name, "is no list");
	if (count > field->max)
		return wrong(reader, field->name, "has too many elements");
	for (size_t i = 0; r == 0 && i < count; i++) {
		char *at = base + field->offset + i * field->size;

		(void)snprintf(reader->path + path_len, sizeof(reader->path) - path_len, "%s[%zu].",
			       field->name, i);
		r = *field->parts->name == '\0'
			    ? read_address(reader, "", json_array_get(json, i), at)
			    : part_from_json(reader, field->parts, json_array_get(json, i), at);
	}
	reader->path[path_len] = '\0';
	memcpy(base + field->count_offset, &count, sizeof(count));
	return r;
}

static int read_part(struct reader *reader, const struct field *field, const json_t *json, char *at)
{
	size_t path_len = strlen(reader->path);

	(void)snprintf(reader->path + path_len, sizeof(reader->path) - path_len, "%s.",
		       field->name);
	int r = part_from_json(reader, field->parts, json, at);
	reader->path[path_len] = '\0';
	return r;
}

static int field_from_json(struct reader *reader, const struct field *field, const json_t *json,
			   char *base)
{
	char *at = base + field->offset;
	bool flag = json_is_true(json);

	switch (field->kind) {
	case KIND_BOOL:
		if (!json_is_boolean(json))
			return wrong(reader, field->name, "is neither true nor false");
		memcpy(at, &flag, sizeof(flag));
		return 0;
	case KIND_NUMBER:
		if (!json_is_integer(json) || store_number(field, json_integer_value(json), at) < 0)
			return wrong(reader, field->name, "is no number that fits");
		return 0;
	case KIND_TEXT:
		if (!json_is_string(json) ||
		    text_copy((struct text){ json_string_value(json), json_string_length(json) },
			      at, field->size) < 0)
			return wrong(reader, field->name, "is no text that fits");
		return 0;
	case KIND_WORD:
		return read_word(reader, field, json, at);
	case KIND_ADDRESS:
		return read_address(reader, field->name, json, at);
	case KIND_PART:
		return read_part(reader, field, json, at);
	case KIND_LIST:
		return read_list(reader, field, json, base);
	}
	return -EINVAL;
}

static const struct field *find_field(const struct field *parts, const char *name)
{
	for (; parts->name; parts++)
		if (strcmp(parts->name, name) == 0)
			return parts;
	return NULL;
}

static int part_from_json(struct reader *reader, const struct field *parts, const json_t *json,
			  char *base)
{
	const char *name;
	const json_t *value;

	if (!json_is_object(json))
		return wrong(reader, "", "is no object");
	/* The iterator does not change what it walks over. */
	for (void *at = json_object_iter((json_t *)(uintptr_t)json); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)json, at)) {
		name = json_object_iter_key(at);
		value = json_object_iter_value(at);

		const struct field *field = find_field(parts, name);
		int r = field ? field_from_json(reader, field, value, base)
			      : wrong(reader, name, "is unknown");
		if (r < 0)
			return r;
	}
	return 0;
}

int evidence_from_json(const json_t *json, struct evidence *ret, struct evidence_error *ret_error)
{
	struct reader reader = { .error = ret_error };

	memset(ret, 0, sizeof(*ret));
	ret->version = EVIDENCE_VERSION;
	int r = part_from_json(&reader, evidence_fields, json, (char *)ret);
	if (r == 0 && ret->version != EVIDENCE_VERSION)
		return wrong(&reader, "version", "is not ours");
	return r;
}

int evidence_from_text(struct text in, struct evidence *ret, struct evidence_error *ret_error)
{
	json_error_t error;
	json_t *json = json_loadb(in.ptr, in.len, JSON_REJECT_DUPLICATES, &error);

	if (!json) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "line %d: %s", error.line,
			       error.text);
		return -EINVAL;
	}
	int r = evidence_from_json(json, ret, ret_error);
	json_decref(json);
	return r;
}

static json_t *facts_to_json(const struct finding *finding)
{
	json_t *facts = json_object();

	for (size_t i = 0; i < finding->n_facts; i++) {
		const struct named_value *fact = &finding->facts[i];

		(void)json_object_set_new(facts, fact->name,
					  fact->is_number ? json_integer(fact->number)
							  : json_string(fact->text));
	}
	return facts;
}

static json_t *finding_to_json(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o}", "id", finding->id,
			 "severity", severity_word(finding->severity), "title", finding->title,
			 "explanation", finding->explanation, "remedy", finding->remedy, "who",
			 who_word(finding->who), "confidence", (int)finding->confidence,
			 "tells_apart", finding->tells_apart, "facts", facts_to_json(finding));
}

json_t *diagnosis_to_json(const struct diagnosis *diagnosis)
{
	json_t *causes = json_array(), *remarks = json_array();
	size_t n = diagnosis->n_findings;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(causes, finding_to_json(&diagnosis->findings[i]));
	for (size_t i = n; i < n + diagnosis->n_remarks; i++)
		(void)json_array_append_new(remarks, finding_to_json(&diagnosis->findings[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "verdict", verdict_word(diagnosis->verdict),
			 "sentence", diagnosis->sentence, "causes", causes, "remarks", remarks);
}

/* --- schema ----------------------------------------------------------------------------------- */

static json_t *words_schema(const char *const *words, size_t from, size_t n_words)
{
	json_t *list = json_array();

	for (size_t i = from; i < n_words; i++)
		(void)json_array_append_new(list, json_string(words[i]));
	return json_pack("{s:o}", "enum", list);
}

static json_t *part_schema(const struct field *parts);

static json_t *field_schema(const struct field *field)
{
	switch (field->kind) {
	case KIND_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case KIND_NUMBER:
		return field->is_signed ? json_pack("{s:s}", "type", "integer")
					: json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
	case KIND_TEXT:
		return json_pack("{s:s, s:i}", "type", "string", "maxLength", (int)field->size - 1);
	case KIND_WORD:
		return words_schema(field->words, 1, field->n_words);
	case KIND_ADDRESS:
		return json_pack("{s:s, s:s}", "type", "string", "description",
				 "an address, with a port where one belongs to it");
	case KIND_PART:
		return part_schema(field->parts);
	case KIND_LIST:
		return json_pack("{s:s, s:i, s:o}", "type", "array", "maxItems", (int)field->max,
				 "items",
				 *field->parts->name == '\0' ? field_schema(field->parts)
							     : part_schema(field->parts));
	}
	return NULL;
}

static json_t *part_schema(const struct field *parts)
{
	json_t *properties = json_object();

	for (const struct field *field = parts; field->name; field++)
		(void)json_object_set_new(properties, field->name, field_schema(field));
	return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", false,
			 "properties", properties);
}

json_t *evidence_schema(void)
{
	json_t *schema = part_schema(evidence_fields);

	(void)json_object_set_new(
		schema, "description",
		json_string("What was seen. A member that is missing is zero, empty, false or was "
			    "not tried; src/doctor/evidence.h tells what each one means."));
	return schema;
}

static json_t *text_schema(void)
{
	return json_pack("{s:s}", "type", "string");
}

/* With the severities from..to-1. */
static json_t *finding_schema(size_t from, size_t to)
{
	json_t *facts = json_pack("{s:s, s:{s:[s,s]}}", "type", "object", "additionalProperties",
				  "type", "string", "integer");
	json_t *confidence = json_pack("{s:s, s:i, s:i, s:s}", "type", "integer", "minimum", 0,
				       "maximum", 100, "description", "in percent");
	json_t *id = json_pack("{s:s, s:s}", "type", "string", "pattern", "^D-[0-9]+[a-z]?$");
	json_t *properties =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", id, "severity",
			  words_schema(severity_words, from, to), "title", text_schema(),
			  "explanation", text_schema(), "remedy", text_schema(), "who",
			  words_schema(who_words, 0, ARRAY_SIZE(who_words)), "confidence",
			  confidence, "tells_apart", text_schema(), "facts", facts);

	return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", false,
			 "properties", properties);
}

json_t *diagnosis_schema(void)
{
	json_t *causes = json_pack("{s:s, s:s, s:o}", "type", "array", "description",
				   "the root cause first, then the other independent ones", "items",
				   finding_schema(SEVERITY_NOTE, ARRAY_SIZE(severity_words)));
	json_t *remarks = json_pack("{s:s, s:s, s:o}", "type", "array", "description",
				    "how things are, and nobody's trouble", "items",
				    finding_schema(SEVERITY_REMARK, SEVERITY_NOTE));
	json_t *properties =
		json_pack("{s:o, s:o, s:o, s:o}", "verdict",
			  words_schema(verdict_words, 0, ARRAY_SIZE(verdict_words)), "sentence",
			  text_schema(), "causes", causes, "remarks", remarks);

	return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", false,
			 "properties", properties);
}

const char *net_outcome_word(enum net_outcome outcome)
{
	return outcome_words[outcome];
}

const char *tls_mode_word(enum tls_mode mode)
{
	return mode_words[mode];
}

const char *data_mode_word(enum data_mode mode)
{
	return data_mode_words[mode];
}

const char *operation_word(enum operation operation)
{
	return operation_words[operation];
}

const char *answer_word(enum answer answer)
{
	return answer_words[answer];
}

const char *cell_result_word(enum cell_result result)
{
	return cell_words[result];
}

const char *severity_word(enum severity severity)
{
	return severity_words[severity];
}

const char *who_word(enum who who)
{
	return who_words[who];
}

const char *verdict_word(enum verdict verdict)
{
	return verdict_words[verdict];
}
