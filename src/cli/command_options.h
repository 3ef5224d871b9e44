/* cli/command_options.h - the options of the commands, and the words that several of them share:
 * for commands.c only, whose table refers to each of them. */
#ifndef CLI_COMMAND_OPTIONS_H
#define CLI_COMMAND_OPTIONS_H

#include "cli/command.h"
#include "cli/rights.h"

#define NO_PASSWORD_ARGUMENT                                                                       \
	"a password is never an argument, since every user of the machine could read it there; "   \
	"answer the prompt, or give one line on standard input with --password-stdin"
#define REFUSE_PASSWORD                                                                            \
	{                                                                                          \
		.name = "password", .argument = "PASSWORD", .refusal = NO_PASSWORD_ARGUMENT        \
	}
#define END_OF_OPTIONS                                                                             \
	{                                                                                          \
		.name = NULL                                                                       \
	}

#define HOME_HELP "Directory of the user's files, beneath data_root unless it is absolute"
#define GROUP_HELP "The group whose rights and limits the user has beside its own; empty: none"
#define PERMISSIONS_DETAILS                                                                        \
	"Permissions: list, download, upload, overwrite, delete, rename, mkdir, rmdir, "           \
	"attributes;\nall, none and read-only (list, download) stand for sets of them."
#define RIGHTS_DETAILS                                                                             \
	PERMISSIONS_DETAILS                                                                        \
	"\n--rule, --deny, --hide and --folder may be given more than once; together they "        \
	"replace\nwhat was there, and an empty one removes all. Of rules for one path the user's " \
	"counts,\nnot the group's. Changes hold from the next login on."
#define USER_DETAILS                                                                                 \
	RIGHTS_DETAILS                                                                               \
	"\nWithout --permissions, or with --permissions inherit, a user may do what its group "      \
	"may,\nor everything while it is in none."                                                   \
	"\nA folder may have a quota: /share=/srv/share:quota=10G:files=1000."                       \
	"\nLimits and quotas: numbers as in 500K, 10M, 2G; none; or default, which is what the "     \
	"group\nsays, and else the server's [limits]; they hold from the next login on. A quota is " \
	"of this\nuser alone; that of the group, which all its members share, holds besides."
#define GROUP_DETAILS                                                                                \
	RIGHTS_DETAILS                                                                               \
	"\n--quota-bytes and --quota-files are for all members together. All other options are "     \
	"for each\nmember that has none of its own: limits, --uploads and --member-quota-bytes and " \
	"-files.\nNumbers as in 500K, 10M, 2G; none; limits also default (as the server's [limits] " \
	"say)."
#define UPLOADS_OPTION                                                                             \
	{                                                                                          \
		.name = "uploads", .argument = "WAY",                                              \
		.help = "How new files appear: direct (as they grow), atomic (when complete), "    \
			"default"                                                                  \
	}
#define QUOTA_OPTIONS                                                                              \
	{ .name = "quota-bytes", .argument = "N", .help = "Bytes that the user may store" },       \
	{                                                                                          \
		.name = "quota-files", .argument = "N", .help = "Files that the user may store"    \
	}
/* Each of enum limit (ftp/user_limits.h). */
#define LIMIT_OPTION(name_, help_)                                                                 \
	{                                                                                          \
		.name = (name_), .argument = "N", .help = help_                                    \
	}
#define LIMIT_OPTIONS                                                                              \
	LIMIT_OPTION("session-upload-rate", "Bytes a second that each session may upload"),        \
		LIMIT_OPTION("session-download-rate",                                              \
			     "Bytes a second that each session may download"),                     \
		LIMIT_OPTION("user-upload-rate",                                                   \
			     "Bytes a second that all its sessions may upload"),                   \
		LIMIT_OPTION("user-download-rate",                                                 \
			     "Bytes a second that all its sessions may download"),                 \
		LIMIT_OPTION("user-sessions", "Sessions that it may have at the same time"),       \
		LIMIT_OPTION("upload-size", "Bytes that a file may have after an upload"),         \
		LIMIT_OPTION("min-rate", "Bytes a second below which a transfer is ended")
#define STDIN_HELP "Read the password as one line from standard input"

