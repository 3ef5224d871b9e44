/* cli/password.h - a password from the terminal or from standard input, never from arguments, where
 * every user of the machine could read it. Threads: one. Source: termios(3). */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "base/secret.h"

/* On a terminal asks twice without echo; else, or when from_stdin, takes one line from standard
 * input.
 * 0 with *ret to be released by the caller; negative when there is no password that can be used:
 * what is wrong has been printed. */
int password_read(const char *user, bool from_stdin, struct secret *ret) MUST_CHECK;

/* Asks once on the terminal, for a password that exists elsewhere. 0 with *ret to be released by
 * the caller; negative, and nothing printed: there is no terminal, or the answer is no password. */
int password_ask(const char *user, struct secret *ret) MUST_CHECK;

#endif
