/* manager/web_page.h - an answer from the files of the web page, with the headers that keep
 * browsers from running anything else. Threads: the one that runs the request. */
#ifndef MANAGER_WEB_PAGE_H
#define MANAGER_WEB_PAGE_H

#include <microhttpd.h>

#include "manager/web_files.h"

/* Whether the path is one of the API rather than of a file. */
bool web_page_is_api(struct text path);

/* Queues the file, 304 when the browser has it already, 404 or 405. */
enum MHD_Result web_page_answer(const struct web_files *files, struct MHD_Connection *connection,
				struct text method, struct text path);

/* Of every answer, the API's included. */
void web_page_add_headers(struct MHD_Response *response);

#endif
