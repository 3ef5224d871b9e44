/* worker/commands.c - see commands.h. */
#include "worker/commands.h"

#include <endian.h>

#include "base/log.h"
#include "worker/control.h"
#include "worker/events.h"
#include "worker/place.h"
#include "worker/pool.h"

/* clang-format off */
const struct command commands[] = {
	/* verb, handler, argument, flags, permission, syntax, line in FEAT, source */
	{ "ABOR", cmd_abor,   ARG_NONE,     0,                                0,              "ABOR",                    NULL,         "959 4.1.3" },
	{ "ACCT", cmd_acct,   ARG_OPTIONAL, PRE_LOGIN,                        0,              "ACCT <account>",          NULL,         "959 4.1.1" },
	{ "ALLO", cmd_allo,   ARG_REQUIRED, 0,                                0,              "ALLO <bytes> [R <record size>]", NULL,         "959 4.1.3" },
	{ "APPE", cmd_appe,   ARG_REQUIRED, 0,                                0,              "APPE <path>",             NULL,         "959 4.1.3" },
	{ "AUTH", cmd_auth,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "AUTH TLS",                "AUTH TLS",   "4217 4" },
	{ "AVBL", cmd_avbl,   ARG_OPTIONAL, 0,                                PERM_LIST,      "AVBL [<path>]",           "AVBL",       "draft-peterson-streamlined-ftp-command-extensions 4" },
	{ "CCC",  cmd_ccc,    ARG_NONE,     0,                                0,              "CCC",                     NULL,         "4217 12.3" },
	{ "CDUP", cmd_cdup,   ARG_NONE,     0,                                0,              "CDUP",                    NULL,         "959 4.1.1" },
	{ "CLNT", cmd_clnt,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "CLNT <name>",             "CLNT",       "FEAT convention" },
	{ "CSID", cmd_csid,   ARG_OPTIONAL, PRE_TLS | PRE_LOGIN,              0,              "CSID Name=<name>;[Version=<version>;]", "CSID",       "draft-peterson-streamlined-ftp-command-extensions 2" },
	{ "CWD",  cmd_cwd,    ARG_REQUIRED, 0,                                0,              "CWD <path>",              NULL,         "959 4.1.1" },
	{ "DELE", cmd_dele,   ARG_REQUIRED, 0,                                PERM_DELETE,    "DELE <path>",             NULL,         "959 4.1.3" },
	{ "DSIZ", cmd_dsiz,   ARG_OPTIONAL, 0,                                PERM_LIST,      "DSIZ [<path>]",           "DSIZ",       "draft-peterson-streamlined-ftp-command-extensions 5" },
	{ "EPRT", cmd_eprt,   ARG_REQUIRED, 0,                                0,              "EPRT |<family>|<address>|<port>|", "EPRT", "2428 2" },
	{ "EPSV", cmd_epsv,   ARG_OPTIONAL, 0,                                0,              "EPSV [1|2|ALL]",          "EPSV",       "2428 3" },
	{ "FEAT", cmd_feat,   ARG_NONE,     PRE_TLS | PRE_LOGIN,              0,              "FEAT",                    NULL,         "2389 3" },
	{ "HASH", cmd_hash,   ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "HASH <path>",             "HASH",       "draft-bryan-ftpext-hash 3" },
	{ "HELP", cmd_help,   ARG_OPTIONAL, PRE_TLS | PRE_LOGIN,              0,              "HELP [<command>]",        NULL,         "959 4.1.3" },
	{ "HOST", cmd_host,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "HOST <name>",             "HOST",       "7151 3" },
	{ "LIST", cmd_list,   ARG_OPTIONAL, 0,                                PERM_LIST,      "LIST [<path>]",           NULL,         "959 4.1.3" },
	{ "MDTM", cmd_mdtm,   ARG_REQUIRED, 0,                                PERM_LIST,      "MDTM <path>",             "MDTM",       "3659 3" },
	{ "MFCT", cmd_mfct,   ARG_REQUIRED, 0,                                PERM_ATTRIBUTES, "MFCT <YYYYMMDDHHMMSS> <path>", NULL,         "draft-somers-ftp-mfxx 4" },
	{ "MFF", cmd_mff,    ARG_REQUIRED, 0,                                PERM_ATTRIBUTES, "MFF <fact>=<value>;[...] <path>", "MFF modify;UNIX.mode;", "draft-somers-ftp-mfxx 5" },
	{ "MFMT", cmd_mfmt,   ARG_REQUIRED, 0,                                PERM_ATTRIBUTES, "MFMT <YYYYMMDDHHMMSS> <path>", "MFMT",       "draft-somers-ftp-mfxx 3" },
	{ "MKD",  cmd_mkd,    ARG_REQUIRED, 0,                                PERM_MKDIR,     "MKD <path>",              NULL,         "959 4.1.3" },
	{ "MLSD", cmd_mlsd,   ARG_OPTIONAL, 0,                                PERM_LIST,      "MLSD [<path>]",           NULL,         "3659 7" },
	{ "MLST", cmd_mlst,   ARG_OPTIONAL, 0,                                PERM_LIST,      "MLST [<path>]",           "MLST",       "3659 7" },
	{ "MODE", cmd_mode,   ARG_REQUIRED, 0,                                0,              "MODE S",                  NULL,         "959 4.1.2" },
	{ "NLST", cmd_nlst,   ARG_OPTIONAL, 0,                                PERM_LIST,      "NLST [<path>]",           NULL,         "959 4.1.3" },
	{ "NOOP", cmd_noop,   ARG_OPTIONAL, PRE_TLS | PRE_LOGIN | IN_TRANSFER, 0,             "NOOP",                    NULL,         "959 4.1.3" },
	{ "OPTS", cmd_opts,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "OPTS <command> [<options>]", NULL,      "2389 4" },
	{ "PASS", cmd_pass,   ARG_OPTIONAL, PRE_LOGIN,                        0,              "PASS <password>",         NULL,         "959 4.1.1" },
	{ "PASV", cmd_pasv,   ARG_NONE,     0,                                0,              "PASV",                    "PASV",       "959 4.1.2" },
	{ "PBSZ", cmd_pbsz,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "PBSZ 0",                  "PBSZ",       "4217 8" },
	{ "PORT", cmd_port,   ARG_REQUIRED, 0,                                0,              "PORT <h1,h2,h3,h4,p1,p2>", NULL,        "959 4.1.2" },
	{ "PROT", cmd_prot,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "PROT P|C",                "PROT",       "4217 9" },
	{ "PWD",  cmd_pwd,    ARG_NONE,     0,                                0,              "PWD",                     NULL,         "959 4.1.3" },
	{ "QUIT", cmd_quit,   ARG_NONE,     PRE_TLS | PRE_LOGIN,              0,              "QUIT",                    NULL,         "959 4.1.1" },
	{ "RANG", cmd_rang,   ARG_REQUIRED, 0,                                0,              "RANG <first byte> <last byte>", "RANG STREAM", "draft-bryan-ftp-range 3" },
	{ "REIN", cmd_rein,   ARG_NONE,     PRE_LOGIN,                        0,              "REIN",                    NULL,         "959 4.1.1" },
	{ "REST", cmd_rest,   ARG_REQUIRED, 0,                                0,              "REST <offset>",           "REST STREAM", "3659 5" },
	{ "RETR", cmd_retr,   ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "RETR <path>",             NULL,         "959 4.1.3" },
	{ "RMD",  cmd_rmd,    ARG_REQUIRED, 0,                                PERM_RMDIR,     "RMD <path>",              NULL,         "959 4.1.3" },
	{ "RNFR", cmd_rnfr,   ARG_REQUIRED, 0,                                PERM_RENAME,    "RNFR <path>",             NULL,         "959 4.1.3" },
	{ "RNTO", cmd_rnto,   ARG_REQUIRED, KEEPS_RENAME,                     PERM_RENAME,    "RNTO <path>",             NULL,         "959 4.1.3" },
	{ "SITE", cmd_site,   ARG_REQUIRED, 0,                                0,              "SITE <command> [<arguments>]", NULL,         "959 4.1.3" },
	{ "SIZE", cmd_size,   ARG_REQUIRED, 0,                                PERM_LIST,      "SIZE <path>",             "SIZE",       "3659 4" },
	{ "SMNT", cmd_smnt,   ARG_REQUIRED, 0,                                0,              "SMNT <path>",             NULL,         "959 4.1.1" },
	{ "STAT", cmd_stat,   ARG_OPTIONAL, IN_TRANSFER,                      0,              "STAT [<path>]",           NULL,         "959 4.1.3" },
	{ "STOR", cmd_stor,   ARG_REQUIRED, 0,                                0,              "STOR <path>",             NULL,         "959 4.1.3" },
	{ "STOU", cmd_stou,   ARG_OPTIONAL, 0,                                PERM_UPLOAD,    "STOU [<name>]",           NULL,         "1123 4.1.2.9" },
	{ "STRU", cmd_stru,   ARG_REQUIRED, 0,                                0,              "STRU F",                  NULL,         "959 4.1.2" },
	{ "SYST", cmd_syst,   ARG_NONE,     PRE_TLS | PRE_LOGIN,              0,              "SYST",                    NULL,         "959 4.1.3" },
	{ "TYPE", cmd_type,   ARG_REQUIRED, 0,                                0,              "TYPE A|I",                NULL,         "959 4.1.2" },
	{ "USER", cmd_user,   ARG_REQUIRED, PRE_TLS | PRE_LOGIN,              0,              "USER <name>",             NULL,         "959 4.1.1" },
#ifdef SALLYPORT_BREAKOUT_TEST
	{ "XBRK", cmd_breakout, ARG_REQUIRED, HIDDEN,                         0,              "XBRK <attempt> [<argument>]", NULL,     "breakout.h" },
#endif
	{ "XCRC", cmd_xcrc,   ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "XCRC <path> [<start> [<end>]]", "XCRC",       "draft-bryan-ftpext-hash (older)" },
	{ "XCUP", cmd_cdup,   ARG_NONE,     HIDDEN,                           0,              "XCUP",                    NULL,         "775" },
	{ "XCWD", cmd_cwd,    ARG_REQUIRED, HIDDEN,                           0,              "XCWD <path>",             NULL,         "775" },
	{ "XMD5", cmd_xmd5,   ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "XMD5 <path> [<start> [<end>]]", "XMD5",       "draft-bryan-ftpext-hash (older)" },
	{ "XMKD", cmd_mkd,    ARG_REQUIRED, HIDDEN,                           PERM_MKDIR,     "XMKD <path>",             NULL,         "775" },
	{ "XPWD", cmd_pwd,    ARG_NONE,     HIDDEN,                           0,              "XPWD",                    NULL,         "775" },
	{ "XRMD", cmd_rmd,    ARG_REQUIRED, HIDDEN,                           PERM_RMDIR,     "XRMD <path>",             NULL,         "775" },
	{ "XSHA", cmd_xsha1,  ARG_REQUIRED, HIDDEN,                           PERM_DOWNLOAD,  "XSHA <path> [<start> [<end>]]", NULL,         "draft-bryan-ftpext-hash (older)" },
	{ "XSHA1", cmd_xsha1,  ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "XSHA1 <path> [<start> [<end>]]", "XSHA1",      "draft-bryan-ftpext-hash (older)" },
	{ "XSHA256", cmd_xsha256, ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "XSHA256 <path> [<start> [<end>]]", "XSHA256",    "draft-bryan-ftpext-hash (older)" },
	{ "XSHA512", cmd_xsha512, ARG_REQUIRED, 0,                                PERM_DOWNLOAD,  "XSHA512 <path> [<start> [<end>]]", "XSHA512",    "draft-bryan-ftpext-hash (older)" },
};
/* clang-format on */
const size_t n_commands = ARRAY_SIZE(commands);

