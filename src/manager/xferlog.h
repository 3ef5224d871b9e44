/* manager/xferlog.h - a transfer as a line of wu-ftpd's xferlog(5), for the tools that read it.
 * Threads: any; pure but for the time zone. */
#ifndef MANAGER_XFERLOG_H
#define MANAGER_XFERLOG_H

#include "accounts/transfers.h"

#define XFERLOG_LINE_SIZE 8192

/* "Fri Nov 20 12:59:36 2026 3 192.0.2.1 1048576 /in/a.bin b _ i r alice ftp 0 * c\n", in local
 * time. Blanks and control bytes of names become '_'. False: it is neither upload nor download, or
 * too long. */
bool xferlog_format(const struct transfer_record *record, bool is_upload, bool is_download,
		    char ret[static XFERLOG_LINE_SIZE]) MUST_CHECK;

#endif