#define ACCESS_OPTIONS                                                                             \
	{ .name = "allow",                                                                         \
	  .argument = "NETWORKS",                                                                  \
	  .help = "Log in from these only: 203.0.113.0/24,2001:db8::7; '' is from anywhere" },     \
		{ .name = "expires",                                                               \
		  .argument = "TIME",                                                              \
		  .help = "No login from then on: 2026-12-31, 2026-12-31T18:00:00Z, never" },      \
	{                                                                                          \
		.name = "require-tls", .argument = "yes|no",                                       \
		.help = "Refuse plain FTP for this user, even where the server serves it"          \
	}

static const struct option_row show_options[] = {
	{ .name = "all", .help = "Explain each setting: help, allowed values, default" },
	END_OF_OPTIONS,
};

static const struct option_row user_add_options[] = {
	{ .name = "home", .argument = "DIR", .help = HOME_HELP },
	{ .name = "group", .argument = "NAME", .help = GROUP_HELP },
	RIGHTS_OPTIONS,
	QUOTA_OPTIONS,
	UPLOADS_OPTION,
	LIMIT_OPTIONS,
	ACCESS_OPTIONS,
	{ .name = "disabled", .help = "Create the user without letting it log in" },
	{ .name = "password-stdin", .help = STDIN_HELP },
	REFUSE_PASSWORD,
	END_OF_OPTIONS,
};

static const struct option_row user_set_options[] = {
	{ .name = "home", .argument = "DIR", .help = HOME_HELP },
	{ .name = "group", .argument = "NAME", .help = GROUP_HELP },
	RIGHTS_OPTIONS,
	QUOTA_OPTIONS,
	UPLOADS_OPTION,
	LIMIT_OPTIONS,
	ACCESS_OPTIONS,
	REFUSE_PASSWORD,
	END_OF_OPTIONS,
};

static const struct option_row group_options[] = {
	RIGHTS_OPTIONS,
	{ .name = "quota-bytes",
	  .argument = "N",
	  .help = "Bytes that all members together may store" },
	{ .name = "quota-files",
	  .argument = "N",
	  .help = "Files that all members together may store" },
	{ .name = "member-quota-bytes",
	  .argument = "N",
	  .help = "Bytes that each member may store that has no quota of its own" },
	{ .name = "member-quota-files",
	  .argument = "N",
	  .help = "Files that each member may store that has no quota of its own" },
	UPLOADS_OPTION,
	LIMIT_OPTIONS,
	END_OF_OPTIONS,
};

static const struct option_row user_import_options[] = {
	{ .name = "dry-run", .help = "Say what would happen, and change nothing" },
	END_OF_OPTIONS,
};

static const struct option_row user_export_options[] = {
	{ .name = "format", .argument = "FORMAT", .help = "csv, which is the default, or json" },
	{ .name = "hashes", .help = "With the hashes of the passwords: keep the file secret" },
	END_OF_OPTIONS,
};

static const struct option_row user_list_options[] = {
	{ .name = "search", .argument = "TEXT", .help = "Only names and homes with this in them" },
	{ .name = "group", .argument = "NAME", .help = "Only members of this group" },
	{ .name = "enabled", .help = "Only those that may log in" },
	{ .name = "disabled", .help = "Only those that may not" },
	END_OF_OPTIONS,
};

static const struct option_row user_connection_options[] = {
	{ .name = "format",
	  .argument = "FORMAT",
	  .help = "text (the default), filezilla, winscp, lftp, curl, rclone or json" },
	END_OF_OPTIONS,
};

static const struct option_row user_passwd_options[] = {
	{ .name = "password-stdin", .help = STDIN_HELP },
	REFUSE_PASSWORD,
	END_OF_OPTIONS,
};

static const struct option_row session_kick_options[] = {
	{ .name = "reason", .argument = "TEXT", .help = "What the client is told with the 421" },
	END_OF_OPTIONS,
};

#define PASSWORD_STDIN_ROW                                                                         \
	{                                                                                          \
		.name = "password-stdin", .help = "Read the password from standard input"          \
	}

