/* doctor/report.h - the findings as a page to send to the other side's administrator: HTML that
 * stands alone and runs nothing, or Markdown. Without secrets: no password (the evidence has none),
 * no user name, no dialogue beyond the replies that prove a cause. Threads: one. */
#ifndef DOCTOR_REPORT_H
#define DOCTOR_REPORT_H

#include <stdio.h>

#include "doctor/answer.h"

enum report_format { REPORT_HTML, REPORT_MARKDOWN };

/* By the name of the file: ".html", ".htm", ".md". 0 or -EINVAL. */
int report_format_of(const char *path, enum report_format *ret) MUST_CHECK;

/* 0 or a negative error of writing. */
int doctor_report_write(FILE *out, enum report_format format, const struct evidence *evidence,
			const struct diagnosis *diagnosis,
			const struct doctor_request *request) MUST_CHECK;

#endif
