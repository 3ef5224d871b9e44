/* worker/cmd_info.c - SYST, FEAT, OPTS, HELP, NOOP, STAT (RFC 959 4.1.3, RFC 2389). */
#include <stdatomic.h>

#include "base/clock.h"
#include "worker/commands.h"
#include "worker/control.h"
#include "worker/flow.h"
#include "worker/hosts.h"

void cmd_syst(struct session *s, struct text argument UNUSED)
{
	reply(s, 215, "UNIX Type: L8");
}

void cmd_noop(struct session *s, struct text argument UNUSED)
{
	reply_text(s, 200, T("NOOP ok."));
}

/* RFC 2389 3.2: one feature a line, each begins with a space (reply_add sees to that). */
void cmd_feat(struct session *s, struct text argument UNUSED)
{
	bool has_tls = s->worker->start->tls != NULL;
	char storage[2048];
	struct buf text;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("Features:\n"));
	for (size_t i = 0; i < n_commands; i++) {
		const struct command *command = &commands[i];
		bool is_tls = strcmp(command->source, "4217 4") == 0 ||
			      strcmp(command->source, "4217 8") == 0 ||
			      strcmp(command->source, "4217 9") == 0;

		if (!command->feature || (is_tls && !has_tls))
			continue;
		if (strcmp(command->verb, "MLST") == 0)
			listing_add_feat(&text, s->facts);
		else if (strcmp(command->verb, "HASH") == 0)
			hash_add_feat(s, &text);
		else
			buf_add(&text, text_of(command->feature));
		buf_add_char(&text, '\n');
	}
	if (s->worker->settings->deflate_level > 0)
		buf_add(&text, T("MODE Z\n"));
	buf_add(&text, T("TVFS\nUTF8\nEnd"));
	reply_text(s, 211, buf_text(&text));
}

static void opts_utf8(struct session *s, struct text value)
{
	bool is_off = text_equal_nocase(value, T("OFF"));

	if (!is_off && value.len > 0 && !text_equal_nocase(value, T("ON")) &&
	    !text_equal_nocase(value, T("NLST"))) {
		reply(s, 501, "Syntax: OPTS UTF8 ON|OFF");
		return;
	}
	/* Without a legacy character set names are bytes, and UTF-8 by convention: nothing
	 * changes. */
	s->wants_utf8 = !is_off;
	if (!is_off)
		reply(s, 200, "UTF-8 is on.");
	else if (s->host->charset)
		reply(s, 200, "Names are in %s from now on.", s->host->charset_name);
	else
		reply(s, 200, "Names pass as bytes; what is UTF-8 stays UTF-8.");
}

static void opts_mlst(struct session *s, struct text value)
{
	char storage[256];
	struct buf text;

	s->facts = listing_parse_facts(value);
	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("MLST OPTS "));
	/* RFC 3659 7.8: the facts that will be sent, each with its semicolon. */
	for (size_t i = 0; s->facts >> i; i++)
		if (s->facts >> i & 1)
			buf_addf(&text, "%.*s;", TEXT_ARG(listing_fact_name(i)));
	reply_text(s, 200, buf_text(&text));
}

/* "MODE Z LEVEL n" (draft-preston-ftpext-deflate 3.2). */
static void opts_mode(struct session *s, struct text value)
{
	struct text word;
	uint64_t level;

	if (s->worker->settings->deflate_level == 0 || !text_take_until(&value, ' ', &word) ||
	    !text_equal_nocase(word, T("Z")) || !text_take_until(&value, ' ', &word) ||
	    !text_equal_nocase(word, T("LEVEL")) || text_to_uint(value, 9, &level) < 0 ||
	    level < 1) {
		reply(s, 501, "Syntax: OPTS MODE Z LEVEL <1-9>");
		return;
	}
	s->deflate_level = (uint8_t)level;
	reply(s, 200, "MODE Z LEVEL is %u.", s->deflate_level);
}

