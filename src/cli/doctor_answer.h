/* cli/doctor_answer.h - what the doctor found, for people and as JSON. Threads: one. */
#ifndef CLI_DOCTOR_ANSWER_H
#define CLI_DOCTOR_ANSWER_H

#include <stdio.h>

#include "doctor/evidence_json.h"

void doctor_answer_print(FILE *out, bool has_colour, const struct evidence *evidence,
			 const struct diagnosis *diagnosis);

/* {"version", "verdict", "sentence", "causes", "matrix", "evidence"}: docs/doctor-schema.json.
 * Owned by the caller; NULL when memory is short. */
json_t *doctor_answer_json(const struct evidence *evidence,
			   const struct diagnosis *diagnosis) MUST_CHECK;
/* The JSON Schema of it, from the same tables. */
json_t *doctor_answer_schema(void) MUST_CHECK;

#endif
