/* Fuzz target of the settings file: whatever the bytes, settings_load says yes or explains
 * itself, and every value that it has accepted is written as text that it would accept again. */
#include <assert.h>

#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back_hosts(const struct settings_loaded *loaded)
{
	const struct settings *values = settings_values(loaded);

	for (size_t i = 0; i < values->n_hosts; i++) {
		char value[SETTINGS_LIST_SIZE];

		assert(settings_find_host(values, text_of(values->hosts[i].name)) >= 0);
		for (size_t row = 0; row < host_settings_count(); row++) {
			int r = host_settings_format_value(&values->hosts[i], row, value,
							   sizeof(value));
			assert(r == 0);
		}
	}
}

static void read_back(const struct settings_loaded *loaded)
{
	struct settings_error error;

	for (size_t i = 0; i < settings_count(); i++) {
		char value[SETTINGS_LIST_SIZE], override[SETTINGS_LIST_SIZE + 64];
		const char *const overrides[] = { override };
		struct settings_loaded *again = NULL;

		int r = settings_format_value(settings_values(loaded), i, value, sizeof(value));
		assert(r == 0);
		(void)snprintf(override, sizeof(override), "%s=%s", settings_info(i)->name, value);
		r = settings_load("again", T(""), overrides, 1, &again, &error);
		assert(r == 0);
		settings_free(&again);
	}
	read_back_hosts(loaded);
	if (settings_check_loaded(loaded, &error) < 0)
		assert(error.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings_loaded *loaded = NULL;
	struct settings_error error = { "" };
	struct text ini = { (const char *)data, size };

	int r = settings_load("fuzz", ini, NULL, 0, &loaded, &error);
	if (r == 0)
		read_back(loaded);
	else
		assert(r == -EINVAL && error.text[0] != '\0');
	settings_free(&loaded);
	return 0;
}
