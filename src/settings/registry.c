/* settings/registry.c - every setting of the server, one row each.
 * A row whose default is empty may be set to nothing; every other one needs a value. FIELD()
 * refuses to compile when the C type of the field is not the one that the kind of value writes. */
#include "settings/registry.h"

#include <assert.h>

#include "settings/suggest.h"
#include "settings/web_listen.h"

/* 0, or a compile error (an array of -1) when the member is of another type. */
#define FIELD_CHECK(owner, c_type, member)                                                         \
	(0 * sizeof(char[__builtin_types_compatible_p(c_type, __typeof__(((owner *)0)->member))    \
				 ? 1                                                               \
				 : -1]))
#define FIELD_OF(owner, c_type, member)                                                            \
	.offset = offsetof(owner, member) + FIELD_CHECK(owner, c_type, member),                    \
	.size = sizeof(((owner *)0)->member)
#define FIELD(c_type, member) FIELD_OF(struct settings, c_type, member)

#define INFO(section_, name_, default_, unit_, allowed_, change_, help_)                           \
	.info = { .section = (section_),                                                           \
		  .name = (name_),                                                                 \
		  .help = (help_),                                                                 \
		  .unit = (unit_),                                                                 \
		  .allowed = (allowed_),                                                           \
		  .default_text = (default_),                                                      \
		  .change = (change_) }

#define SWITCH(section, name, member, default_, change, help)                                      \
	{                                                                                          \
		INFO(section, name, default_, "", "yes or no", change, help), .kind = VALUE_BOOL,  \
									      FIELD(bool, member)  \
	}

