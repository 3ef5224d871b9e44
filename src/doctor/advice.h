/* doctor/advice.h - what to ask for and what to use, from the evidence of an examination: the needs
 * of the firewall in the way, and the settings of a client that works. Threads: any; pure. */
#ifndef DOCTOR_ADVICE_H
#define DOCTOR_ADVICE_H

#include "doctor/causes.h"
#include "guide/client_settings.h"
#include "guide/firewall_rules.h"

/* Where rules for a wall belong: to the server's side when the root cause is the server's to mend,
 * else to the client's. */
enum firewall_side advice_side(const struct diagnosis *diagnosis);

/* Fills needs: the server's addresses, its command ports (those that work; else those that should)
 * and its passive range. True: the whole range is known (from the server, or promised); false: only
 * ports that it offered are, and needs has what lies between them, or no range at all. */
bool advice_needs(const struct evidence *evidence, struct firewall_needs *needs);

/* The best of what was seen to work: 0 with *ret, whose texts are borrowed from the evidence;
 * -ENOENT: nothing works yet, *ret is what usually does. */
int advice_settings(const struct evidence *evidence, struct client_settings *ret) MUST_CHECK;

#endif
