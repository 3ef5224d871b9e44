/* manager/connect_sheet.h - what a client needs to connect to this server, and what firewalls must
 * let through: for the API's firewall, user and guest resources.
 * Threads: any. connect_sheet_needs may ask an examiner, which takes a moment. */
#ifndef MANAGER_CONNECT_SHEET_H
#define MANAGER_CONNECT_SHEET_H

#include "guide/client_settings.h"
#include "guide/firewall_needs.h"
#include "manager/api_request.h"

#define CONNECT_SHEET_SIZE (16 * 1024)

/* From the settings; addresses that those do not tell, from the name and this machine. */
void connect_sheet_needs(const struct api_context *context, struct firewall_needs *ret);

/* The name or address that clients use; empty when none is known. */
void connect_sheet_host(const struct firewall_needs *needs, char ret[static HOST_NAME_SIZE]);

/* The settings of a client; user empty: it asks. 0; -ENOENT: no host is known; -EOPNOTSUPP;
 * -EINVAL: the name of the user cannot be written in this form. */
int connect_sheet_settings(const struct api_context *context, const struct firewall_needs *needs,
			   const char *user, enum client_export export, struct buf *out) MUST_CHECK;
/* The same in words, as a mail to send. */
void connect_sheet_mail(const struct api_context *context, const struct firewall_needs *needs,
			const char *user, struct buf *out);

/* {"name", "host", "ports": {"explicit": [..], "implicit": [..], "plain": [..]}, "passive",
 * "user"}: where clients connect to. */
json_t *connect_sheet_json(const struct api_context *context, const struct firewall_needs *needs,
			   const char *user) MUST_CHECK;

#endif
