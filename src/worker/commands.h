/* worker/commands.h - the command table: everything that the dispatcher, HELP and FEAT know of a
 * command stands in its row. Threads: the one that runs the session. */
#ifndef WORKER_COMMANDS_H
#define WORKER_COMMANDS_H

#include "worker/session.h"

/* A row without flags is the strictest: logged in, TLS up where it is required, no transfer going
 * on. */
enum command_flags {
	PRE_LOGIN = 1 << 0,    /* also before login */
	PRE_TLS = 1 << 1,      /* also in clear where plain FTP is off */
	IN_TRANSFER = 1 << 2,  /* without an argument: answered during a transfer */
	KEEPS_RENAME = 1 << 3, /* does not forget RNFR */
	HIDDEN = 1 << 4,       /* an alias: not in HELP */
};

enum command_argument { ARG_NONE, ARG_OPTIONAL, ARG_REQUIRED };

struct command {
	char verb[VERB_SIZE];
	void (*run)(struct session *s, struct text argument);
	enum command_argument argument;
	unsigned flags;
	uint32_t permission; /* enum permission bits that the user needs somewhere, all of them;
			      * the handler asks about its path (worker/place.h) */
	const char *syntax;  /* for HELP */
	const char *feature; /* its line in FEAT, or NULL */
	const char *source;  /* the RFC and section */
};

/* The table. */
extern const struct command commands[];
extern const size_t n_commands;

/* Runs one line: all checks, then the handler. */
void commands_run(struct session *s, struct text line);

/* During a transfer: answers the line if it may be answered now (NOOP, STAT); false: it must
 * wait. */
bool commands_serve_in_transfer(struct session *s, struct text line);
bool commands_is_abort(struct text line);

/* The handlers, by file. Each has got its argument checked for presence; what it says is the
 * reply. */
/* cmd_tls.c */
void cmd_auth(struct session *s, struct text argument);
void cmd_ccc(struct session *s, struct text argument);
void cmd_pbsz(struct session *s, struct text argument);
void cmd_prot(struct session *s, struct text argument);
/* cmd_login.c */
void cmd_user(struct session *s, struct text argument);
void cmd_pass(struct session *s, struct text argument);
void cmd_quit(struct session *s, struct text argument);

void login_answered(struct session *s, const struct message_auth_reply *answer); /* to PASS */
/* cmd_info.c */
void cmd_feat(struct session *s, struct text argument);
void cmd_help(struct session *s, struct text argument);
void cmd_noop(struct session *s, struct text argument);
void cmd_opts(struct session *s, struct text argument);
void cmd_stat(struct session *s, struct text argument);
void cmd_syst(struct session *s, struct text argument);
/* cmd_host.c */
void cmd_host(struct session *s, struct text argument);
/* cmd_type.c */
void cmd_mode(struct session *s, struct text argument);
void cmd_stru(struct session *s, struct text argument);
void cmd_type(struct session *s, struct text argument);
/* cmd_data.c */
void cmd_eprt(struct session *s, struct text argument);
void cmd_epsv(struct session *s, struct text argument);
void cmd_pasv(struct session *s, struct text argument);
void cmd_port(struct session *s, struct text argument);
/* cmd_directory.c */
void cmd_cdup(struct session *s, struct text argument);
void cmd_cwd(struct session *s, struct text argument);
void cmd_mkd(struct session *s, struct text argument);
void cmd_pwd(struct session *s, struct text argument);
void cmd_rmd(struct session *s, struct text argument);
/* cmd_file.c */
void cmd_dele(struct session *s, struct text argument);
void cmd_mdtm(struct session *s, struct text argument);
void cmd_rnfr(struct session *s, struct text argument);
void cmd_rnto(struct session *s, struct text argument);
void cmd_size(struct session *s, struct text argument);
/* cmd_list.c */
void cmd_list(struct session *s, struct text argument);
void cmd_mlsd(struct session *s, struct text argument);
void cmd_mlst(struct session *s, struct text argument);
void cmd_nlst(struct session *s, struct text argument);
void cmd_stat_path(struct session *s, struct text argument); /* STAT with an argument */
/* cmd_facts.c */
void cmd_mfct(struct session *s, struct text argument);
void cmd_mff(struct session *s, struct text argument);
void cmd_mfmt(struct session *s, struct text argument);
bool facts_parse_mode(struct text in, uint32_t *ret); /* "0644" */
/* cmd_hash.c */
void cmd_hash(struct session *s, struct text argument);
void cmd_rang(struct session *s, struct text argument);
void cmd_xcrc(struct session *s, struct text argument);
void cmd_xmd5(struct session *s, struct text argument);
void cmd_xsha1(struct session *s, struct text argument);
void cmd_xsha256(struct session *s, struct text argument);
void cmd_xsha512(struct session *s, struct text argument);
void hash_options(struct session *s, struct text value); /* OPTS HASH */
void hash_add_feat(const struct session *s, struct buf *out);
/* cmd_obsolete.c */
void cmd_acct(struct session *s, struct text argument);
void cmd_clnt(struct session *s, struct text argument);
void cmd_csid(struct session *s, struct text argument);
void cmd_rein(struct session *s, struct text argument);
void cmd_smnt(struct session *s, struct text argument);
/* cmd_site.c */
void cmd_site(struct session *s, struct text argument);
/* cmd_space.c */
void cmd_allo(struct session *s, struct text argument);
void cmd_avbl(struct session *s, struct text argument);
void cmd_dsiz(struct session *s, struct text argument);
/* cmd_transfer.c */
void cmd_abor(struct session *s, struct text argument);
void cmd_appe(struct session *s, struct text argument);
void cmd_rest(struct session *s, struct text argument);
void cmd_retr(struct session *s, struct text argument);
void cmd_stor(struct session *s, struct text argument);
void cmd_stou(struct session *s, struct text argument);

/* cmd_breakout.c, in the daemon of the tests only */
void cmd_breakout(struct session *s, struct text argument);

#endif
