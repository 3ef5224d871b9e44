/* cli/commands.c - the table of commands, and the ways to find one in it. */
#include "cli/command.h"
#include "cli/command_options.h"
#include "cli/handlers.h"

#include "settings/suggest.h"

const struct option_row global_options[] = {
	{ .name = "config",
	  .argument = "FILE",
	  .letter = 'c',
	  .help = "Configuration file (else $SALLYPORT_CONFIG, else "
		  "/etc/sallyport/sallyport.conf)" },
	{ .name = "set",
	  .argument = "NAME=VALUE",
	  .help = "Set one setting over the file's value" },
	{ .name = "json", .help = "Print JSON, for scripts" },
	{ .name = "help", .letter = 'h', .help = "Show what a command does and its options" },
	{ .name = "version", .letter = 'V', .help = "Print the version" },
	END_OF_OPTIONS,
};

static const struct command commands[] = {
	{ .name = "doctor",
	  .run = cmd_doctor,
	  .operands = "HOST",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = doctor_options,
	  .summary = "Find out why FTP to a server does not work, and who can mend it",
	  .details =
		  "Examines the server from this machine: name, ports, certificate, login, "
		  "transfers in every mode. A small file with a random name is stored and removed "
		  "again. The password goes out in clear only when TLS is neither asked for nor "
		  "offered, or with --allow-plain, and never to a server whose certificate is not "
		  "trusted, unless --insecure is given.\n"
		  "Exit status: 0 healthy, 1 problems found, 2 wrong usage, 3 could not be tested.",
	  .examples =
		  "sallyport doctor ftp.example.com --user alice\n"
		  "sallyport doctor ftp.example.com --no-login --quick\n"
		  "sallyport doctor ftp.example.com -u alice --json | jq .verdict\n"
		  "sallyport doctor ftp.example.com -u alice --rules ufw --report letter.html" },
	{ .name = "doctor schema",
	  .run = cmd_doctor_schema,
	  .operands = "",
	  .summary = "Print the JSON Schema of doctor --json",
	  .is_hidden = true },
	{ .name = "status",
	  .run = cmd_status,
	  .operands = "",
	  .summary = "Show whether the server runs, its ports, workers and sessions",
	  .examples = "sallyport status\nsallyport status --json | jq .sessions" },
	{ .name = "reload",
	  .run = cmd_reload,
	  .operands = "",
	  .summary = "Let the server read its configuration again",
	  .details =
		  "New sessions get the new settings; running sessions finish with the old ones. "
		  "`sallyport status` tells whether it worked.",
	  .examples = "sallyport config check && sallyport reload" },
	{ .name = "user add",
	  .run = cmd_user_add,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = user_add_options,
	  .summary = "Add a user; asks for the password",
	  .details = USER_DETAILS,
	  .examples = "sallyport user add alice\n"
		      "sallyport user add bob --home shared --permissions read-only\n"
		      "sallyport user add eve --group staff --rule /archive=read-only "
		      "--deny '*.exe' --hide '.*'\n"
		      "pwgen 20 1 | sallyport user add backup --password-stdin" },
	{ .name = "user set",
	  .run = cmd_user_set,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = user_set_options,
	  .summary = "Change a user's home, group, rights, limits or quota",
	  .details = USER_DETAILS,
	  .examples = "sallyport user set alice --permissions list,download,upload\n"
		      "sallyport user set alice --home projects/alice\n"
		      "sallyport user set alice --user-download-rate 10M --user-sessions 5\n"
		      "sallyport user set alice --quota-bytes 10G --quota-files none\n"
		      "sallyport user set alice --allow 203.0.113.0/24 --expires 2026-12-31\n"
		      "sallyport user set alice --folder /share=/srv/share:ro --rule ''" },
	{ .name = "user passwd",
	  .run = cmd_user_passwd,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = user_passwd_options,
	  .summary = "Change a user's password; asks for it",
	  .examples = "sallyport user passwd alice\n"
		      "pass show ftp/alice | sallyport user passwd alice --password-stdin" },
	{ .name = "user list",
	  .run = cmd_user_list,
	  .operands = "",
	  .options = user_list_options,
	  .summary = "List all users",
	  .examples = "sallyport user list\n"
		      "sallyport user list --disabled --search acme\n"
		      "sallyport user list --json | jq -r '.users[] | select(.enabled).name'" },
	{ .name = "user show",
	  .run = cmd_user_show,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Show one user",
	  .examples = "sallyport user show alice" },
	{ .name = "user connection",
	  .run = cmd_user_connection,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = user_connection_options,
	  .summary = "Print what a user has to know to connect, to send; without the password",
	  .examples = "sallyport user connection alice | mail -s \"Your FTP account\" "
		      "alice@example.com\n"
		      "sallyport user connection alice --format filezilla > ftp.xml" },
	{ .name = "user enable",
	  .run = cmd_user_enable,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Let a user log in again",
	  .examples = "sallyport user enable alice" },
	{ .name = "user disable",
	  .run = cmd_user_disable,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Refuse a user's logins and end its sessions at once",
	  .examples = "sallyport user disable alice" },
	{ .name = "user delete",
	  .run = cmd_user_delete,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Delete a user and end its sessions at once",
	  .examples = "sallyport user delete alice" },
	{ .name = "user import",
	  .run = cmd_user_import,
	  .operands = "FILE",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = user_import_options,
	  .summary = "Add and change the users of a CSV or JSON file, all of them or none",
	  .details =
		  "The first line of a CSV file names its columns, in any order: name, password or "
		  "password_hash, home, enabled, group, permissions, allowed_networks, expires, "
		  "require_tls, quota_bytes, quota_files. A user who is not there is added, others are "
		  "changed; nobody is deleted. A column that is not there leaves things as they are; an "
		  "empty cell of group, permissions, allowed_networks, expires and the quotas means none, "
		  "or as the group. Words in a cell are separated by spaces. JSON is what `sallyport user "
		  "export --format json` writes: it has limits, rules and folders as well. FILE - is "
		  "standard input. Errors are told by line, and nothing is changed then.",
	  .examples = "sallyport user import users.csv --dry-run\n"
		      "sallyport user export --format json --hashes > users.json\n"
		      "sallyport user import users.json" },
	{ .name = "user export",
	  .run = cmd_user_export,
	  .operands = "",
	  .options = user_export_options,
	  .summary = "Print all users as CSV or JSON, for `sallyport user import`",
	  .details =
		  "Passwords are not in it, nor their hashes unless --hashes is given. A cell that a "
		  "spreadsheet would run as a formula begins with an apostrophe, which the import "
		  "takes away again.",
	  .examples = "sallyport user export > users.csv\n"
		      "sallyport user export --format json --hashes > users.json" },
	{ .name = "group add",
	  .run = cmd_group_add,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = group_options,
	  .summary = "Add a group of users",
	  .details = GROUP_DETAILS,
	  .examples = "sallyport group add staff --permissions list,download,upload\n"
		      "sallyport group add team --quota-bytes 1T --member-quota-bytes 100G\n"
		      "sallyport group add guests --permissions read-only --hide '.*'" },
	{ .name = "group set",
	  .run = cmd_group_set,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = group_options,
	  .summary = "Change a group's rights, limits or quotas",
	  .details = GROUP_DETAILS,
	  .examples = "sallyport group set staff --rule /incoming=list,upload,mkdir\n"
		      "sallyport group set staff --user-sessions 4 --uploads atomic\n"
		      "sallyport group set staff --folder /share=/srv/share" },
	{ .name = "group list",
	  .run = cmd_group_list,
	  .operands = "",
	  .summary = "List all groups",
	  .examples = "sallyport group list" },
	{ .name = "group show",
	  .run = cmd_group_show,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Show one group",
	  .examples = "sallyport group show staff" },
	{ .name = "group delete",
	  .run = cmd_group_delete,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Delete a group without members",
	  .examples = "sallyport group delete staff" },
	{ .name = "session list",
	  .run = cmd_session_list,
	  .operands = "",
	  .summary = "List the sessions that are connected now",
	  .examples = "sallyport session list\n"
		      "sallyport session list --json | jq '.sessions[] | select(.transfer)'" },
	{ .name = "session kick",
	  .run = cmd_session_kick,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = session_kick_options,
	  .summary = "End a session",
	  .examples = "sallyport session kick 42 --reason \"Maintenance, back at noon\"" },
	{ .name = "session show",
	  .run = cmd_session_show,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Show what a session and the server have said",
	  .details =
		  "Passwords are masked. The server remembers some thousand lines, also of sessions "
		  "that have\nended, and longer those of a session whose data connection failed.",
	  .examples = "sallyport session show 42" },
	{ .name = "connectivity",
	  .run = cmd_connectivity,
	  .operands = "[NETWORK]",
	  .max_operands = 1,
	  .summary = "Show which client networks get through, and why others do not",
	  .details =
		  "With a network: the cause with its remedy, the newest failures, and a letter to "
		  "the\nadministrator of that network.",
	  .examples =
		  "sallyport connectivity\n"
		  "sallyport connectivity 203.0.113.0/24\n"
		  "sallyport connectivity --json | jq '.networks[] | select(.state == \"stuck\")'" },
	{ .name = "connectivity ports",
	  .run = cmd_connectivity_ports,
	  .operands = "",
	  .summary = "Show which passive ports clients have reached",
	  .examples = "sallyport connectivity ports" },
	{ .name = "event list",
	  .run = cmd_event_list,
	  .operands = "",
	  .options = event_list_options,
	  .summary = "List what has happened, newest first",
	  .details = "The server keeps events for the time of the setting keep_transfers, and the "
		     "newest 500,000.",
	  .examples = "sallyport event list --kind login-failed --since 2h\n"
		      "sallyport event list --address 203.0.113.7 --json\n"
		      "sallyport event list --follow --severity problem" },
	{ .name = "event export",
	  .run = cmd_event_export,
	  .operands = "",
	  .options = event_export_options,
	  .summary = "Print what has happened as a table for other programs",
	  .examples = "sallyport event export --since 7d > events.csv" },
	{ .name = "transfer list",
	  .run = cmd_transfer_list,
	  .operands = "",
	  .options = transfer_list_options,
	  .summary = "List transfers and changes of files, newest first",
	  .details =
		  "The server keeps these records for the time of the setting keep_transfers. "
		  "--path also\nfinds renames and removals of the directories above it. The removal "
		  "of a directory with all\nthat is in it is one record.",
	  .examples =
		  "sallyport transfer list --user alice --since 2h\n"
		  "sallyport transfer list --path /reports/march.pdf --kind delete\n"
		  "sallyport transfer list --json | jq '.transfers[] | select(.end != \"proven\")'" },
	{ .name = "admin add",
	  .run = cmd_admin_add,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = admin_add_options,
	  .summary = "Add an administrator of the manager",
	  .details =
		  "read-only looks at all that is no secret; operator also changes users, groups, sessions and bans;\nowner changes all, settings, certificates, administrators and keys included.",
	  .examples =
		  "sallyport admin add ann --role owner\nsallyport admin add bob --role operator --password-stdin <file" },
	{ .name = "admin list",
	  .run = cmd_admin_list,
	  .operands = "",
	  .summary = "List the administrators",
	  .examples = "sallyport admin list" },
	{ .name = "admin change",
	  .run = cmd_admin_change,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = admin_change_options,
	  .summary = "Change what an administrator may do; their sessions end",
	  .examples =
		  "sallyport admin change bob --role read-only\nsallyport admin change bob --no-codes" },
	{ .name = "admin password",
	  .run = cmd_admin_password,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = admin_password_options,
	  .summary = "Set an administrator's password; their sessions end",
	  .examples = "sallyport admin password ann" },
	{ .name = "admin remove",
	  .run = cmd_admin_remove,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Remove an administrator, but never the last owner",
	  .examples = "sallyport admin remove bob" },
	{ .name = "admin link",
	  .run = cmd_admin_link,
	  .operands = "",
	  .summary = "Print a one-time link with which a browser makes the first administrator",
	  .details = "It is good for 24 hours; another one takes its place.",
	  .examples = "sallyport admin link" },
	{ .name = "key add",
	  .run = cmd_key_add,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = key_add_options,
	  .summary = "Make a key for a program, and print it: it is shown this once",
	  .details = "The program sends it as \"Authorization: Bearer KEY\".",
	  .examples =
		  "sallyport key add monitoring\nsallyport key add provisioning --scope operate --expires 2027-01-01T00:00:00Z" },
	{ .name = "key list",
	  .run = cmd_key_list,
	  .operands = "",
	  .summary = "List the keys, without their secrets",
	  .examples = "sallyport key list" },
	{ .name = "key remove",
	  .run = cmd_key_remove,
	  .operands = "KEY",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Remove a key, which is good for nothing from then on",
	  .examples = "sallyport key remove 0123456789abcdef" },
	{ .name = "audit",
	  .run = cmd_audit,
	  .operands = "",
	  .options = audit_options,
	  .summary = "Show who changed what in the manager, newest first",
	  .examples =
		  "sallyport audit --what user --since 2026-11-20T00:00:00Z\nsallyport audit --who ann --json" },
	{ .name = "ban add",
	  .run = cmd_ban_add,
	  .operands = "NETWORK",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = ban_add_options,
	  .summary = "Refuse all connections of an address or a network, and end its sessions",
	  .details = "Addresses that fail to log in too often are banned by the server itself: see "
		     "ban_failures\nin sallyport.conf(5).",
	  .examples = "sallyport ban add 203.0.113.7 --reason \"scans us\"\n"
		      "sallyport ban add 2001:db8::/32 --minutes 60" },
	{ .name = "ban list",
	  .run = cmd_ban_list,
	  .operands = "",
	  .summary = "List the banned networks",
	  .examples = "sallyport ban list\nsallyport ban list --json | jq -r '.bans[].network'" },
	{ .name = "ban remove",
	  .run = cmd_ban_remove,
	  .operands = "NETWORK",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Lift a ban",
	  .examples = "sallyport ban remove 203.0.113.7" },
	{ .name = "quota list",
	  .run = cmd_quota_list,
	  .operands = "",
	  .summary = "Show the quotas and what is used of them",
	  .details = "What nobody has counted since the server's start is counted now.",
	  .examples = "sallyport quota list\n"
		      "sallyport quota list --json | jq '.quotas[] | .name, .used.bytes'" },
	{ .name = "quota recount",
	  .run = cmd_quota_recount,
	  .operands = "[USER]",
	  .max_operands = 1,
	  .options = quota_recount_options,
	  .summary = "Count again what a user, a group or everybody has stored",
	  .details =
		  "The server counts what its sessions do, exactly; this is for files that "
		  "others have\nmade, changed or removed in its directories. Sessions go on; those "
		  "that change names in\nthe same directories wait until their files are counted.",
	  .examples = "sallyport quota recount\nsallyport quota recount alice\n"
		      "sallyport quota recount --group staff" },
	{ .name = "storage check",
	  .run = cmd_storage_check,
	  .operands = "",
	  .options = storage_check_options,
	  .summary = "List what broken uploads and crashes have left",
	  .details =
		  "A partial is continued by REST and APPE until it expires; a temporary is of a "
		  "process that has died. The server removes both by itself once they are older "
		  "than partial_max_age, beneath its data roots.",
	  .examples = "sallyport storage check\n"
		      "sallyport storage check --clean\n"
		      "sallyport storage check --json | jq .found_bytes" },
	{ .name = "firewall",
	  .run = cmd_firewall,
	  .operands = "",
	  .options = firewall_options,
	  .summary = "Show what firewalls must let through for this server",
	  .details = "It is told by the running server, or by the configuration when none runs. "
		     "With --check the exit status is 1 when something is missing.",
	  .examples = "sallyport firewall\n"
		      "sallyport firewall --rules nftables | nft -f -\n"
		      "sallyport firewall --rules windows --side client\n"
		      "sallyport firewall --letter --address ftp.example.com\n"
		      "echo 21, 990, 40000-49999 | sallyport firewall --check -\n"
		      "sallyport firewall --export filezilla --user alice > ftp.xml" },
	{ .name = "doctor simulate",
	  .run = cmd_simulate,
	  .operands = "[CAUSE]",
	  .max_operands = 1,
	  .options = simulate_options,
	  .summary = "Play a wall between a client and a server, for training and tests",
	  .details =
		  "A proxy that fails in the way of one cause of the doctor's catalogue (D-20), or "
		  "passes everything (none). Causes that live inside of TLS take it apart; "
		  "the server's certificate is not verified then, so use no real passwords.",
	  .examples = "sallyport doctor simulate --list\n"
		      "sallyport doctor simulate D-20 --listen 2121 --server ftp.example.com:21\n"
		      "sallyport doctor simulate D-23 --listen 127.0.0.2:2121 --server "
		      "127.0.0.1:3021 \\\n"
		      "    --passive-ports 40000-50000 --open 40000-44999\n"
		      "sallyport doctor simulate D-74 --listen 2121 --server ftp.example.com:21 "
		      "--seconds 10" },
	{ .name = "server-check",
	  .run = cmd_server_check,
	  .operands = "[HOST]",
	  .max_operands = 1,
	  .options = server_check_options,
	  .summary =
		  "Let the running server examine itself, or another server, from where it stands",
	  .details = "Without HOST it comes to itself through its external address, as a client "
		     "outside would.\nWhat it finds is kept with its report on the manager's page "
		     "and in its API. `sallyport doctor`\nexamines from this machine and needs no "
		     "server.",
	  .examples = "sallyport server-check\n"
		      "pass show ftp/probe | sallyport server-check --user probe "
		      "--password-stdin\n"
		      "sallyport server-check --quick ftp.example.com" },
	{ .name = "server-check list",
	  .run = cmd_server_check_list,
	  .operands = "",
	  .summary = "List the examinations that the server has kept, newest first",
	  .details = "They are kept for 30 days, the newest 200.",
	  .examples = "sallyport server-check list" },
	{ .name = "server-check report",
	  .run = cmd_server_check_report,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = server_check_report_options,
	  .summary = "Print the report of one, to send to the other side: it holds no secrets",
	  .details = "With --json all that was seen.",
	  .examples = "sallyport server-check report 3\n"
		      "sallyport server-check report 3 --format html > report.html" },
	{ .name = "server-check remove",
	  .run = cmd_server_check_remove,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Stop one, when it runs, and forget it",
	  .examples = "sallyport server-check remove 3" },
	{ .name = "guest add",
	  .run = cmd_guest_add,
	  .operands = "[FOR-WHOM]",
	  .max_operands = 1,
	  .options = guest_options,
	  .summary = "Make a link for somebody who cannot connect",
	  .details = "Behind it lies one page: the settings to copy, whether the server lets that "
		     "address in, and what\nit sees of the attempts. It is good for the first "
		     "browser that opens it, and for a time.",
	  .examples = "sallyport guest add \"Example Ltd.\" --user alice\n"
		      "sallyport guest add --minutes 60" },
	{ .name = "guest list",
	  .run = cmd_guest_list,
	  .operands = "",
	  .summary = "List the links for guests, and from where they were opened",
	  .examples = "sallyport guest list" },
	{ .name = "guest show",
	  .run = cmd_guest_show,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Show a link, and what the server has seen of who opened it",
	  .examples = "sallyport guest show 3" },
	{ .name = "guest remove",
	  .run = cmd_guest_remove,
	  .operands = "ID",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Withdraw a link: whoever has it sees nothing any more",
	  .examples = "sallyport guest remove 3" },
	{ .name = "cert list",
	  .run = cmd_cert_list,
	  .operands = "",
	  .summary = "List the certificates that clients are shown, by host",
	  .examples = "sallyport cert list" },
	{ .name = "cert show",
	  .run = cmd_cert_show,
	  .operands = "",
	  .options = cert_options,
	  .summary = "Show a host's certificate, its chain and what is wrong with it",
	  .examples = "sallyport cert show\nsallyport cert show --host ftp.example.com" },
	{ .name = "cert install",
	  .run = cmd_cert_install,
	  .operands = "CERTIFICATE [KEY]",
	  .min_operands = 1,
	  .max_operands = 2,
	  .options = cert_install_options,
	  .summary = "Show another certificate to clients, at once and without ending a session",
	  .details = "PEM files: the server's certificate with its chain, and its key, which may "
		     "stand in the same\nfile. What clients would refuse is not taken: a chain "
		     "that is not complete, another name, a\ncertificate that is not valid now, a "
		     "weak key. It serves in place of the configured one.",
	  .examples = "sallyport cert install fullchain.pem privkey.pem\n"
		      "sallyport cert install --host ftp.example.com bundle.pem" },
	{ .name = "cert remove",
	  .run = cmd_cert_remove,
	  .operands = "",
	  .options = cert_options,
	  .summary = "Take an installed certificate away: the configured one serves again",
	  .examples = "sallyport cert remove" },
	{ .name = "cert self-signed",
	  .run = cmd_cert_self_signed,
	  .operands = "[NAME]...",
	  .max_operands = CLI_MAX_OPERANDS,
	  .options = cert_self_signed_options,
	  .summary = "Make a certificate that clients warn of, for tests",
	  .details = "Without names it is for those of the host.",
	  .examples = "sallyport cert self-signed ftp.example.com 203.0.113.5 --days 30" },
	{ .name = "config show",
	  .run = cmd_config_show,
	  .operands = "",
	  .options = show_options,
	  .summary = "Show every setting with its value and where that comes from",
	  .examples = "sallyport config show\nsallyport config show --all" },
	{ .name = "config get",
	  .run = cmd_config_get,
	  .operands = "NAME",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Print the value of one setting",
	  .details = "The value goes to standard output, where it comes from to standard error.",
	  .examples = "sallyport config get passive_ports\n"
		      "range=$(sallyport config get passive_ports 2>/dev/null)" },
	{ .name = "config set",
	  .run = cmd_config_set,
	  .operands = "SETTING VALUE",
	  .min_operands = 2,
	  .max_operands = 2,
	  .summary = "Store a setting in the running server's database and take it up at once",
	  .details = "It is checked together with all others before, and counts until it is "
		     "unset. What the\nconfiguration file or the command line of the server sets "
		     "is stronger and is changed there.",
	  .examples = "sallyport config set passive_ports 40000-40100\n"
		      "sallyport config set external_ip 203.0.113.5" },
	{ .name = "config unset",
	  .run = cmd_config_unset,
	  .operands = "SETTING",
	  .min_operands = 1,
	  .max_operands = 1,
	  .summary = "Take a stored setting back: the default counts again",
	  .examples = "sallyport config unset external_ip" },
	{ .name = "config detect",
	  .run = cmd_config_detect,
	  .operands = "",
	  .summary = "Find the address that clients outside may reach this server at",
	  .details = "Only this machine, its clients and its resolver are asked. What fits goes "
		     "into the setting external_ip.",
	  .examples = "sallyport config detect\n"
		      "sallyport config set external_ip 203.0.113.5" },
	{ .name = "config check",
	  .run = cmd_config_check,
	  .operands = "[FILE]",
	  .max_operands = 1,
	  .summary = "Tell whether the server would accept the configuration",
	  .examples = "sallyport config check\nsallyport config check ./sallyport.conf" },
	{ .name = "config man",
	  .run = cmd_config_man,
	  .operands = "",
	  .summary = "Print the manual page sallyport.conf(5)",
	  .is_hidden = true },
	{ .name = "help",
	  .run = cmd_help,
	  .operands = "[COMMAND]",
	  .max_operands = 2,
	  .summary = "Show all commands, or what one does",
	  .examples = "sallyport help\nsallyport help user add" },
	{ .name = "man",
	  .run = cmd_man,
	  .operands = "",
	  .summary = "Print the manual page sallyport(1)",
	  .is_hidden = true },
};

const struct command *command_at(size_t index)
{
	return index < ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

bool command_is_group(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ')
			return true;
	return false;
}

/* Whole names ("user list", "status") are offered, and for a single word the groups as well. */
const char *command_suggest(const char *group, const char *word)
{
	static const char *const groups[] = {
		"user",	  "group", "session", "transfer", "quota", "storage", "doctor",
		"config", "admin", "key",     "ban",	  "cert",  "guest",
	};
	char typed[64];
	int n = snprintf(typed, sizeof(typed), "%s%s%s", group ? group : "", group ? " " : "",
			 word);
	struct suggestion suggestion = { .typed = { typed, (size_t)n } };

	if (n < 0 || (size_t)n >= sizeof(typed))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!commands[i].is_hidden)
			suggestion_offer(&suggestion, commands[i].name);
	for (size_t i = 0; !group && i < ARRAY_SIZE(groups); i++)
		suggestion_offer(&suggestion, groups[i]);
	return suggestion.nearest;
}
