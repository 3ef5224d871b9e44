/* manager/web_files.h - the files of the web page: read into memory before the manager is confined,
 * served from there. Threads: any; they never change once they are loaded. */
#ifndef MANAGER_WEB_FILES_H
#define MANAGER_WEB_FILES_H

#include "base/text.h"

#define WEB_FILES_MOST 512
#define WEB_FILES_BYTES_MOST (16 * 1024 * 1024)
#define WEB_FILE_ETAG_SIZE 36

struct web_files;

struct web_file {
	char *path; /* "/app.js" */
	char *bytes;
	size_t len;
	const char *type;	       /* a literal */
	char etag[WEB_FILE_ETAG_SIZE]; /* in quotes */
};

/* Reads what lies in the directory, at most four levels deep; hidden files are left out. 0;
 * -ENOENT ...: there is no such directory; -EFBIG: more than a page has; -errno. */
int web_files_load(const char *directory, struct web_files **ret) MUST_CHECK;
void web_files_free(struct web_files **files); /* accepts NULL; leaves NULL */

/* "/" is /index.html, and whatever lies beneath /guest/ is /guest.html. NULL: none; accepts
 * NULL. */
const struct web_file *web_files_find(const struct web_files *files, struct text path);

#endif
