/* settings/settings.h - every setting of the server, from one registry table.
 *
 * The table in registry.c holds a row per setting: section, name, type, field, default, range,
 * unit, what a change needs (reload or restart), one sentence of help. The INI parser,
 * `sallyport config`, the REST API and the manual page walk that table; nothing else knows the
 * names.
 * Pure code: the text of the file comes in as bytes, errors go out as text.
 * Threads: a struct settings never changes once it is loaded; share it freely. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/charset.h"
#include "net/host_name.h"

#define SETTINGS_PATH_SIZE 512
#define SETTINGS_LIST_SIZE 1024 /* bytes of a comma separated list as written */
#define SETTINGS_MAX_PORTS 16
#define SETTINGS_MAX_LISTEN 8 /* addresses; one message carries a socket for each of them */
#define SETTINGS_MAX_HOSTS 32

enum session_reuse { SESSION_REUSE_OFF, SESSION_REUSE_PREFER, SESSION_REUSE_REQUIRE };
/* Of new files: under their name from the first byte, or once they are whole. */
enum uploads_mode { UPLOADS_DIRECT, UPLOADS_ATOMIC };
/* What 226 means for an upload: the kernel has it, or the disk. */
enum durability { DURABILITY_NONE, DURABILITY_FSYNC };
/* Whether the kernel must hold the children to what they need: see supervisor/sandbox.h. */
enum sandbox_mode { SANDBOX_OFF, SANDBOX_PREFER, SANDBOX_REQUIRE };
/* Whether the manager's page speaks TLS: exactly where others than this machine can come, always,
 * or never. */
enum web_tls { WEB_TLS_AUTO, WEB_TLS_YES, WEB_TLS_NO };
enum tls_minimum { TLS_MINIMUM_1_2, TLS_MINIMUM_1_3 };

struct port_list {
	unsigned n;
	uint16_t ports[SETTINGS_MAX_PORTS];
};

struct port_range {
	uint16_t first, last; /* both inclusive; first <= last */
};

/* [host NAME]: another host that this server is, besides the default one that the settings above
 * describe. What is empty here is as it is there. */
struct host_settings {
	char name[HOST_NAME_SIZE];	  /* as net/host_name.h makes it */
	char aliases[SETTINGS_LIST_SIZE]; /* other names, comma separated */
	char certificate[SETTINGS_PATH_SIZE];
	char private_key[SETTINGS_PATH_SIZE]; /* empty: in the certificate's file, if that is set */
	char banner[256];
	char data_root[SETTINGS_PATH_SIZE];
	char charset[CHARSET_NAME_SIZE];
};

struct settings {
	/* [server] */
	char user[64];			    /* who to become when started as root */
	char server_name[256];		    /* FQDN; empty: the host's own name */
	char listen[SETTINGS_LIST_SIZE];    /* addresses, comma separated; "*" is all, v4 and v6 */
	char data_root[SETTINGS_PATH_SIZE]; /* homes lie beneath it */
	/* Other directories that absolute homes may lie in, comma separated. */
	char extra_data_roots[SETTINGS_LIST_SIZE];
	enum sandbox_mode sandbox;
	char state_directory[SETTINGS_PATH_SIZE]; /* the accounts database */
	char run_directory[SETTINGS_PATH_SIZE];	  /* the manager's socket, the pid file */
	char log_file[SETTINGS_PATH_SIZE];	  /* empty: standard error */
	unsigned log_level;			  /* enum log_level */
	unsigned workers;			  /* 0: one per CPU */
	unsigned max_threads;			  /* per worker */
	unsigned max_sessions;			  /* of all workers */
	unsigned shutdown_grace_s;		  /* SIGTERM: time for sessions to end */
	char xferlog[SETTINGS_PATH_SIZE];	  /* empty: none */
	unsigned keep_transfers_s;		  /* 0: no records */

	/* [ftp] */
	struct port_list explicit_ports;
	struct port_list implicit_ports;
	bool plain_ftp;
	/* Text of the 220 reply; empty: "<server name> Sallyport FTP server ready." */
	char banner[256];
	bool passive;
	bool active;
	struct port_range passive_ports;
	bool site_doctor;
	char external_ip[SETTINGS_LIST_SIZE]; /* see net/external.h for the grammar */
	/* Networks besides the control peer: for PASV and EPSV, for PORT and EPRT. */
	char passive_data_from[SETTINGS_LIST_SIZE];
	char active_data_to[SETTINGS_LIST_SIZE];
	unsigned active_min_port;    /* PORT/EPRT below it are refused */
	unsigned active_source_port; /* that our connections come from; 0: any */
	unsigned idle_timeout_s;
	unsigned login_timeout_s;
	unsigned data_timeout_s;      /* until a data connection is there */
	unsigned stall_timeout_s;     /* a transfer without a byte */
	unsigned handshake_timeout_s; /* TLS */
	/* PASV waits so long when all ports are reserved by its address. */
	unsigned passive_wait_ms;
	unsigned max_login_attempts;
	unsigned failed_login_delay_ms; /* a 530 comes no sooner than this */
	unsigned umask;			/* octal, of new files and directories */
	bool local_times;		/* LIST shows local time; else UTC */
	unsigned deflate_level;		/* of MODE Z; 0: MODE Z is off */
	bool hash_uploads;		/* records of uploads carry a SHA-256 */
	bool hash_downloads;
	char charset[CHARSET_NAME_SIZE]; /* of clients that do not speak UTF-8 */
	enum uploads_mode uploads;
	enum durability durability;
	unsigned partial_max_age_s; /* what broken uploads have left is removed then */