void cmd_opts(struct session *s, struct text argument)
{
	struct text name = { NULL, 0 };

	(void)text_take_until(&argument, ' ', &name);
	argument = text_trim(argument);
	if (text_equal_nocase(name, T("UTF8")) || text_equal_nocase(name, T("UTF-8")))
		opts_utf8(s, argument);
	else if (text_equal_nocase(name, T("MLST")))
		opts_mlst(s, argument);
	else if (text_equal_nocase(name, T("HASH")))
		hash_options(s, argument);
	else if (text_equal_nocase(name, T("MODE")))
		opts_mode(s, argument);
	else
		reply(s, 501, "OPTS %.*s: no such option.", TEXT_ARG(name));
}

static void help_all(struct session *s)
{
	char storage[4096];
	struct buf text;
	unsigned n = 0;

	buf_init(&text, storage, sizeof(storage));
	buf_add(&text, T("The following commands are recognized.\n"));
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].flags & HIDDEN)
			continue;
		buf_addf(&text, "%-8s%s", commands[i].verb, ++n % 8 == 0 ? "\n" : "");
	}
	buf_add(&text,
		n % 8 == 0 ? T("HELP <command> tells more.") : T("\nHELP <command> tells more."));
	reply_text(s, 214, buf_text(&text));
}

void cmd_help(struct session *s, struct text argument)
{
	struct text verb = text_trim(argument);

	if (verb.len == 0) {
		help_all(s);
		return;
	}
	for (size_t i = 0; i < n_commands; i++) {
		if (text_equal_nocase(text_of(commands[i].verb), verb)) {
			reply(s, 214, "Syntax: %s (RFC %s)", commands[i].syntax,
			      commands[i].source);
			return;
		}
	}
	reply(s, 502, "%.*s: unknown command.", TEXT_ARG(verb));
}

static void status_of_transfer(struct session *s, struct buf *text)
{
	static const char *const kinds[] = { "", "Listing", "Sending", "Receiving" };

	if (s->transfer_kind == TRANSFER_NONE)
		buf_add(text, T("No transfer in progress\n"));
	else
		buf_addf(text, "%s %s: %" PRIu64 " bytes so far\n", kinds[s->transfer_kind],
			 s->transfer_path ? s->transfer_path : "",
			 atomic_load_explicit(&s->transfer_bytes, memory_order_relaxed));

	const struct meter *meter = s->flow ? flow_narrowest(s->flow) : NULL;

	if (meter)
		buf_addf(text, "[D-81] Limited to %" PRIu64 " bytes/s by %s\n", meter->rate,
			 meter->limit);
}

void cmd_stat(struct session *s, struct text argument)
{
	char storage[2 * PATH_MAX_LEN], tls[64], peer[ADDRESS_TEXT_SIZE];
	struct buf text;

	if (argument.len > 0) {
		cmd_stat_path(s, argument);
		return;
	}
	stream_describe_tls(&s->control, tls, sizeof(tls));
	buf_init(&text, storage, sizeof(storage));
	buf_addf(&text, "%s FTP server status:\n", s->host->name);
	buf_addf(&text, "Connected from %s\n", address_format_ip(&s->peer, peer));
	buf_addf(&text, "Logged in as %s\n", s->user->name);
	buf_addf(&text, "TYPE %s, STRU F, MODE %s\n", s->type == TYPE_ASCII ? "A" : "I",
		 s->is_mode_z ? "Z" : "S");
	buf_addf(&text, "Control connection: %s\n", *tls ? tls : "in clear");
	buf_addf(&text, "Data connections: %s\n", s->protects_data ? "protected" : "in clear");
	buf_addf(&text, "Session closes after %u s without a command\n",
		 s->worker->settings->idle_timeout_s);
	status_of_transfer(s, &text);
	buf_add(&text, T("End of status"));
	reply_text(s, 211, buf_text(&text));
}
