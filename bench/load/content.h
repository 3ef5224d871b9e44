/* load/content.h - files whose bytes are a function of their offset, so that any part of a transfer
 * can be verified without the source. Pure, but for the three that write or read files. */
#ifndef LOAD_CONTENT_H
#define LOAD_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void content_fill(uint8_t *bytes, uint64_t offset, size_t size);
bool content_matches(const uint8_t *bytes, uint64_t offset, size_t size);

/* Each returns 0, or 1 and says why on standard error: an exit status. content_make_tree makes
 * count files named prefix and a number of at least five digits. */
int content_make_file(const char *path, long size);
int content_make_tree(const char *folder, const char *prefix, long count, long size);
int content_check_file(const char *path, long size);

#endif
