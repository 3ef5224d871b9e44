/* worker/list_helper.h - a second thread for a listing of very many entries: asking the kernel
 * about each takes nearly all of the time, and two ask twice as fast. The helper only makes lines;
 * the session's own thread reads the directory, sends, and listens to the client.
 *
 * There is one helper at a time in a worker, on machines with more than one processor; who finds it
 * taken goes on alone.
 * Threads: the one that runs the session. Between list_helper_begin and list_helper_wait the part
 * belongs to the helper. */
#ifndef WORKER_LIST_HELPER_H
#define WORKER_LIST_HELPER_H

#include "worker/list_lines.h"

/* Names and what becomes of them. */
struct list_part {
	const struct list_directory *directory;
	struct names names;
	struct list_lines lines;
};

struct list_helper;

/* For lines like these, of this directory; both are borrowed, and the lines copied. The storages of
 * the part have these sizes. 0; -EBUSY: it is taken, or would be of no use; -errno. */
int list_helper_new(const struct list_lines *like, const struct list_directory *directory,
		    size_t lines_size, size_t names_size, struct list_helper **ret) MUST_CHECK;
void list_helper_free(struct list_helper **helper); /* accepts NULL; leaves NULL */

struct list_part *list_helper_part(struct list_helper *helper);
/* Makes lines of the part's names, as long as there is room. */
void list_helper_begin(struct list_helper *helper);
void list_helper_wait(struct list_helper *helper);

#endif