	/* [limits]; 0: no limit. Those with a name in ftp/user_limits.h can be set for a user as
	 * well. */
	uint64_t session_upload_rate, session_download_rate; /* bytes per second */
	uint64_t user_upload_rate, user_download_rate;
	uint64_t total_upload_rate, total_download_rate;
	unsigned user_sessions;
	unsigned address_sessions;
	unsigned ban_failures; /* failed logins of an address until it is banned; 0: never */
	unsigned ban_window_s; /* ... within this time */
	unsigned ban_time_s;
	char never_ban[SETTINGS_LIST_SIZE];
	uint64_t upload_size; /* bytes */
	uint64_t min_rate;    /* bytes per second, over: */
	unsigned min_rate_time_s;

	/* [tls] */
	char certificate[SETTINGS_PATH_SIZE]; /* PEM: leaf first, then intermediates */
	char private_key[SETTINGS_PATH_SIZE]; /* PEM; empty: in the certificate's file */
	enum tls_minimum tls_minimum;
	char tls_ciphers[SETTINGS_LIST_SIZE];	   /* OpenSSL list for TLS 1.2 */
	char tls_ciphersuites[SETTINGS_LIST_SIZE]; /* for TLS 1.3 */
	enum session_reuse data_session_reuse;
	bool require_close_notify;  /* an upload over TLS must end with it */
	bool clear_command_channel; /* CCC is served */
	bool require_data_tls;	    /* refuse PROT C on TLS sessions */

	/* [accounts] */
	char database[SETTINGS_PATH_SIZE]; /* empty: <state_directory>/accounts.db */
	unsigned password_cache_s;	   /* a verified password is remembered so long; 0: never */
	unsigned verify_threads;	   /* 0: one per CPU */

	/* [manager] */
	char web_listen[SETTINGS_LIST_SIZE]; /* see settings/web_listen.h; empty: no page */
	enum web_tls web_tls;
	char web_directory[SETTINGS_PATH_SIZE]; /* the files of the page */

	/* In the order of the file; they live as long as the configuration. */
	const struct host_settings *hosts;
	size_t n_hosts;
};

/* Where a value comes from; later ones win. */
enum settings_origin { ORIGIN_DEFAULT, ORIGIN_DATABASE, ORIGIN_FILE, ORIGIN_COMMAND_LINE };

/* What a change of the value needs. */
enum settings_change { CHANGE_RELOAD, CHANGE_RESTART };

struct settings_error {
	char text[1024]; /* "file:line: what is wrong, what is allowed" */
};

/* A loaded configuration with the origin of each value. */
struct settings_loaded;

/* A value that was edited in the manager, as the accounts database keeps it. */
struct stored_setting {
	const char *name, *value;
};

/* Where everything is read from; all borrowed for the call. */
struct settings_source {
	const char *file_name;
	struct text ini;
	const struct stored_setting *stored;
	size_t n_stored;
	const char *const *overrides; /* "name=value" */
	size_t n_overrides;
};

/* As settings_load, with stored values between the defaults and the file. One that is no good any
 * more stops nothing: it is left out, and settings_problem tells. */
int settings_load_all(const struct settings_source *source, struct settings_loaded **ret,
		      struct settings_error *ret_error) MUST_CHECK;

/* Defaults, then the INI text (file_name is for messages; text may be empty), then overrides
 * ("name=value" each, from the command line). Each value is right for itself afterwards; whether
 * they go together is settings_check(), so that a configuration can be shown before it can be
 * served.
 * 0 and *ret owned by the caller (settings_free); -EINVAL with *ret_error filled (the first error);
 * -ENOMEM. */
int settings_load(const char *file_name, struct text ini, const char *const overrides[],
		  size_t n_overrides, struct settings_loaded **ret,
		  struct settings_error *ret_error) MUST_CHECK;
void settings_free(struct settings_loaded **loaded); /* accepts NULL; leaves NULL */

/* The rules that join several settings: ports that collide, TLS without a certificate ...
 * 0, or -EINVAL with *ret_error filled (the first error): "setting: what is wrong, what is
 * allowed". */
int settings_check(const struct settings *values, struct settings_error *ret_error) MUST_CHECK;
/* The same, and the text starts with the place that set the value: "file:line: setting: ..." */
int settings_check_loaded(const struct settings_loaded *loaded,
			  struct settings_error *ret_error) MUST_CHECK;

/* Borrowed; lives as long as loaded. */
const struct settings *settings_values(const struct settings_loaded *loaded);

