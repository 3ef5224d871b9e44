/* doctor/simulate_dialogue.h - the lines of a command connection as the simulator changes them:
 * pure functions, for the simulator only. Threads: any. */
#ifndef DOCTOR_SIMULATE_DIALOGUE_H
#define DOCTOR_SIMULATE_DIALOGUE_H

#include "base/buf.h"
#include "doctor/simulate.h"

#define DIALOGUE_VERB_SIZE 9

/* The verb in upper case, whatever Telnet bytes stand before it (ABOR); "" when there is none. */
void dialogue_verb(struct text line, char ret[static DIALOGUE_VERB_SIZE]);
/* What stands behind the verb, without the end of the line. */
struct text dialogue_argument(struct text line);

/* The answer that the cause has for the verb, or NULL. */
const struct simulate_answer *dialogue_answer(const struct simulation *cause, const char *verb,
					      bool is_clear, bool is_protected);

/* "227 text\r\n": the code, and whether it is the last line. False: a line in between. */
bool dialogue_code(struct text line, unsigned *ret_code, bool *ret_is_last);

/* The port of a 227 or 229 reply. False when there is none in it. */
bool dialogue_passive_port(struct text line, uint16_t *ret);

/* A greeting or a line of FEAT as an inspecting firewall shows it: '*' and 'X' for what it hides.
 * False: the line stays. */
bool dialogue_mask(struct text line, bool is_greeting, struct buf *out);

#endif
