/* accounts/schema.c - see schema.h. A migration that was released never changes; a new one is
 * added. */
#include "accounts/schema.h"

#include "accounts/database.h"

static const char *const migrations[] = {
	/* 1: users. Names are compared by their bytes; times are milliseconds since 1970. */
	"CREATE TABLE users ("
	"  name TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  password_hash TEXT NOT NULL,"
	"  home TEXT NOT NULL,"
	"  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
	"  permissions INTEGER NOT NULL CHECK (permissions >= 0),"
	"  created_ms INTEGER NOT NULL,"
	"  updated_ms INTEGER NOT NULL,"
	"  last_login_ms INTEGER,"
	"  last_login_from TEXT"
	") STRICT, WITHOUT ROWID;",
	/* 2: groups, and what a user may do beyond its permissions: lines of ftp/policy.h. Users
	 * who may do all were never limited, so a group that they join later may do it. */
	"CREATE TABLE groups ("
	"  name TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  permissions INTEGER NOT NULL CHECK (permissions >= 0),"
	"  rules TEXT NOT NULL,"
	"  denied TEXT NOT NULL,"
	"  hidden TEXT NOT NULL,"
	"  folders TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  updated_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE user_rights ("
	"  name TEXT NOT NULL PRIMARY KEY COLLATE BINARY"
	"    REFERENCES users (name) ON DELETE CASCADE,"
	"  group_name TEXT REFERENCES groups (name),"
	"  inherits_permissions INTEGER NOT NULL DEFAULT 0"
	"    CHECK (inherits_permissions IN (0, 1)),"
	"  rules TEXT NOT NULL DEFAULT '',"
	"  denied TEXT NOT NULL DEFAULT '',"
	"  hidden TEXT NOT NULL DEFAULT '',"
	"  folders TEXT NOT NULL DEFAULT ''"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX user_rights_by_group ON user_rights (group_name);"
	"INSERT INTO user_rights (name, inherits_permissions)"
	"  SELECT name, permissions = 511 FROM users;",
	/* 3: limits of a user (ftp/user_limits.h); NULL: as the server's settings say. */
	"ALTER TABLE users ADD COLUMN session_upload_rate INTEGER;"
	"ALTER TABLE users ADD COLUMN session_download_rate INTEGER;"
	"ALTER TABLE users ADD COLUMN user_upload_rate INTEGER;"
	"ALTER TABLE users ADD COLUMN user_download_rate INTEGER;"
	"ALTER TABLE users ADD COLUMN user_sessions INTEGER;"
	"ALTER TABLE users ADD COLUMN upload_size INTEGER;"
	"ALTER TABLE users ADD COLUMN min_rate INTEGER;",
	/* 4: what sessions did with files. source and sequence: the worker and its count, so that a
	 * record that is sent again is stored once. */
	"CREATE TABLE transfers ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  source INTEGER NOT NULL,"
	"  sequence INTEGER NOT NULL,"
	"  ended_ms INTEGER NOT NULL,"
	"  kind INTEGER NOT NULL,"
	"  user TEXT NOT NULL,"
	"  address TEXT NOT NULL,"
	"  session INTEGER NOT NULL,"
	"  path BLOB NOT NULL,"
	"  new_path BLOB NOT NULL,"
	"  bytes INTEGER NOT NULL,"
	"  duration_ms INTEGER NOT NULL,"
	"  is_tls INTEGER NOT NULL,"
	"  result TEXT NOT NULL,"
	"  end_state TEXT NOT NULL,"
	"  sha256 TEXT NOT NULL,"
	"  UNIQUE (source, sequence)"
	") STRICT;"
	"CREATE INDEX transfers_by_time ON transfers (ended_ms);"
	"CREATE INDEX transfers_by_user ON transfers (user, id);",
	/* 5: quotas (ftp/quota.h), ways of uploading, and groups that carry defaults for their
	 * members. Of users NULL is what the group gives; of groups, what the server's settings
	 * say; of a group's quotas 0 is no limit. quota: of all members together; member_quota: of
	 * each. */
	"ALTER TABLE users ADD COLUMN uploads INTEGER;"
	"ALTER TABLE users ADD COLUMN quota_bytes INTEGER;"
	"ALTER TABLE users ADD COLUMN quota_files INTEGER;"
	"ALTER TABLE groups ADD COLUMN session_upload_rate INTEGER;"
	"ALTER TABLE groups ADD COLUMN session_download_rate INTEGER;"
	"ALTER TABLE groups ADD COLUMN user_upload_rate INTEGER;"
	"ALTER TABLE groups ADD COLUMN user_download_rate INTEGER;"
	"ALTER TABLE groups ADD COLUMN user_sessions INTEGER;"
	"ALTER TABLE groups ADD COLUMN upload_size INTEGER;"
	"ALTER TABLE groups ADD COLUMN min_rate INTEGER;"
	"ALTER TABLE groups ADD COLUMN uploads INTEGER;"
	"ALTER TABLE groups ADD COLUMN quota_bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE groups ADD COLUMN quota_files INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE groups ADD COLUMN member_quota_bytes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE groups ADD COLUMN member_quota_files INTEGER NOT NULL DEFAULT 0;",
	/* 6: administrators of the manager, their sessions and keys (of tokens only hashes), the
	 * link for the first one, and who changed what. An empty secret: no codes are asked for. */
	"CREATE TABLE admins ("
	"  name TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  password_hash TEXT NOT NULL,"
	"  role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),"
	"  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
	"  totp_secret TEXT NOT NULL DEFAULT '',"
	"  totp_pending TEXT NOT NULL DEFAULT '',"
	"  totp_step INTEGER NOT NULL DEFAULT 0,"
	"  created_ms INTEGER NOT NULL,"
	"  updated_ms INTEGER NOT NULL,"
	"  last_login_ms INTEGER NOT NULL DEFAULT 0,"
	"  last_login_from TEXT NOT NULL DEFAULT ''"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE admin_sessions ("
	"  token_hash BLOB NOT NULL PRIMARY KEY,"
	"  name TEXT NOT NULL REFERENCES admins (name) ON DELETE CASCADE,"
	"  address TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  used_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX admin_sessions_by_name ON admin_sessions (name);"
	"CREATE TABLE api_keys ("
	"  id TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  name TEXT NOT NULL,"
	"  secret_hash BLOB NOT NULL,"
	"  role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),"
	"  created_by TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  expires_ms INTEGER NOT NULL DEFAULT 0,"
	"  used_ms INTEGER NOT NULL DEFAULT 0,"
	"  used_from TEXT NOT NULL DEFAULT ''"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE setup_link ("
	"  id INTEGER PRIMARY KEY CHECK (id = 1),"
	"  token_hash BLOB NOT NULL,"
	"  expires_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE audit ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  time_ms INTEGER NOT NULL,"
	"  who TEXT NOT NULL,"
	"  address TEXT NOT NULL,"
	"  action TEXT NOT NULL,"
	"  object TEXT NOT NULL,"
	"  before TEXT,"
	"  after TEXT"
	") STRICT;"
	"CREATE INDEX audit_by_who ON audit (who, id);",
	/* 7: from where, until when and how protected users may log in (ftp/access.h). */
	"ALTER TABLE users ADD COLUMN allowed_networks TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE users ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE users ADD COLUMN requires_tls INTEGER NOT NULL DEFAULT 0"
	"  CHECK (requires_tls IN (0, 1));",
	/* 8: networks that get no session. expires_ms 0: for good. */
	"CREATE TABLE bans ("
	"  network TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  reason TEXT NOT NULL,"
	"  banned_by TEXT NOT NULL,"
	"  is_automatic INTEGER NOT NULL CHECK (is_automatic IN (0, 1)),"
	"  created_ms INTEGER NOT NULL,"
	"  expires_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;",
	/* 9: what the manager edits and keeps: settings (settings/stored.c), runs of the doctor
	 * with their answers, guest links (token and browser as hashes only). */
	"CREATE TABLE settings ("
	"  name TEXT NOT NULL PRIMARY KEY,"
	"  value TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE doctor_runs ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  started_ms INTEGER NOT NULL,"
	"  ended_ms INTEGER NOT NULL DEFAULT 0,"
	"  state TEXT NOT NULL,"
	"  host TEXT NOT NULL,"
	"  by TEXT NOT NULL,"
	"  options TEXT NOT NULL,"
	"  error TEXT NOT NULL DEFAULT '',"
	"  verdict TEXT NOT NULL DEFAULT '',"
	"  sentence TEXT NOT NULL DEFAULT '',"
	"  steps TEXT NOT NULL DEFAULT '[]',"
	"  answer TEXT,"
	"  report_html TEXT,"
	"  report_md TEXT"
	") STRICT;"
	"CREATE TABLE guests ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  token_hash TEXT NOT NULL UNIQUE,"
	"  name TEXT NOT NULL,"
	"  user TEXT NOT NULL,"
	"  by TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL,"
	"  expires_ms INTEGER NOT NULL,"
	"  browser_hash TEXT NOT NULL DEFAULT '',"
	"  opened_ms INTEGER NOT NULL DEFAULT 0,"
	"  opened_from TEXT NOT NULL DEFAULT ''"
	") STRICT;",
	/* 10: what became of data connections (ftp/data_record.h), with transfers and by
	 * themselves; what else happened (facts: JSON); from where clients get through, and at
	 * which ports. */
	"ALTER TABLE transfers ADD COLUMN data TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE events ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  source INTEGER,"
	"  sequence INTEGER,"
	"  at_ms INTEGER NOT NULL,"
	"  kind TEXT NOT NULL,"
	"  severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 2),"
	"  user TEXT NOT NULL,"
	"  address TEXT NOT NULL,"
	"  session INTEGER NOT NULL,"
	"  text TEXT NOT NULL,"
	"  facts TEXT NOT NULL,"
	"  UNIQUE (source, sequence)"
	") STRICT;"
	"CREATE INDEX events_by_time ON events (at_ms);"
	"CREATE INDEX events_by_user ON events (user, id);"
	"CREATE TABLE networks ("
	"  network TEXT NOT NULL PRIMARY KEY COLLATE BINARY,"
	"  seen_ms INTEGER NOT NULL,"
	"  offered INTEGER NOT NULL,"
	"  arrived INTEGER NOT NULL,"
	"  never INTEGER NOT NULL,"
	"  elsewhere INTEGER NOT NULL,"
	"  refused INTEGER NOT NULL,"
	"  tls_failed INTEGER NOT NULL,"
	"  logins INTEGER NOT NULL,"
	"  detail TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE passive_ports ("
	"  port INTEGER NOT NULL PRIMARY KEY,"
	"  offered INTEGER NOT NULL,"
	"  connected INTEGER NOT NULL,"
	"  timed_out INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE data_failures ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  at_ms INTEGER NOT NULL,"
	"  network TEXT NOT NULL,"
	"  user TEXT NOT NULL,"
	"  address TEXT NOT NULL,"
	"  session INTEGER NOT NULL,"
	"  kind TEXT NOT NULL,"
	"  path BLOB NOT NULL,"
	"  data TEXT NOT NULL,"
	"  timeline TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX data_failures_by_network ON data_failures (network, id);"
	"CREATE INDEX data_failures_by_session ON data_failures (session, id);",
	/* 11: the ways into the records of transfers that are asked for (transfer_search.c). */
	"CREATE INDEX transfers_by_address ON transfers (address, id);"
	"CREATE INDEX transfers_by_kind ON transfers (kind, id);"
	"CREATE INDEX transfers_by_state ON transfers (end_state, id);"
	"CREATE INDEX transfers_failed ON transfers (id) WHERE result <> 'complete';"
	"CREATE INDEX transfers_by_path ON transfers (path);"
	"CREATE INDEX transfers_by_new_path ON transfers (new_path) WHERE new_path <> X'';",
};

unsigned schema_latest(void)
{
	return ARRAY_SIZE(migrations);
}

/* The first column of the first row as a number. */
static int query_int(sqlite3 *db, const char *sql, int *ret)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	return database_errno(code);
}

int schema_version(sqlite3 *db)
{
	int version = 0;
	int r = query_int(db, "PRAGMA user_version", &version);

	return r < 0 ? r : version;
}

static int check_ours(sqlite3 *db, int version)
{
	int tables = 0;

	if (version > (int)schema_latest())
		return -ENOTSUP;
	if (version < 0)
		return -EINVAL;
	if (version > 0)
		return 0;
	int r = query_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (r < 0)
		return r;
	return tables > 0 ? -EINVAL : 0;
}

/* Runs inside the transaction: another process may have been faster, so the version is read
 * here. */
static int migrate_step(sqlite3 *db, unsigned target)
{
	char set_version[64];
	int version = 0;

	int r = query_int(db, "PRAGMA user_version", &version);
	if (r < 0)
		return r;
	r = check_ours(db, version);
	if (r < 0)
		return r;
	if ((unsigned)version >= target)
		return 0;
	r = database_run(db, migrations[version]);
	if (r < 0)
		return r;
	(void)snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", version + 1);
	r = database_run(db, set_version);
	return r < 0 ? r : 1;
}

int schema_migrate(sqlite3 *db, unsigned target)
{
	int r;

	do {
		r = database_run(db, "BEGIN IMMEDIATE");
		if (r < 0)
			return r;
		r = migrate_step(db, target);
		int ended = database_run(db, r < 0 ? "ROLLBACK" : "COMMIT");
		if (r >= 0 && ended < 0)
			r = ended;
	} while (r > 0);
	return r;
}