#define SETTINGS_DATABASE_PATH_SIZE (SETTINGS_PATH_SIZE + sizeof("/accounts.db"))
/* Where the accounts database lies. */
void settings_database_path(const struct settings *values,
			    char ret[static SETTINGS_DATABASE_PATH_SIZE]);

/* What the default host is called where hosts are named. */
#define SETTINGS_DEFAULT_HOST "default"
#define SETTINGS_CERTIFICATE_PATH_SIZE                                                             \
	(SETTINGS_PATH_SIZE + sizeof("/certificates/.pem") + HOST_NAME_SIZE)
/* Where a certificate that is uploaded for this host lies, or would. */
void settings_certificate_path(const struct settings *values, const char *host,
			       char ret[static SETTINGS_CERTIFICATE_PATH_SIZE]);

/* The host with this name or alias, however it is written: its position in values->hosts; -ENOENT
 * when none has it. */
ptrdiff_t settings_find_host(const struct settings *values, struct text name);

/* --- values that are edited in the manager ---------------------------------------------------- */

/* A stored value that does not count, and why. */
struct settings_problem {
	char name[64];
	char detail[1024];
};
size_t settings_problem_count(const struct settings_loaded *loaded);
/* Borrowed; index is below the count. */
const struct settings_problem *settings_problem(const struct settings_loaded *loaded, size_t index);
/* For who has left a stored value out. 0 or -ENOMEM. */
int settings_note_problem(struct settings_loaded *loaded, const char *name,
			  const char *detail) MUST_CHECK;

/* Whether the manager may store it; the others are for the file and the command line. */
bool settings_is_editable(size_t index);

/* base as the next start would read it, with these stored values instead of its own; the file and
 * the command line stay stronger. settings_check tells whether they go together.
 * 0 and *ret owned by the caller; -EINVAL with the words and the name (one of stored's) of the
 * value that cannot be; -ENOMEM. */
int settings_with_stored(const struct settings_loaded *base, const struct stored_setting *stored,
			 size_t n_stored, struct settings_loaded **ret, const char **ret_name,
			 struct settings_error *ret_error) MUST_CHECK;

/* A running server goes on with this value; what was read stays known as pending.
 * 0; -EINVAL; -ENOMEM. */
int settings_keep(struct settings_loaded *loaded, size_t index, const char *running) MUST_CHECK;
/* What a restart would put in force; NULL when nothing would change. Borrowed. */
const char *settings_pending(const struct settings_loaded *loaded, size_t index);

/* "bool", "uint", "word", "ports" ...; and what is allowed of a word, NULL at the end (NULL: it is
 * no word). Borrowed, static. */
const char *settings_type(size_t index);
const char *const *settings_words(size_t index);

/* One row of the registry, as the command line, the API and the manual page show it. */
struct setting_info {
	const char *section, *name, *help;
	const char *unit;    /* "s", "ms", ... or "" */
	const char *allowed; /* "yes or no", "10 to 86400", "port, port ..." */
	const char *default_text;
	enum settings_change change;
	bool is_secret;
};

size_t settings_count(void);
const struct setting_info *settings_info(size_t index); /* borrowed, static */
/* Index of the setting, or -ENOENT. */
ptrdiff_t settings_find(struct text name);
/* The nearest known name ("did you mean"), or NULL when none is near. Borrowed, static. */
const char *settings_suggest(struct text name);

/* The value as it would be written in the file; ret ends in NUL. -ENOBUFS when it does not fit. */
int settings_format_value(const struct settings *values, size_t index, char *ret,
			  size_t ret_size) MUST_CHECK;
/* As given to settings_load; borrowed, lives as long as loaded. */
const char *settings_file_name(const struct settings_loaded *loaded);
enum settings_origin settings_origin(const struct settings_loaded *loaded, size_t index);
/* Line of the file that set it, or 0. */
unsigned settings_line(const struct settings_loaded *loaded, size_t index);
/* "default", "sallyport.conf:12" or "command line"; ret ends in NUL, a long file name loses its
 * start. */
#define SETTINGS_PLACE_SIZE 256
void settings_format_place(const struct settings_loaded *loaded, size_t index,
			   char ret[static SETTINGS_PLACE_SIZE]);

/* --- the keys of a [host NAME] section: rows of the same registry, with an index of their own - */

size_t host_settings_count(void);
const struct setting_info *host_settings_info(size_t index); /* borrowed, static */
ptrdiff_t host_settings_find(struct text name);		     /* or -ENOENT */
int host_settings_format_value(const struct host_settings *host, size_t index, char *ret,
			       size_t ret_size) MUST_CHECK;
/* Line of the file that set it for the host at this position, or 0: it is as for the default host.
 * Hosts are set in the file only. */
unsigned host_settings_line(const struct settings_loaded *loaded, size_t host, size_t index);
/* Line of the section's name. */
unsigned host_settings_first_line(const struct settings_loaded *loaded, size_t host);
/* "default" or "sallyport.conf:12". */
void host_settings_format_place(const struct settings_loaded *loaded, size_t host, size_t index,
				char ret[static SETTINGS_PLACE_SIZE]);

#endif
