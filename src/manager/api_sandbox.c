/* manager/api_sandbox.c - what the kernel holds the children to, for GET /status: as each of them
 * has read it back, the weakest of all workers standing for all. */
#include "manager/api_handlers.h"

#include <linux/capability.h>

#include "base/buf.h"

/* Those that a child may keep at most: see supervisor/privileges.h. */
static const struct {
	unsigned number;
	const char *name;
} kept[] = {
	{ CAP_DAC_OVERRIDE, "dac_override" },
	{ CAP_DAC_READ_SEARCH, "dac_read_search" },
	{ CAP_FOWNER, "fowner" },
	{ CAP_NET_BIND_SERVICE, "net_bind_service" },
};

static json_t *capability_name(unsigned number)
{
	char storage[24];
	struct buf name;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i].number == number)
			return json_string(kept[i].name);
	buf_init(&name, storage, sizeof(storage));
	buf_addf(&name, "capability %u", number);
	return json_string(storage);
}

static json_t *capabilities_json(uint64_t mask)
{
	json_t *list = json_array();

	for (unsigned number = 0; number < 64; number++)
		if (mask & UINT64_C(1) << number)
			(void)json_array_append_new(list, capability_name(number));
	return list;
}

static json_t *view_json(const struct sandbox_view *view)
{
	if (!view->is_known)
		return json_null();
	return json_pack("{s:i, s:b, s:b, s:o, s:b, s:b}", "landlock_abi", (int)view->landlock_abi,
			 "seccomp", view->has_seccomp, "no_new_privs", view->has_no_new_privileges,
			 "capabilities", capabilities_json(view->capabilities), "openat2",
			 view->has_openat2, "core_dumps", view->dumps_core);
}

static void weaken(struct sandbox_view *all, const struct sandbox_view *one)
{
	if (!all->is_known) {
		*all = *one;
		return;
	}
	all->landlock_abi = MIN_OF(all->landlock_abi, one->landlock_abi);
	all->has_seccomp = all->has_seccomp && one->has_seccomp;
	all->has_no_new_privileges = all->has_no_new_privileges && one->has_no_new_privileges;
	all->has_openat2 = all->has_openat2 && one->has_openat2;
	all->dumps_core = all->dumps_core || one->dumps_core;
	all->capabilities |= one->capabilities;
}

json_t *sandbox_json(const struct api_context *context)
{
	static const char *const words[] = { "off", "prefer", "require" };
	struct sandbox_view workers = { .is_known = false }, one;

	for (uint32_t slot = 0; slot < SCOREBOARD_WORKERS; slot++) {
		struct worker_view worker;

		scoreboard_get_worker(context->board, slot, &worker);
		scoreboard_get_sandbox(context->board, slot, &one);
		if (worker.state != WORKER_FREE && one.is_known)
			weaken(&workers, &one);
	}
	scoreboard_get_sandbox(context->board, SCOREBOARD_MANAGER, &one);
	return json_pack("{s:s, s:o, s:o}", "setting", words[context->settings->sandbox], "workers",
			 view_json(&workers), "manager", view_json(&one));
}
