/* cli/human.h - times and sizes as people say them: "2 min ago", "1.5 MiB".
 * Threads: any; pure functions. */
#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include "base/buf.h"

/* "45 s", "2 min", "3 h", "5 d": the largest unit that is there in full. Below zero counts as 0. */
void human_span(int64_t ms, struct buf *out);
/* "just now", "2 min ago"; the date ("2026-11-20") for what is longer ago than sixty days. */
void human_ago(int64_t then_ms, int64_t now_ms, struct buf *out);

/* "0 B", "1023 B", "1.5 KiB", "10 GiB". */
void human_bytes(uint64_t bytes, struct buf *out);

#endif
