/* cli/config_file.h - the configuration that a command works with: its file and --set options.
 * Threads: one. */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "cli/command.h"
#include "settings/settings.h"

#define CONFIG_PATH_DEFAULT "/etc/sallyport/sallyport.conf"
#define CONFIG_PATH_VARIABLE "SALLYPORT_CONFIG"

/* Sets config_path from --config, else the environment, else the default. */
void config_choose(struct cli *cli);

/* Loads it. A default path that is not there counts as an empty file; one that was chosen must
 * exist.
 * 0 with *ret owned by the caller; -EINVAL, -ENOMEM or -errno of open(2) and read(2), with a
 * message in *ret_error. */
int config_load(const struct cli *cli, struct settings_loaded **ret,
		struct settings_error *ret_error) MUST_CHECK;

#endif