static const struct option_row admin_add_options[] = {
	{ .name = "role",
	  .argument = "ROLE",
	  .help = "read-only (the default), operator or owner" },
	PASSWORD_STDIN_ROW,
	{ NULL },
};
static const struct option_row admin_change_options[] = {
	{ .name = "role", .argument = "ROLE", .help = "read-only, operator or owner" },
	{ .name = "enable", .help = "Let them log in" },
	{ .name = "disable", .help = "Keep them out; their sessions end" },
	{ .name = "no-codes", .help = "Ask for no codes of an authenticator any more" },
	{ NULL },
};
static const struct option_row admin_password_options[] = {
	PASSWORD_STDIN_ROW,
	{ NULL },
};
static const struct option_row key_add_options[] = {
	{ .name = "scope", .argument = "SCOPE", .help = "read (the default), operate or own" },
	{ .name = "expires", .argument = "TIME", .help = "Such as 2027-01-01T00:00:00Z" },
	{ NULL },
};
static const struct option_row audit_options[] = {
	{ .name = "who", .argument = "NAME", .help = "Only what this one did" },
	{ .name = "what",
	  .argument = "ACTION",
	  .help = "An action, or the beginning of some: user" },
	{ .name = "search", .argument = "TEXT", .help = "In names, and in what was changed" },
	{ .name = "since", .argument = "TIME", .help = "Such as 2026-11-20T11:17:40Z" },
	{ .name = "until", .argument = "TIME", .help = "Before this time" },
	{ .name = "limit", .argument = "N", .help = "At most so many, 1 to 1000; default: 100" },
	{ .name = "after", .argument = "NEXT", .help = "\"next\" of the page before" },
	{ NULL },
};

static const struct option_row ban_add_options[] = {
	{ .name = "reason", .argument = "TEXT", .help = "Why, for the other administrators" },
	{ .name = "minutes", .argument = "N", .help = "How long; without it until it is lifted" },
	END_OF_OPTIONS,
};

static const struct option_row quota_recount_options[] = {
	{ .name = "group", .argument = "NAME", .help = "Count the homes of this group's members" },
	END_OF_OPTIONS
};

static const struct option_row storage_check_options[] = {
	{ .name = "clean", .help = "Remove what is older than partial_max_age" },
	END_OF_OPTIONS,
};

static const struct option_row transfer_list_options[] = {
	{ .name = "user", .argument = "NAME", .help = "Only what this user did" },
	{ .name = "path",
	  .argument = "PATH",
	  .help = "Only what was done to this path, as the user sees it, or beneath it" },
	{ .name = "kind",
	  .argument = "KIND",
	  .help = "Only this: upload, download, delete, rename, mkdir, rmdir or copy" },
	{ .name = "result", .argument = "RESULT", .help = "Only what is complete, or what failed" },
	{ .name = "state",
	  .argument = "STATE",
	  .help = "Only transfers that ended so: proven, likely, truncated or broken" },
	{ .name = "address", .argument = "ADDRESS", .help = "Only from this address" },
	{ .name = "since",
	  .argument = "TIME",
	  .help = "Only what ended since then: 2026-11-20T11:17:40Z, or 90s, 30m, 2h, 7d ago" },
	{ .name = "until", .argument = "TIME", .help = "Only what ended until then, likewise" },
	{ .name = "limit",
	  .argument = "N",
	  .help = "At most so many, the newest; 100 if not given" },
	END_OF_OPTIONS,
};

#define EVENT_OPTIONS                                                                               \
	{ .name = "kind",                                                                           \
	  .argument = "KIND",                                                                       \
	  .help = "Only this: login, login-failed, logout, upload, download, delete, data-failed, " \
		  "kick, change, server ..." },                                                     \
		{ .name = "user", .argument = "NAME", .help = "Only of this user" },                \
		{ .name = "address", .argument = "ADDRESS", .help = "Only from this address" },     \
		{ .name = "severity",                                                               \
		  .argument = "SEVERITY",                                                           \
		  .help = "Only these: note, warning or problem" },                                 \
		{ .name = "session", .argument = "ID", .help = "Only of this session" },            \
		{ .name = "search",                                                                 \
		  .argument = "TEXT",                                                               \
		  .help = "Only where this stands in the text, user, address or path" },            \
		{ .name = "since",                                                                  \
		  .argument = "TIME",                                                               \
		  .help = "Only since then: 2026-11-20T11:17:40Z, or 90s, 30m, 2h, 7d ago" },       \
	{                                                                                           \
		.name = "until", .argument = "TIME", .help = "Only until then, likewise"            \
	}

