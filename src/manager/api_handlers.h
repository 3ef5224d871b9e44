/* manager/api_handlers.h - the handlers behind the rows of api_route.c; one file per resource. Each
 * returns the HTTP status; see api_request.h. */
#ifndef MANAGER_API_HANDLERS_H
#define MANAGER_API_HANDLERS_H

#include "manager/api_request.h"
#include "manager/connectivity_causes.h"

/* api_status.c */
unsigned api_status_get(struct api_request *request);
unsigned api_reload_post(struct api_request *request);

/* api_sandbox.c: {"setting", "workers", "manager"}, for the status. */
json_t *sandbox_json(const struct api_context *context);

/* api_users.c */
unsigned api_users_get(struct api_request *request);
unsigned api_users_post(struct api_request *request);
unsigned api_user_get(struct api_request *request);
unsigned api_user_patch(struct api_request *request);
unsigned api_user_delete(struct api_request *request);

/* api_user_file.c */
unsigned api_users_import(struct api_request *request);
unsigned api_users_export(struct api_request *request);

/* api_groups.c */
unsigned api_groups_get(struct api_request *request);
unsigned api_groups_post(struct api_request *request);
unsigned api_group_get(struct api_request *request);
unsigned api_group_patch(struct api_request *request);
unsigned api_group_delete(struct api_request *request);

/* api_quotas.c */
unsigned api_quotas_get(struct api_request *request);
unsigned api_quotas_recount(struct api_request *request);

/* api_transfers.c */
json_t *transfer_record_json(const struct transfer_record *record);
unsigned api_transfers_get(struct api_request *request);
unsigned api_transfer_get(struct api_request *request);

/* api_connectivity.c */
json_t *network_json(const struct network_state *state, const struct reach_verdict *verdict);
unsigned api_connectivity_get(struct api_request *request);
unsigned api_network_get(struct api_request *request);
unsigned api_ports_get(struct api_request *request);

/* api_events.c */
unsigned api_events_get(struct api_request *request);
unsigned api_events_export(struct api_request *request);

/* api_overview.c */
unsigned api_overview_get(struct api_request *request);

/* api_certificates.c; certificate_json: what the host with this number shows (0: the default one),
 * or NULL. It reads all that this machine trusts. */
json_t *certificate_json(const struct api_context *context, size_t number);
unsigned api_certificates_get(struct api_request *request);
unsigned api_certificate_get(struct api_request *request);
unsigned api_certificate_put(struct api_request *request);
unsigned api_certificate_delete(struct api_request *request);
unsigned api_certificate_self_signed(struct api_request *request);

/* api_firewall.c */
unsigned api_firewall_get(struct api_request *request);
unsigned api_firewall_check(struct api_request *request);
unsigned api_user_connection(struct api_request *request);

/* api_doctor.c */
unsigned api_doctor_runs_get(struct api_request *request);
unsigned api_doctor_runs_post(struct api_request *request);
unsigned api_doctor_run_get(struct api_request *request);
unsigned api_doctor_run_delete(struct api_request *request);
unsigned api_doctor_report(struct api_request *request);

/* api_stream.c: GET /stream, and the same for a public route with topics of its own. */
unsigned api_stream_get(struct api_request *request);
unsigned api_stream_topics(struct api_request *request, const char *topics);

/* api_guests.c */
unsigned api_guests_get(struct api_request *request);
unsigned api_guests_post(struct api_request *request);
unsigned api_guest_get(struct api_request *request);
unsigned api_guest_delete(struct api_request *request);
unsigned api_guest_page(struct api_request *request);
unsigned api_guest_stream(struct api_request *request);

/* api_settings.c */
unsigned api_settings_get(struct api_request *request);
unsigned api_settings_patch(struct api_request *request);
unsigned api_settings_check(struct api_request *request);
unsigned api_settings_detect(struct api_request *request);

/* api_sessions.c; sessions_json: {"sessions": [at most so many], "total"}. */
json_t *sessions_json(const struct scoreboard *board, size_t most);
unsigned api_sessions_get(struct api_request *request);
unsigned api_session_delete(struct api_request *request);
unsigned api_session_timeline(struct api_request *request);

/* api_auth.c, api_totp.c */
unsigned api_auth_login(struct api_request *request);
unsigned api_auth_logout(struct api_request *request);
unsigned api_auth_me(struct api_request *request);
unsigned api_auth_password(struct api_request *request);
unsigned api_auth_totp_post(struct api_request *request);
unsigned api_auth_totp_put(struct api_request *request);
unsigned api_auth_totp_delete(struct api_request *request);

/* api_setup.c */
unsigned api_setup_get(struct api_request *request);
unsigned api_setup_post(struct api_request *request);
unsigned api_setup_link(struct api_request *request);

/* api_admins.c */
unsigned api_admins_get(struct api_request *request);
unsigned api_admins_post(struct api_request *request);
unsigned api_admin_get(struct api_request *request);
unsigned api_admin_patch(struct api_request *request);
unsigned api_admin_delete(struct api_request *request);

/* api_keys.c */
unsigned api_keys_get(struct api_request *request);
unsigned api_keys_post(struct api_request *request);
unsigned api_key_delete_one(struct api_request *request);

/* api_audit.c */
unsigned api_audit_get(struct api_request *request);

/* api_bans.c */
unsigned api_bans_get(struct api_request *request);
unsigned api_bans_post(struct api_request *request);
unsigned api_ban_delete(struct api_request *request);

/* api_metrics.c */
unsigned api_metrics_get(struct api_request *request);

#endif
