/* supervisor/examiner.h - what the manager asks to be looked at from this machine, in a child of
 * its own: it may open connections to anywhere, which the manager must not, and holds no secret of
 * the server's. At most a few at a time, each for a bounded time.
 *
 * It is told by JSON, and answers with one JSON object per line on a pipe:
 *	{"look": "around", "name": N}   the addresses of this machine and of the name N, the ports
 *	                                that the kernel gives to anyone, and those that are in use:
 *	                                {"interfaces", "resolved", "local_ports", "listening"}
 *	{"look": "at", "host": H, ...}  the doctor examines a server: {"begin": title} and {"end": {
 *	                                "title", "state", "detail", "duration_ms"}} of each step, at
 *	                                last {"answer": as in docs/doctor-schema.json, "html", "md"}
 *	                                or {"error": text}. Members: port, tls, user, password, quick,
 *	                                read_only, no_login, allow_plain, insecure, passive_first,
 *	                                passive_last, timeout_s, tries.
 * Threads: before the first one of the process; the doctor starts its own. */
#ifndef SUPERVISOR_EXAMINER_H
#define SUPERVISOR_EXAMINER_H

#include "base/text.h"

/* Runs in the child, confined already. Writes to out; the examination is broken off when cancel
 * becomes readable. Returns the exit status. */
int examiner_main(struct text request, int out, int cancel);

#endif
