/* load/phases.h - the work is divided into phases; what happens in a phase is counted and timed.
 *
 * phase_gate is a barrier over all clients of all threads. When the last one has come, the phase in
 * progress ends and the one that the clients named begins ("": none). The marks of a phase (wall
 * clock, our own rusage, the CPU time of the server's control group) are taken in between, so that
 * logging in and leaving count only where they are the work.
 * Threads: a tally belongs to one loop; the gate has its own mutex. */
#ifndef LOAD_PHASES_H
#define LOAD_PHASES_H

#include <stdbool.h>
#include <stdio.h>

#include "load/coroutine.h"

struct samples {
	float *us;
	size_t count, room;
};

struct tally {
	struct samples latency, first_byte;
	long operations, bytes, lines;
};

/* Takes over loops and tallies, threads of each; clients tasks will come to the gate. */
void phases_init(struct loop *loops, struct tally *tallies, int threads, int clients);

void phase_gate(const char *next);

/* This client will come to the gate no more. */
void phase_leave(void);

/* The time of the phase in progress (--seconds) is over. */
bool phase_is_over(void);

void tally_latency(struct tally *tally, double seconds);
void tally_first_byte(struct tally *tally, double seconds);

/* The phases so far as the elements of a JSON array. */
void phases_print(FILE *out);

#endif
