/* limits/listing.h - a folder as LIST, NLST or MLSD lines with the least work: getdents64 and
 * fstatat in the order of the folder, one calendar computation per distinct second, 64 KiB at
 * once. */
#ifndef LIMITS_LISTING_H
#define LIMITS_LISTING_H

/* verb: L, N or M. write gets owner and returns 0, or -1 to stop. 0, or -1 when the folder cannot
 * be read or write said so. Uses a buffer of the thread: one listing at a time. */
int listing_send(const char *path, char verb,
		 int (*write)(void *owner, const char *bytes, long size), void *owner);

#endif
