/* supervisor/surroundings.h - this machine as it looks to the network: its addresses, those of a
 * name, and the ports that others use. Threads: any. Asks the resolver, which may take a while. */
#ifndef SUPERVISOR_SURROUNDINGS_H
#define SUPERVISOR_SURROUNDINGS_H

#include <jansson.h>

#include "base/common.h"

/* {"interfaces": [addresses], "resolved": [addresses of the name; none for ""],
 * "local_ports": [first, last] or null, "listening": [TCP ports]}. NULL when memory is short. */
json_t *surroundings_json(const char *name) MUST_CHECK;

#endif
