/* manager/api_auth.h - what the handlers of logins, codes and administrators share.
 * Threads: the one that runs the request. */
#ifndef MANAGER_API_AUTH_H
#define MANAGER_API_AUTH_H

#include "accounts/admins.h"
#include "manager/api_request.h"

#define API_ADMIN_PASSWORD_MIN 10

/* Begins a session and answers with it and its cookie. Returns status, or that of a problem. */
unsigned api_auth_begin(struct api_request *request, const struct admin *admin, unsigned status);

/* 0, or the 403 for those who came with a key or through the Unix socket. */
unsigned api_auth_need_session(struct api_request *request);

/* The asker's own password; *ret is the asker, to be wiped. 0, or the status of a problem. */
unsigned api_auth_check_password(struct api_request *request, const char *field,
				 const char *password, struct admin *ret);

/* 0, or the status of a problem with a new password. */
unsigned api_admin_hash(struct api_request *request, const char *field, const char *password,
			char ret[static PASSWORD_HASH_SIZE]);

/* A name for an administrator or a key. 0, or the status of a problem. */
unsigned api_admin_name(struct api_request *request, const char *name,
			char ret[static USER_NAME_MAX + 1]);

/* Makes a one-time link for the first administrator in place of the one before; ret is its URL.
 * 0 or -errno. */
#define API_SETUP_URL_SIZE 512
int api_setup_make_link(const struct api_context *context,
			char ret[static API_SETUP_URL_SIZE]) MUST_CHECK;

/* Where the page is reached through this door: "https://name:8443". */
void api_door_url(const struct api_context *context, const struct manager_door *door,
		  struct buf *out);

#endif
