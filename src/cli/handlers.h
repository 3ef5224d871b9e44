/* cli/handlers.h - what runs behind each row of the command table; see command.h.
 * Each returns the exit status of the program and has printed why when that is not EXIT_OK. */
#ifndef CLI_HANDLERS_H
#define CLI_HANDLERS_H

#include "cli/command.h"

int cmd_config_show(struct cli *cli);
int cmd_config_get(struct cli *cli);
int cmd_server_check(struct cli *cli);
int cmd_server_check_list(struct cli *cli);
int cmd_server_check_report(struct cli *cli);
int cmd_server_check_remove(struct cli *cli);
int cmd_guest_add(struct cli *cli);
int cmd_guest_list(struct cli *cli);
int cmd_guest_show(struct cli *cli);
int cmd_guest_remove(struct cli *cli);
int cmd_cert_list(struct cli *cli);
int cmd_cert_show(struct cli *cli);
int cmd_cert_install(struct cli *cli);
int cmd_cert_remove(struct cli *cli);
int cmd_cert_self_signed(struct cli *cli);
int cmd_config_set(struct cli *cli);
int cmd_config_unset(struct cli *cli);
int cmd_config_detect(struct cli *cli);
int cmd_config_check(struct cli *cli);
int cmd_config_man(struct cli *cli);

int cmd_user_add(struct cli *cli);
int cmd_user_set(struct cli *cli);
int cmd_user_passwd(struct cli *cli);
int cmd_user_list(struct cli *cli);
int cmd_user_show(struct cli *cli);
int cmd_user_connection(struct cli *cli);
int cmd_user_enable(struct cli *cli);
int cmd_user_disable(struct cli *cli);
int cmd_user_delete(struct cli *cli);
int cmd_user_import(struct cli *cli);
int cmd_user_export(struct cli *cli);

int cmd_group_add(struct cli *cli);
int cmd_group_set(struct cli *cli);
int cmd_group_list(struct cli *cli);
int cmd_group_show(struct cli *cli);
int cmd_group_delete(struct cli *cli);

int cmd_session_list(struct cli *cli);
int cmd_session_kick(struct cli *cli);

int cmd_ban_add(struct cli *cli);
int cmd_ban_list(struct cli *cli);
int cmd_ban_remove(struct cli *cli);
int cmd_quota_list(struct cli *cli);
int cmd_quota_recount(struct cli *cli);

int cmd_admin_add(struct cli *cli);
int cmd_admin_list(struct cli *cli);
int cmd_admin_change(struct cli *cli);
int cmd_admin_password(struct cli *cli);
int cmd_admin_remove(struct cli *cli);
int cmd_admin_link(struct cli *cli);
int cmd_key_add(struct cli *cli);
int cmd_key_list(struct cli *cli);
int cmd_key_remove(struct cli *cli);
int cmd_audit(struct cli *cli);

int cmd_storage_check(struct cli *cli);

int cmd_transfer_list(struct cli *cli);
int cmd_connectivity(struct cli *cli);
int cmd_connectivity_ports(struct cli *cli);
int cmd_event_list(struct cli *cli);
int cmd_event_export(struct cli *cli);
int cmd_session_show(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_doctor_schema(struct cli *cli);

int cmd_firewall(struct cli *cli);

int cmd_simulate(struct cli *cli);

int cmd_status(struct cli *cli);
int cmd_reload(struct cli *cli);

int cmd_help(struct cli *cli);
int cmd_man(struct cli *cli);

#endif
