/* Fuzz target of pasted allow-lists: whatever they hold, gaps lie inside of what is needed. */
#include <assert.h>

#include "guide/allow_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ALLOW_LIST struct allow_list *list = NULL;
	struct allow_gap gaps[ALLOW_LIST_MAX_GAPS];
	struct firewall_needs needs = { .explicit_ports = { 2, { 21, 3021 } },
					.passive_ports = { 40000, 50000 },
					.active_min_port = 1024 };

	if (allow_list_parse((struct text){ (const char *)data, size }, T("ftp.example.com"),
			     &list) < 0)
		return 0;
	size_t n = allow_list_compare(list, &needs, FIREWALL_SERVER, gaps);
	for (size_t i = 0; i < n; i++) {
		assert(gaps[i].flow.n_ports > 0 && gaps[i].flow.n_ports <= FIREWALL_MAX_PORTS);
		for (unsigned p = 0; p < gaps[i].flow.n_ports; p++)
			assert(gaps[i].flow.ports[p].first <= gaps[i].flow.ports[p].last);
	}
	return 0;
}
