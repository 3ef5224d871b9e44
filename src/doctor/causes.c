/* doctor/causes.c - see causes.h. */
#include "doctor/causes.h"

void doctor_diagnose(const struct evidence *evidence, struct diagnosis *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->verdict = evidence->n_transfers > 0 ? VERDICT_HEALTHY : VERDICT_UNTESTED;
	for (size_t i = 0; i < evidence->n_transfers; i++)
		if (evidence->transfers[i].result != TRANSFER_OK)
			ret->verdict = VERDICT_PROBLEM;
	(void)snprintf(ret->sentence, sizeof(ret->sentence), "%zu transfers were tried.",
		       evidence->n_transfers);
}