static const struct option_row event_list_options[] = {
	EVENT_OPTIONS,
	{ .name = "follow",
	  .help = "Go on with what happens from now on, oldest first, until Ctrl-C; with --json "
		  "an object a line" },
	{ .name = "limit",
	  .argument = "N",
	  .help = "At most so many, the newest; 100 if not given" },
	END_OF_OPTIONS,
};

static const struct option_row event_export_options[] = {
	EVENT_OPTIONS,
	{ .name = "format", .argument = "FORMAT", .help = "csv, which is the default, or json" },
	END_OF_OPTIONS,
};

static const struct option_row firewall_options[] = {
	{ .name = "rules",
	  .argument = "FORMAT",
	  .help = "Rules to paste: nftables, iptables, ufw, firewalld, windows, aws, azure, gcp, "
		  "paloalto or cisco" },
	{ .name = "side",
	  .argument = "SIDE",
	  .help = "Whose firewall: server (what --rules shows) or client (letter and check)" },
	{ .name = "letter", .help = "A letter to the administrator of that side's firewall" },
	{ .name = "check",
	  .argument = "FILE",
	  .help = "Name what is missing in these rules or this list of ports; - is standard "
		  "input" },
	{ .name = "address",
	  .argument = "ADDRESS",
	  .help = "An address, network or name of the server, instead of those found; may be "
		  "repeated" },
	{ .name = "client",
	  .argument = "NETWORK",
	  .help = "Let in clients of this address or network only; may be repeated" },
	{ .name = "active", .help = "Clients use active mode" },
	{ .name = "export",
	  .argument = "FORMAT",
	  .help = "The settings of a client: filezilla, winscp, lftp, curl, rclone or json" },
	{ .name = "user", .argument = "NAME", .help = "The user in what --export prints" },
	END_OF_OPTIONS,
};

static const struct option_row simulate_options[] = {
	{ .name = "list", .help = "List the causes that can be simulated" },
	{ .name = "listen",
	  .argument = "[ADDRESS:]PORT",
	  .help = "Where clients connect (127.0.0.1 and a free port)" },
	{ .name = "server", .argument = "HOST:PORT", .help = "The server behind the wall" },
	{ .name = "implicit", .help = "The server's port expects TLS from the first byte" },
	{ .name = "passive-ports",
	  .argument = "FIRST-LAST",
	  .help = "The server's passive ports: listen on the same ones, so that TLS passes "
		  "untouched" },
	{ .name = "open", .argument = "FIRST-LAST", .help = "Which of them pass (D-23)" },
	{ .name = "source",
	  .argument = "ADDRESS",
	  .help = "Where data connections to the server come from (D-31)" },
	{ .name = "intercept", .help = "Take TLS apart, so that its dialogue can be read" },
	{ .name = "ca-out",
	  .argument = "FILE",
	  .help = "Write the certificate of the intercepting authority, for clients to trust" },
	{ .name = "seconds",
	  .argument = "N",
	  .help = "After how long it happens, instead of the "
		  "cause's own" },
	{ .name = "size", .argument = "BYTES", .help = "After how many bytes of a transfer" },
	{ .name = "limit", .argument = "N", .help = "After how many data connections" },
	{ .name = "rate", .argument = "BYTES", .help = "Bytes a second (D-81)" },
	END_OF_OPTIONS,
};