#define COUNT(section, name, member, default_, min_, max_, change, help)                           \
	{                                                                                          \
		INFO(section, name, default_, "", #min_ " to " #max_, change, help),               \
			.kind = VALUE_UINT, .min = (min_), .max = (max_), FIELD(unsigned, member)  \
	}

#define SECONDS(section, name, member, default_, min_, max_, change, help)                         \
	{                                                                                          \
		INFO(section, name, default_, "s",                                                 \
		     #min_ " to " #max_ " seconds, or as in 90s, 2m, 1h", change, help),           \
			.kind = VALUE_UINT, .min = (min_), .max = (max_), FIELD(unsigned, member)  \
	}

#define MILLISECONDS(section, name, member, default_, min_, max_, change, help)                    \
	{                                                                                          \
		INFO(section, name, default_, "ms",                                                \
		     #min_ " to " #max_ " milliseconds, or as in 500ms, 2s", change, help),        \
			.kind = VALUE_UINT, .min = (min_), .max = (max_), FIELD(unsigned, member)  \
	}

#define BYTES(section, name, member, default_, unit, change, help)                                 \
	{                                                                                          \
		INFO(section, name, default_, unit, "0 and up, or as in 500K, 10M, 2G", change,    \
		     help),                                                                        \
			.kind = VALUE_SIZE, FIELD(uint64_t, member)                                \
	}

#define OCTAL(section, name, member, default_, max_, change, help)                                 \
	{                                                                                          \
		INFO(section, name, default_, "", "octal, 0 to " #max_, change, help),             \
			.kind = VALUE_OCTAL, .max = (max_), FIELD(unsigned, member)                \
	}

#define WORD(section, name, c_type, member, default_, words_, allowed, change, help)               \
	{                                                                                          \
		INFO(section, name, default_, "", allowed, change, help),                          \
			.kind = VALUE_WORD, .words = (words_), FIELD(c_type, member)               \
	}

#define STRING(kind_, section, name, member, default_, allowed, change, help)                      \
	{                                                                                          \
		INFO(section, name, default_, "", allowed, change, help), .kind = (kind_),         \
									  FIELD(char[], member)    \
	}

#define HOST(kind_, name, member, allowed, help)                                                   \
	{                                                                                          \
		INFO("host NAME", name, "", "", allowed, RELOAD, help),                            \
			.kind = (kind_), FIELD_OF(struct host_settings, char[], member)            \
	}

#define PORTS(section, name, member, default_, change, help)                                       \
	{                                                                                          \
		INFO(section, name, default_, "", "ports, comma separated, or none", change,       \
		     help),                                                                        \
			.kind = VALUE_PORTS, FIELD(struct port_list, member)                       \
	}

#define PORT_RANGE(section, name, member, default_, change, help)                                  \
	{                                                                                          \
		INFO(section, name, default_, "", "FIRST-LAST or a single port, 1 to 65535",       \
		     change, help),                                                                \
			.kind = VALUE_PORT_RANGE, FIELD(struct port_range, member)                 \
	}

#define RELOAD CHANGE_RELOAD
#define RESTART CHANGE_RESTART

#define NETWORKS_ALLOWED "networks such as 10.0.0.0/8 or 2001:db8::/32, comma separated, or empty"
#define EXTERNAL_ALLOWED                                                                           \
	"an address, a name, or NETWORK=ADDRESS, NETWORK=NAME, NETWORK=local; comma separated, "   \
	"or empty"

#define CHARSET_ALLOWED                                                                            \
	"UTF-8, or a character set with ASCII in it as `iconv --list` names it, such as "          \
	"ISO-8859-1, WINDOWS-1252, SHIFT_JIS"

static const char *const log_level_words[] = { "error", "warning", "info", "debug", NULL };
static const char *const sandbox_words[] = { "off", "prefer", "require", NULL };
static const char *const web_tls_words[] = { "auto", "yes", "no", NULL };
static const char *const tls_minimum_words[] = { "1.2", "1.3", NULL };
static const char *const uploads_words[] = { "direct", "atomic", NULL };
static const char *const durability_words[] = { "none", "fsync", NULL };
static const char *const session_reuse_words[] = { "off", "prefer", "require", NULL };

/* VALUE_WORD writes an unsigned into these fields. */
static_assert(sizeof(enum sandbox_mode) == sizeof(unsigned), "enum of another size");
static_assert(sizeof(enum web_tls) == sizeof(unsigned), "enum of another size");
static_assert(sizeof(enum tls_minimum) == sizeof(unsigned), "enum of another size");
static_assert(sizeof(enum uploads_mode) == sizeof(unsigned), "enum of another size");
static_assert(sizeof(enum durability) == sizeof(unsigned), "enum of another size");
static_assert(sizeof(enum session_reuse) == sizeof(unsigned), "enum of another size");

static const struct setting rows[] = {
	/* [server] */
	STRING(VALUE_TEXT, "server", "user", user, "sallyport", "name of a system user", RESTART,
	       "The system user that the server becomes when root starts it."),
	STRING(VALUE_TEXT, "server", "server_name", server_name, "", "host name, or empty", RELOAD,
	       "The fully qualified name that clients use; empty: the host's own name."),
	STRING(VALUE_LISTEN, "server", "listen", listen, "*",
	       "* for all, or up to 8 IPv4 and IPv6 addresses, comma separated", RELOAD,
	       "The addresses that the FTP ports and the passive ports are opened on."),
	STRING(VALUE_PATH, "server", "data_root", data_root, "/var/lib/sallyport/files",
	       "absolute path", RESTART,
	       "The directory beneath which the homes of the users lie; no symbolic link below "
	       "it is followed to a home."),
	STRING(VALUE_TEXT, "server", "extra_data_roots", extra_data_roots, "",
	       "absolute paths, comma separated, or empty", RELOAD,
	       "Directories besides the data roots that absolute homes may lie in; the sandbox keeps "
	       "the workers out of all others."),
	WORD("server", "sandbox", enum sandbox_mode, sandbox, "prefer", sandbox_words,
	     "off, prefer or require", RELOAD,
	     "Let the kernel (Landlock, seccomp) hold the processes to what they need; prefer goes on "
	     "without what the kernel lacks, require does not start then."),
	STRING(VALUE_PATH, "server", "state_directory", state_directory, "/var/lib/sallyport",
	       "absolute path", RESTART, "The directory of the accounts database."),
	STRING(VALUE_PATH, "server", "run_directory", run_directory, "/run/sallyport",
	       "absolute path", RESTART, "The directory of the manager's socket and the pid file."),
	STRING(VALUE_PATH, "server", "log_file", log_file, "", "absolute path, or empty", RELOAD,
	       "The file that log lines are appended to; empty: standard error."),
	WORD("server", "log_level", unsigned, log_level, "info", log_level_words,
	     "error, warning, info or debug", RELOAD,
	     "The most detailed kind of line that is logged."),
	COUNT("server", "workers", workers, "0", 0, 32, RELOAD,
	      "How many worker processes serve sessions; 0: one per CPU."),
	COUNT("server", "max_threads", max_threads, "1024", 4, 16384, RELOAD,
	      "How many commands and transfers one worker runs at the same time; when there are as "
	      "many, stalled ones too, all other sessions of the worker wait until one ends."),
	COUNT("server", "max_sessions", max_sessions, "20000", 1, 1000000, RESTART,
	      "How many sessions may be connected at the same time, over all workers."),
	SECONDS("server", "shutdown_grace", shutdown_grace_s, "5", 0, 600, RELOAD,
		"How long sessions have to end once the server is told to stop."),
	STRING(VALUE_PATH, "server", "xferlog", xferlog, "", "absolute path, or empty", RELOAD,
	       "A file that gets a line for each transfer in the format of wu-ftpd's xferlog; a reload "
	       "opens it again. Empty: none."),
	SECONDS("server", "keep_transfers", keep_transfers_s, "7776000", 0, 3153600000, RELOAD,
		"How long the accounts database keeps the record of a transfer or change; 0: there "
		"are no records."),

	/* [ftp] */
	PORTS("ftp", "explicit_ports", explicit_ports, "21, 3021", RELOAD,
	      "Ports for FTP with explicit TLS (AUTH TLS)."),
	PORTS("ftp", "implicit_ports", implicit_ports, "990, 3990", RELOAD,
	      "Ports for FTP with implicit TLS (TLS from the first byte)."),
	SWITCH("ftp", "plain_ftp", plain_ftp, "no", RELOAD,
	       "Let clients log in without TLS, so that passwords and files travel readable."),
	STRING(VALUE_TEXT, "ftp", "banner", banner, "", "one line of text, or empty", RELOAD,
	       "The greeting of the 220 reply; empty: the server's name and that it is ready."),
	SWITCH("ftp", "passive", passive, "yes", RELOAD,
	       "Offer passive mode (PASV and EPSV): the client opens the data connections."),
	SWITCH("ftp", "site_doctor", site_doctor, "yes", RELOAD,
	       "Tell logged-in users this end's view of their connections (SITE DOCTOR), for "
	       "`sallyport doctor`."),
	SWITCH("ftp", "active", active, "yes", RELOAD,
	       "Offer active mode (PORT and EPRT): the server opens the data connections."),
	PORT_RANGE("ftp", "passive_ports", passive_ports, "40000-50000", RELOAD,
		   "The ports that passive data connections arrive at; never one outside of them. "
		   "Clients share ports, so that a short range or a single port is enough."),
	STRING(VALUE_EXTERNAL, "ftp", "external_ip", external_ip, "", EXTERNAL_ALLOWED, RELOAD,
	       "The IPv4 address announced in PASV replies, for servers behind NAT; the first rule "
	       "that fits the client wins. Empty: the address that the client connected to."),
	STRING(VALUE_NETWORKS, "ftp", "passive_data_from", passive_data_from, "", NETWORKS_ALLOWED,
	       RELOAD,
	       "Networks that passive data connections may come from, besides the address of the "
	       "client's control connection."),
	STRING(VALUE_NETWORKS, "ftp", "active_data_to", active_data_to, "", NETWORKS_ALLOWED,
	       RELOAD,
	       "Networks that PORT and EPRT may point to, besides the address of the client's "
	       "control connection."),
	COUNT("ftp", "active_min_port", active_min_port, "1024", 1, 65535, RELOAD,
	      "PORT and EPRT to a lower port are refused."),
	COUNT("ftp", "active_source_port", active_source_port, "0", 0, 65535, RELOAD,
	      "The port that data connections of active mode come from, as firewalls may want 20; 0: any."),
	SECONDS("ftp", "idle_timeout", idle_timeout_s, "120", 1, 86400, RELOAD,
		"Close a session after this long without a command; never during a transfer."),
	SECONDS("ftp", "login_timeout", login_timeout_s, "60", 1, 86400, RELOAD,
		"Close a connection that has not logged in after this long."),
	SECONDS("ftp", "data_timeout", data_timeout_s, "30", 1, 600, RELOAD,
		"How long a transfer waits for its data connection to open."),
	SECONDS("ftp", "stall_timeout", stall_timeout_s, "300", 1, 86400, RELOAD,
		"End a transfer over whose data connection no byte has moved for this long."),
	SECONDS("ftp", "handshake_timeout", handshake_timeout_s, "30", 1, 600, RELOAD,
		"How long a TLS handshake may take."),
	MILLISECONDS(
		"ftp", "passive_wait", passive_wait_ms, "30000", 0, 60000, RELOAD,
		"How long PASV waits for a port while the client's address holds all of them."),
	COUNT("ftp", "max_login_attempts", max_login_attempts, "3", 1, 100, RELOAD,
	      "Close a connection after this many failed logins."),
	MILLISECONDS("ftp", "failed_login_delay", failed_login_delay_ms, "1000", 0, 60000, RELOAD,
		     "A failed login is answered no sooner than this."),
	OCTAL("ftp", "umask", umask, "027", 0777, RELOAD,
	      "Permission bits that new files and directories do not get."),
	SWITCH("ftp", "local_times", local_times, "no", RELOAD,
	       "LIST shows times in the server's time zone instead of UTC."),
	COUNT("ftp", "deflate_level", deflate_level, "1", 0, 9, RELOAD,
	      "How hard MODE Z compresses unless the client says otherwise; 0: it is not served."),
	SWITCH("ftp", "hash_uploads", hash_uploads, "no", RELOAD,
	       "Compute the SHA-256 of files while they are uploaded, for the records of transfers: "
	       "of whole files in TYPE I, not of those that are resumed."),
	SWITCH("ftp", "hash_downloads", hash_downloads, "no", RELOAD,
	       "The same of files while they are downloaded; the kernel can then not send them by "
	       "itself, which takes more processor time."),
	STRING(VALUE_CHARSET, "ftp", "charset", charset, "UTF-8", CHARSET_ALLOWED, RELOAD,
	       "The character set of clients that do not speak UTF-8: names that arrive in it become "
	       "UTF-8 on disk, and go out in it until the client sends OPTS UTF8 ON."),
	WORD("ftp", "uploads", enum uploads_mode, uploads, "direct", uploads_words,
	     "direct or atomic", RELOAD,
	     "When a new file appears. atomic: once it is whole; direct: it grows under its own name. "
	     "Existing files are replaced at once in both, when the new content is whole."),
	WORD("ftp", "durability", enum durability, durability, "none", durability_words,
	     "none or fsync", RELOAD,
	     "What 226 means for an upload. fsync: the file and its directory entry are on disk."),
	SECONDS("ftp", "partial_max_age", partial_max_age_s, "604800", 1, 31536000, RELOAD,
		"How long the bytes of a broken upload are kept for REST and APPE."),

	/* [limits] */
	BYTES("limits", "session_upload_rate", session_upload_rate, "0", "B/s", RELOAD,
	      "How many bytes a second each session may upload; 0: no limit."),
	BYTES("limits", "session_download_rate", session_download_rate, "0", "B/s", RELOAD,
	      "How many bytes a second each session may download; 0: no limit."),
	BYTES("limits", "user_upload_rate", user_upload_rate, "0", "B/s", RELOAD,
	      "How many bytes a second all sessions of a user may upload together; 0: no limit."),
	BYTES("limits", "user_download_rate", user_download_rate, "0", "B/s", RELOAD,
	      "How many bytes a second all sessions of a user may download together; 0: no limit."),
	BYTES("limits", "total_upload_rate", total_upload_rate, "0", "B/s", RELOAD,
	      "How many bytes a second all users may upload together; 0: no limit."),
	BYTES("limits", "total_download_rate", total_download_rate, "0", "B/s", RELOAD,
	      "How many bytes a second all users may download together; 0: no limit."),
	COUNT("limits", "user_sessions", user_sessions, "0", 0, 1000000, RELOAD,
	      "How many sessions a user may have at the same time; 0: no limit."),
	COUNT("limits", "address_sessions", address_sessions, "0", 0, 1000000, RELOAD,
	      "How many sessions may come from one address at the same time; 0: no limit."),
	COUNT("limits", "ban_failures", ban_failures, "20", 0, 1000, RELOAD,
	      "After how many failed logins within ban_window an address is banned for ban_time; the "
	      "same wrong password counts once, a login that works starts anew. 0: never."),
	SECONDS("limits", "ban_window", ban_window_s, "600", 1, 86400, RELOAD,
		"The time within which failed logins are counted for ban_failures."),
	SECONDS("limits", "ban_time", ban_time_s, "900", 1, 31536000, RELOAD,
		"How long an address is banned for its failed logins."),
	STRING(VALUE_NETWORKS, "limits", "never_ban", never_ban, "127.0.0.0/8, ::1",
	       NETWORKS_ALLOWED, RELOAD,
	       "Networks that are never banned for failed logins, such as the office behind one "
	       "address."),
	BYTES("limits", "upload_size", upload_size, "0", "B", RELOAD,
	      "How large a file may become by an upload; 0: no limit."),
	BYTES("limits", "min_rate", min_rate, "0", "B/s", RELOAD,
	      "Transfers that move fewer bytes a second than this over min_rate_time are ended; time "
	      "in which a bandwidth limit held them back does not count. 0: no limit."),
	SECONDS("limits", "min_rate_time", min_rate_time_s, "30", 1, 3600, RELOAD,
		"Over how long the speed of a transfer is measured for min_rate."),

	/* [tls] */
	STRING(VALUE_PATH, "tls", "certificate", certificate, "", "absolute path, or empty", RELOAD,
	       "The PEM file with the server's certificate first, then the intermediates."),
	STRING(VALUE_PATH, "tls", "private_key", private_key, "", "absolute path, or empty", RELOAD,
	       "The PEM file with the private key; empty: it is in the certificate's file."),
	WORD("tls", "tls_minimum", enum tls_minimum, tls_minimum, "1.2", tls_minimum_words,
	     "1.2 or 1.3", RELOAD, "The lowest TLS version that is accepted."),
	STRING(VALUE_TEXT, "tls", "tls_ciphers", tls_ciphers, "", "OpenSSL cipher list, or empty",
	       RELOAD, "Ciphers for TLS 1.2; empty: modern ones with forward secrecy."),
	STRING(VALUE_TEXT, "tls", "tls_ciphersuites", tls_ciphersuites, "",
	       "OpenSSL cipher suites, or empty", RELOAD,
	       "Cipher suites for TLS 1.3; empty: those of OpenSSL."),
	WORD("tls", "data_session_reuse", enum session_reuse, data_session_reuse, "prefer",
	     session_reuse_words, "off, prefer or require", RELOAD,
	     "Whether a data connection must resume the TLS session of its control connection; "
	     "require shuts out the many clients that cannot."),
	SWITCH("tls", "require_data_tls", require_data_tls, "yes", RELOAD,
	       "Refuse transfers without TLS (PROT C) in sessions that use TLS."),
	SWITCH("tls", "require_close_notify", require_close_notify, "yes", RELOAD,
	       "Answer an upload over TLS that ends without close_notify as cut short; no: tolerate "
	       "old clients that never send it."),
	SWITCH("tls", "clear_command_channel", clear_command_channel, "no", RELOAD,
	       "Serve CCC: a client may end TLS on its control connection after the login, for firewalls "
	       "that must read the commands."),

	/* [accounts] */
	STRING(VALUE_PATH, "accounts", "database", database, "", "absolute path, or empty", RESTART,
	       "The accounts database; empty: accounts.db in the state_directory."),
	SECONDS("accounts", "password_cache", password_cache_s, "60", 0, 3600, RELOAD,
		"How long a verified password is remembered, so that a client that opens many "
		"connections is verified once; 0: never."),
	COUNT("accounts", "verify_threads", verify_threads, "0", 0, 64, RELOAD,
	      "How many passwords are verified at the same time; 0: one per CPU."),

	/* [manager] */
	STRING(VALUE_WEB_LISTEN, "manager", "web_listen", web_listen, WEB_LISTEN_DEFAULT,
	       "addresses with ports such as 127.0.0.1:8021 or [::1]:8021, *:PORT for all addresses; "
	       "comma separated, or empty",
	       RELOAD,
	       "Where the manager's web page and REST API are reached with a browser; empty: nowhere. "
	       "Where the default is taken by another program the server goes on without."),
	WORD("manager", "web_tls", enum web_tls, web_tls, "auto", web_tls_words, "auto, yes or no",
	     RELOAD,
	     "Whether the web page speaks HTTPS, with the certificate of section [tls]; auto: on all "
	     "addresses but those of this machine alone (127.0.0.1, ::1)."),
	STRING(VALUE_PATH, "manager", "web_directory", web_directory, "/usr/share/sallyport/web",
	       "absolute path", RELOAD, "The directory with the files of the web page."),
};

static const struct setting host_rows[] = {
	HOST(VALUE_NAMES, "aliases", aliases, "host names, comma separated, or empty",
	     "Other names of the host, for SNI and HOST."),
	HOST(VALUE_PATH, "certificate", certificate, "absolute path, or empty",
	     "The PEM file with the host's certificate first, then the intermediates; empty: that of "
	     "section [tls]."),
	HOST(VALUE_PATH, "private_key", private_key, "absolute path, or empty",
	     "The PEM file with the private key; empty: it is in the certificate's file."),
	HOST(VALUE_TEXT, "banner", banner, "one line of text, or empty",
	     "The greeting of the host; empty: that of section [ftp]."),
	HOST(VALUE_PATH, "data_root", data_root, "absolute path, or empty",
	     "The directory beneath which the homes of the users lie at this host; empty: that of "
	     "section [server]."),
	HOST(VALUE_CHARSET, "charset", charset, CHARSET_ALLOWED ", or empty",
	     "The character set of the host's clients that do not speak UTF-8; empty: that of section "
	     "[ftp]."),
};

size_t settings_count(void)
{
	return ARRAY_SIZE(rows);
}

const struct setting *registry_row(size_t index)
{
	assert(index < ARRAY_SIZE(rows));
	return &rows[index];
}

const struct setting_info *settings_info(size_t index)
{
	return &registry_row(index)->info;
}

ptrdiff_t settings_find(struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_equal(name, text_of(rows[i].info.name)))
			return (ptrdiff_t)i;
	return -ENOENT;
}

const char *settings_suggest(struct text name)
{
	struct suggestion suggestion = { .typed = name };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		suggestion_offer(&suggestion, rows[i].info.name);
	return suggestion.nearest;
}

size_t host_settings_count(void)
{
	return ARRAY_SIZE(host_rows);
}

const struct setting *registry_host_row(size_t index)
{
	assert(index < ARRAY_SIZE(host_rows));
	return &host_rows[index];
}

const struct setting_info *host_settings_info(size_t index)
{
	return &registry_host_row(index)->info;
}

ptrdiff_t host_settings_find(struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(host_rows); i++)
		if (text_equal(name, text_of(host_rows[i].info.name)))
			return (ptrdiff_t)i;
	return -ENOENT;
}

const char *registry_suggest_host_setting(struct text name)
{
	struct suggestion suggestion = { .typed = name };

	for (size_t i = 0; i < ARRAY_SIZE(host_rows); i++)
		suggestion_offer(&suggestion, host_rows[i].info.name);
	return suggestion.nearest;
}

bool registry_has_section(struct text section)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_equal(section, text_of(rows[i].info.section)))
			return true;
	return false;
}

const char *registry_suggest_section(struct text section)
{
	struct suggestion suggestion = { .typed = section };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		suggestion_offer(&suggestion, rows[i].info.section);
	return suggestion.nearest;
}
