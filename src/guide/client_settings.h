/* guide/client_settings.h - the settings of a client that work with a server, in the form that the
 * client reads. Never with a password, and never with "accept any certificate".
 * Threads: any; pure functions. */
#ifndef GUIDE_CLIENT_SETTINGS_H
#define GUIDE_CLIENT_SETTINGS_H

#include "base/buf.h"

enum client_security { CLIENT_PLAIN, CLIENT_EXPLICIT, CLIENT_IMPLICIT };

enum client_export {
	CLIENT_FILEZILLA, /* XML for File > Import */
	CLIENT_WINSCP,	  /* INI for Tools > Import/Restore configuration */
	CLIENT_LFTP,	  /* a script: lftp -f FILE, or `source FILE` */
	CLIENT_CURL,	  /* curl --config FILE */
	CLIENT_RCLONE,	  /* a section of rclone.conf */
	CLIENT_JSON,
	CLIENT_N_EXPORTS
};

/* All text is borrowed. */
struct client_settings {
	const char *host; /* a name or an address; IPv6 without brackets */
	uint16_t port;
	enum client_security security;
	bool is_active;	     /* else passive, as it should be */
	const char *user;    /* NULL or empty: the client asks */
	const char *ca_file; /* of an authority that the machine does not know; NULL: none */
	unsigned timeout_s, retries, retry_interval_s, keepalive_s;
};

/* Passive mode and the times that suit most networks: 60 s to connect, 3 retries 10 s apart, a sign
 * of life every 100 s. */
void client_settings_init(struct client_settings *settings, const char *host, uint16_t port,
			  enum client_security security);

const char *client_export_name(enum client_export export);
int client_export_find(struct text name, enum client_export *ret) MUST_CHECK;

/* 0; -EOPNOTSUPP: the client cannot do it (rclone and active mode); -EINVAL: a control byte or a
 * quote in the host or the user, which no format should carry. out is untouched then. */
int client_settings_format(const struct client_settings *settings, enum client_export export,
			   struct buf *out) MUST_CHECK;

#endif