static const struct option_row doctor_options[] = {
	{ .name = "user", .argument = "NAME", .letter = 'u', .help = "Log in as this user" },
	{ .name = "password-file",
	  .argument = "FILE",
	  .help = "Read the password from the first line of FILE, - for standard input (else "
		  "$SALLYPORT_PASSWORD, else .netrc, else a prompt)" },
	{ .name = "port",
	  .argument = "PORT",
	  .letter = 'p',
	  .help = "Examine this port only (else 21, 990, 3021 and 3990)" },
	{ .name = "tls",
	  .argument = "MODE",
	  .help = "How the client encrypts: auto, explicit, implicit or none" },
	{ .name = "ca",
	  .argument = "FILE",
	  .help = "Trust the authorities in FILE (PEM) instead of the system's" },
	{ .name = "insecure",
	  .help = "Go on with a certificate that is not trusted, and report it" },
	{ .name = "allow-plain", .help = "Permit the password to go out in clear" },
	{ .name = "no-login", .help = "End before the login" },
	{ .name = "read-only", .help = "Store nothing on the server" },
	{ .name = "size",
	  .argument = "BYTES",
	  .help = "Size of the larger file, as 64K or 4M (4M); 0 for none" },
	{ .name = "passive-range",
	  .argument = "A-B",
	  .help = "The passive ports that the server's administrator promised" },
	{ .name = "idle", .help = "Measure idle timeouts and keepalive, which takes minutes" },
	{ .name = "parallel",
	  .argument = "N",
	  .help = "Try so many transfers at the same time, 2 to 8, each with a login of its own" },
	{ .name = "quick", .help = "Wait less: 4 s and one try" },
	{ .name = "timeout",
	  .argument = "SECONDS",
	  .help = "Wait so long for a command port to answer (60)" },
	{ .name = "retries", .argument = "N", .help = "Try so often (3)" },
	{ .name = "interval", .argument = "SECONDS", .help = "Pause between tries (10)" },
	{ .name = "follow",
	  .help = "Connect also to other hosts that a reply of the server names" },
	{ .name = "rules",
	  .argument = "FORMAT",
	  .help = "Say what the firewall in the way must allow, to paste: nftables, iptables, ufw, "
		  "firewalld, windows, aws, azure, gcp, paloalto or cisco" },
	{ .name = "export",
	  .argument = "FORMAT",
	  .help = "Say the settings that work: filezilla, winscp, lftp, curl, rclone or json" },
	{ .name = "report",
	  .argument = "FILE",
	  .help = "Write a report to send to the other side, without secrets: .html or .md" },
	{ .name = "password",
	  .argument = "PASSWORD",
	  .refusal = "a password is never an argument, since every user of the machine could read "
		     "it there; answer the prompt, or use --password-file" },
	END_OF_OPTIONS,
};

static const struct option_row guest_options[] = {
	{ .name = "user", .argument = "NAME", .help = "Show the settings of this user" },
	{ .name = "minutes", .argument = "N", .help = "Good for so long (default: 1440, a day)" },
	END_OF_OPTIONS,
};

static const struct option_row server_check_options[] = {
	{ .name = "port", .argument = "PORT", .help = "Of the control connection" },
	{ .name = "tls",
	  .argument = "MODE",
	  .help = "How the client encrypts: auto, explicit, implicit or none" },
	{ .name = "user", .argument = "NAME", .help = "Log in as this user, and transfer a file" },
	{ .name = "password-stdin", .help = "Read the password, one line, from standard input" },
	REFUSE_PASSWORD,
	{ .name = "quick", .help = "Wait a few seconds only where nothing answers" },
	{ .name = "read-only", .help = "Write nothing on the server" },
	{ .name = "insecure", .help = "Send the password whatever the certificate is" },
	{ .name = "allow-plain", .help = "Send the password without TLS where there is none" },
	END_OF_OPTIONS,
};

static const struct option_row server_check_report_options[] = {
	{ .name = "format", .argument = "FORMAT", .help = "md, which is the default, or html" },
	END_OF_OPTIONS,
};

#define CERT_HOST_OPTION                                                                           \
	{                                                                                          \
		.name = "host", .argument = "NAME",                                                \
		.help = "Another host than the default one: a [host NAME] of the configuration"    \
	}

static const struct option_row cert_options[] = { CERT_HOST_OPTION, END_OF_OPTIONS };
static const struct option_row cert_install_options[] = {
	CERT_HOST_OPTION,
	{ .name = "force", .help = "Take it though clients may refuse it" },
	END_OF_OPTIONS,
};
static const struct option_row cert_self_signed_options[] = {
	CERT_HOST_OPTION,
	{ .name = "days", .argument = "N", .help = "Valid for so long, 1 to 825 (default: 90)" },
	END_OF_OPTIONS,
};

#endif
