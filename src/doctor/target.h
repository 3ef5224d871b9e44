/* doctor/target.h - the host as people write it: "ftps://user@ftp.example.com:990/path". Pure;
 * threads: any. */
#ifndef DOCTOR_TARGET_H
#define DOCTOR_TARGET_H

#include "doctor/evidence.h"

/* Finds the host in it and notes what had to be taken away. 0; -EINVAL: there is none; given is
 * filled either way. The mode is that of the scheme or of a well-known port (ftps:, 990). */
int target_parse(struct text given, struct target *ret) MUST_CHECK;

#endif
