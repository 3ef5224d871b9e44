/* doctor/answer.h - what the doctor found, as JSON, and the words, rules and settings that belong
 * to it. Threads: any. */
#ifndef DOCTOR_ANSWER_H
#define DOCTOR_ANSWER_H

#include "doctor/advice.h"
#include "doctor/evidence_json.h"

/* What was asked for beside the verdict. */
struct doctor_request {
	bool has_rules, has_export;
	enum firewall_format format;
	enum client_export export;
	const char *ca_file; /* for what is exported; NULL: none. Borrowed. */
};

/* {"version", "verdict", "sentence", "causes", "matrix", "evidence"}, and "rules" and "settings"
 * when they were asked for: docs/doctor-schema.json. Owned by the caller; NULL when memory is
 * short. */
json_t *doctor_answer_json(const struct evidence *evidence, const struct diagnosis *diagnosis,
			   const struct doctor_request *request) MUST_CHECK;
/* The JSON Schema of it, from the same tables. */
json_t *doctor_answer_schema(void) MUST_CHECK;

/* The rules and the settings alone, as text that may be pasted; they say in words what they are
 * for, or why there are none. Both fit in FIREWALL_TEXT_SIZE. */
void doctor_rules_text(const struct evidence *evidence, const struct diagnosis *diagnosis,
		       enum firewall_format format, struct buf *out);
void doctor_settings_text(const struct evidence *evidence, const struct doctor_request *request,
			  struct buf *out);
/* Whether the settings were seen to work. */
bool doctor_settings_work(const struct evidence *evidence);
/* The rule in words: "Allow outbound TCP to 203.0.113.5, ports 21, 990: command connections". */
void doctor_rules_words(const struct evidence *evidence, const struct diagnosis *diagnosis,
			struct buf *out);

/* "What you can do", "What your firewall administrator can do" ... */
const char *who_phrase(enum who who);

#endif
