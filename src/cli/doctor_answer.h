/* cli/doctor_answer.h - what the doctor found, for people on a terminal. Threads: one. */
#ifndef CLI_DOCTOR_ANSWER_H
#define CLI_DOCTOR_ANSWER_H

#include <stdio.h>

#include "doctor/answer.h"

void doctor_answer_print(FILE *out, bool has_colour, const struct evidence *evidence,
			 const struct diagnosis *diagnosis, const struct doctor_request *request);

#endif
