/* manager/user_import.h - many users at once: all of them are checked first, then all are stored,
 * or none. Threads: the one that runs the request. */
#ifndef MANAGER_USER_IMPORT_H
#define MANAGER_USER_IMPORT_H

#include "manager/api_request.h"

/* Passwords that one file may set: each takes tens of milliseconds to hash. */
#define USER_IMPORT_PASSWORDS 1000u
/* Errors that are told of one file. */
#define USER_IMPORT_ERRORS 1000u

struct user_import {
	/* All owned. users: objects as POST /users takes them, or with quota_bytes and quota_files
	 * in the place of quota; lines: a number for each; errors: see user_table_error. */
	json_t *users, *lines, *errors;
	json_int_t created, updated;
};

void user_import_init(struct user_import *import);
void user_import_release(struct user_import *import);

/* What is wrong with the users goes to errors. 0, or the status of a problem that keeps all of them
 * from being checked. */
unsigned user_import_check(struct api_request *request, struct user_import *import);
/* Stores users that have been checked without an error, notes it in the audit trail, and ends the
 * sessions of those who are disabled by it. 0, or the status of a problem. */
unsigned user_import_store(struct api_request *request, struct user_import *import);

#endif