/* A verb as a number; greater ones stand further down in the table. */
static uint64_t number_of(const char verb[static VERB_SIZE])
{
	uint64_t number;

	_Static_assert(sizeof(number) == VERB_SIZE, "a verb is one number");
	memcpy(&number, verb, sizeof(number));
	return be64toh(number);
}

static const struct command *find(const char verb[static VERB_SIZE])
{
	const struct command *row = commands;
	uint64_t wanted = number_of(verb);

	for (size_t n = n_commands; n > 1; n -= n / 2)
		if (number_of(row[n / 2].verb) <= wanted)
			row += n / 2;
	return number_of(row->verb) == wanted ? row : NULL;
}

static void refuse_before_login(struct session *s)
{
	if (!session_is_tls(s) && !s->worker->settings->plain_ftp)
		reply(s, 530,
		      "[D-59] This server wants TLS: send AUTH TLS first, then USER and PASS.");
	else
		reply(s, 530, "Please log in with USER and PASS.");
}

/* Commands that leave a record of what they did. */
static void note_denied(struct session *s, const struct command *command, struct text argument)
{
	static const struct {
		void (*run)(struct session *s, struct text argument);
		enum event_kind kind;
	} recorded[] = {
		{ cmd_dele, EVENT_DELETE },   { cmd_mkd, EVENT_MKDIR },
		{ cmd_retr, EVENT_DOWNLOAD }, { cmd_rmd, EVENT_RMDIR },
		{ cmd_rnfr, EVENT_RENAME },   { cmd_stou, EVENT_UPLOAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(recorded); i++)
		if (recorded[i].run == command->run)
			place_note_denied(s, argument, recorded[i].kind);
}

static bool needs_tls(const struct session *s)
{
	return !session_is_tls(s) && !s->is_cleared && !s->worker->settings->plain_ftp;
}

static bool is_allowed(struct session *s, const struct command *command, struct text argument)
{
	if ((!s->user && !(command->flags & PRE_LOGIN)) ||
	    (!(command->flags & PRE_TLS) && needs_tls(s))) {
		refuse_before_login(s);
		return false;
	}
	if (command->permission && !session_may_somewhere(s, command->permission)) {
		reply(s, 550, "[D-90] Permission denied: your account may not use %s.",
		      command->verb);
		note_denied(s, command, argument);
		return false;
	}
	return true;
}

static bool has_fitting_argument(struct session *s, const struct command *command,
				 const struct command_line *parsed)
{
	bool has = parsed->argument.len > 0;

	if ((command->argument == ARG_REQUIRED && !has) ||
	    (command->argument == ARG_NONE && text_trim(parsed->argument).len > 0)) {
		reply(s, 501, "Syntax: %s", command->syntax);
		return false;
	}
	return true;
}

void commands_run(struct session *s, struct text line)
{
	struct command_line parsed;
	char *masked = pool_self()->command;
	int r = command_parse(line, &parsed);

	size_t masked_len = command_mask(line, masked, SESSION_VIEW_TEXT);

	control_record(s, RECORDER_CLIENT, (struct text){ masked, masked_len });
	log_event(LOG_DEBUG, "command", F_UINT("session", s->id), F_STR("line", masked));
	if (r < 0 && line.len > 1 && memcmp(line.ptr, "\x16\x03", 2) == 0) /* TLS, a record */
		events_note_handshake(s, 16, "TLS begins without AUTH TLS");
	if (r == -EILSEQ) {
		reply(s, 501, "A command line must not hold NUL, CR or LF bytes.");
		return;
	}
	if (r < 0) {
		reply(s, 500, "Not a command.");
		return;
	}
	const struct command *command = find(parsed.verb);
	if (!command) {
		reply(s, 500, "%s: unknown command; HELP lists those that are.", parsed.verb);
		return;
	}
	if (!is_allowed(s, command, parsed.argument) || !has_fitting_argument(s, command, &parsed))
		return;
	if (s->user && !(command->flags & KEEPS_RENAME)) {
		free(s->user->rename_from);
		s->user->rename_from = NULL;
	}
	command->run(s, parsed.argument);
}

bool commands_serve_in_transfer(struct session *s, struct text line)
{
	struct command_line parsed;

	if (command_parse(line, &parsed) < 0)
		return false;
	const struct command *command = find(parsed.verb);
	if (!command || !(command->flags & IN_TRANSFER) || parsed.argument.len > 0)
		return false;
	control_record(s, RECORDER_CLIENT, line); /* without an argument there is no secret */
	command->run(s, parsed.argument);
	return true;
}

bool commands_is_abort(struct text line)
{
	struct command_line parsed;

	return command_parse(line, &parsed) == 0 && strcmp(parsed.verb, "ABOR") == 0;
}
