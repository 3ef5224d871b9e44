/* doctor/causes.h - from evidence to the one cause: the contract between the examination and those
 * who explain it. The table itself is in causes.c: a row is id, title, predicate over evidence,
 * severity, explanation and remedy. Pure: the same evidence gives the same diagnosis, always.
 * Threads: any. */
#ifndef DOCTOR_CAUSES_H
#define DOCTOR_CAUSES_H

#include "base/buf.h"
#include "doctor/evidence.h"

#define DIAGNOSIS_FINDINGS 32
#define FINDING_FACTS 16

enum severity {
	/* How things are, and nobody's trouble: told beside the answer, no cause of anything. */
	SEVERITY_REMARK,
	SEVERITY_NOTE,	  /* good to know; the verdict stays healthy */
	SEVERITY_WARNING, /* works here and now, not everywhere or not for long; stays healthy */
	SEVERITY_PROBLEM, /* something that the user asked for does not work */
};

/* Who can mend it. */
enum who {
	WHO_YOU,      /* whoever started the doctor: their client or machine */
	WHO_FIREWALL, /* the administrator of a firewall between, on the client's side */
	WHO_SERVER,   /* the server's administrator, their firewall included */
};

/* A fact that the answer carries: {"port", 40123}, {"range", "40000-50000"}. */
struct named_value {
	char name[32];
	bool is_number; /* number counts, else text */
	int64_t number;
	char text[EVIDENCE_LINE];
};

struct finding {
	char id[8]; /* "D-20" of docs/doctor.md */
	enum severity severity;
	char title[128];	/* "The passive range is dropped" */
	char explanation[1536]; /* why: the evidence in words */
	char remedy[1536];	/* what to do, in one or a few sentences */
	enum who who;
	unsigned confidence;	/* in percent */
	char tells_apart[1024]; /* what would tell it from its nearest rival; "": nothing is open */
	struct named_value facts[FINDING_FACTS];
	size_t n_facts;
};

enum verdict { VERDICT_HEALTHY, VERDICT_PROBLEM, VERDICT_UNTESTED };

struct diagnosis {
	enum verdict verdict;
	char sentence[512]; /* the verdict in one sentence */
	/* The root cause first, then the other independent ones, by severity; then the remarks. */
	struct finding findings[DIAGNOSIS_FINDINGS];
	size_t n_findings; /* without the remarks: 0 of a healthy server */
	size_t n_remarks;
};

/* Judges the evidence. VERDICT_UNTESTED: it was too little to say anything (no network here, the
 * user stopped it at once). */
void doctor_diagnose(const struct evidence *evidence, struct diagnosis *ret);

#endif
