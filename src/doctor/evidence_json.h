/* doctor/evidence_json.h - evidence and diagnoses as JSON, from one table per structure.
 * Members of the JSON are named as the fields of the structures; enumerations are words, addresses
 * "192.0.2.1:21" (without ":port" when it is 0). What is zero, empty or not tried is left out, and
 * reads back as that: docs/doctor-schema.json tells each. Threads: any. */
#ifndef DOCTOR_EVIDENCE_JSON_H
#define DOCTOR_EVIDENCE_JSON_H

#include <jansson.h>

#include "doctor/causes.h"
#include "doctor/evidence.h"

struct evidence_error {
	char text[256]; /* "doors[0].attempts[1].outcome: \"lost\" is none of its words" */
};

/* Owned by the caller; NULL when memory is short. */
json_t *evidence_to_json(const struct evidence *evidence) MUST_CHECK;

/* 0; -EINVAL with *ret_error for an unknown member, a wrong type, a word that does not exist, more
 * than fits, or another version; *ret is then unspecified. */
int evidence_from_json(const json_t *json, struct evidence *ret,
		       struct evidence_error *ret_error) MUST_CHECK;
/* The same from a JSON text, for tests and saved files. */
int evidence_from_text(struct text in, struct evidence *ret,
		       struct evidence_error *ret_error) MUST_CHECK;

/* {"verdict", "sentence", "causes": [...]}: facts are one object of named values. NULL when memory
 * is short. */
json_t *diagnosis_to_json(const struct diagnosis *diagnosis) MUST_CHECK;

/* JSON Schemas of both (draft 2020-12), from the same tables. NULL when memory is short. */
json_t *evidence_schema(void) MUST_CHECK;
json_t *diagnosis_schema(void) MUST_CHECK;

/* The words of the JSON, for people as well: "timed_out", "explicit". */
const char *net_outcome_word(enum net_outcome outcome);
const char *tls_mode_word(enum tls_mode mode);
const char *data_mode_word(enum data_mode mode);
const char *operation_word(enum operation operation);
const char *answer_word(enum answer answer);
const char *cell_result_word(enum cell_result result);
const char *severity_word(enum severity severity);
const char *who_word(enum who who);
const char *verdict_word(enum verdict verdict);

#endif
