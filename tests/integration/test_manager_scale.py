"""The manager with many users and records: what the pages ask for costs little of its time, and it stays small.

Measured is the processor time of the manager, which a busy machine does not change much, averaged over twenty
requests. SALLYPORT_SCALE=1000000 takes a million records; without it there are as many as are quickly made."""

import os
import sqlite3
import time

import pytest

from sallyport_lab.daemon import UnixHttp

RECORDS = int(os.environ.get("SALLYPORT_SCALE", "200000"))
USERS = 10_000
REQUESTS = 20
MOST_MS = 100
MOST_MIB = 64

SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
# One in a hundred fails; the removals of directories, and what is in /rare, are the oldest.
TRANSFERS = SERIES + """
    INSERT INTO transfers (source, sequence, ended_ms, kind, user, address, session, path, new_path, bytes, duration_ms,
                           is_tls, result, end_state, sha256, data)
    SELECT 1, i, {start} + i * {step}, CASE WHEN i < 50 THEN 5 ELSE i % 3 END, printf('user%05d', i * 7919 % {users}),
           printf('10.%d.%d.%d', i % 3, i * 31 % 250, i * 17 % 250), i / 10,
           CAST(CASE WHEN i < 100 THEN '/rare/' || i ELSE printf('/projects/%03d/data/%d.bin', i % 500, i) END AS BLOB),
           CASE WHEN i % 1000 = 1 THEN CAST('/moved/' || i AS BLOB) ELSE X'' END, i, i % 5000, 1,
           CASE WHEN i % 100 = 0 THEN 'the client went away' ELSE 'complete' END,
           CASE WHEN i % 100 = 0 THEN 'broken' WHEN i % 3 = 2 THEN '' ELSE 'proven' END, '', '' FROM n"""
EVENTS = SERIES + """
    INSERT INTO events (source, sequence, at_ms, kind, severity, user, address, session, text, facts)
    SELECT 1, i, {start} + i * {step}, CASE i % 3 WHEN 0 THEN 'login' WHEN 1 THEN 'logout' ELSE 'login-failed' END,
           i % 3 / 2, printf('user%05d', i % {users}), printf('10.0.%d.%d', i % 250, i * 7 % 250), i, 'Something was done',
           '{{}}' FROM n"""
PEOPLE = SERIES + """
    INSERT INTO users (name, password_hash, home, enabled, permissions, created_ms, updated_ms, quota_bytes)
    SELECT printf('user%05d', i - 1), '$y$j9T$x$y', printf('homes/%05d', i - 1), i % 10 <> 0, 511, {start}, {start},
           CASE WHEN i % 10 = 0 THEN 1000000 END FROM n"""
MEMBERS = SERIES + """
    INSERT INTO user_rights (name, group_name) SELECT printf('user%05d', i - 1), printf('group%02d', i % 50) FROM n"""
AUDIT = SERIES + """
    INSERT INTO audit (time_ms, who, address, action, object, before, after)
    SELECT {start} + i, 'ann', '127.0.0.1', 'user-changed', printf('user%05d', i), '{{}}', '{{}}' FROM n"""
NETWORKS = SERIES + """
    INSERT INTO networks (network, seen_ms, offered, arrived, never, elsewhere, refused, tls_failed, logins, detail)
    SELECT printf('10.%d.%d.0/24', i / 250, i % 250), {now}, 10, 10 - i % 2, i % 2, 0, 0, 0, 3, '' FROM n"""


def fill(path):
    now = int(time.time() * 1000)
    start = now - 20 * 24 * 3600 * 1000
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    indexes = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL "
                         "AND tbl_name = 'transfers'").fetchall()
    for name, _ in indexes:  # it is quicker to make them at the end
        db.execute(f"DROP INDEX {name}")
    db.execute("BEGIN")
    for i in range(50):
        db.execute("INSERT INTO groups (name, permissions, rules, denied, hidden, folders, created_ms, updated_ms) "
                   "VALUES (?, 511, '', '', '', '', ?, ?)", (f"group{i:02}", now, now))
    for sql, count in ((PEOPLE, USERS), (MEMBERS, USERS), (TRANSFERS, RECORDS), (EVENTS, RECORDS // 5),
                       (AUDIT, 10_000), (NETWORKS, 2000)):
        db.execute(sql.format(count=count, start=start, now=now, users=USERS,
                              step=20 * 24 * 3600 * 1000 // count))
    for _, sql in indexes:
        db.execute(sql)
    db.execute("COMMIT")
    db.close()


@pytest.fixture(scope="module")
def server(start_module_server):
    server = start_module_server()
    server.terminate()
    fill(server.folder / "state" / "accounts.db")
    server.log_text_at_end()
    server.start()
    server.manager = server.status()["manager_pid"]
    return server


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def pss_mib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024


HALF = RECORDS // 2
# What the pages of web/ ask for; "since" is ten days ago. The number: how many rows there must be at least.
PAGES = {
    "/users?limit=100": 100,
    "/users?limit=1000&after=user05000": 1000,
    "/users?limit=100&search=99": 100,
    "/users?limit=100&search=nobody-like-this": 0,
    "/users?limit=100&group=group07": 100,
    "/users?limit=100&enabled=false": 100,
    "/users/user05000": None,
    "/groups?limit=1000": 50,
    "/groups/group07": None,
    "/quotas?limit=100": 10,
    "/transfers?limit=100": 100,
    "/transfers?limit=1000": 1000,
    f"/transfers?limit=100&after={HALF}": 100,
    f"/transfers?limit=100&before={HALF}": 100,
    "/transfers?limit=100&before=100": 99,
    "/transfers?limit=100&user=user00007": 10,
    "/transfers?limit=100&user=nobody": 0,
    "/transfers?limit=100&kind=download": 100,
    "/transfers?limit=100&kind=rmdir": 49,
    "/transfers?limit=100&kind=copy": 0,
    "/transfers?limit=100&result=failed": 100,
    "/transfers?limit=100&result=complete": 100,
    "/transfers?limit=100&state=broken": 100,
    "/transfers?limit=100&state=truncated": 0,
    "/transfers?limit=100&state=proven": 100,
    "/transfers?limit=100&path=/rare": 99,
    "/transfers?limit=100&path=/projects": 100,
    "/transfers?limit=100&path=/projects/007": 100,
    "/transfers?limit=100&path=/moved": 100,
    "/transfers?limit=100&path=/nowhere": 0,
    "/transfers?limit=100&address=10.1.31.17": 1,
    "/transfers?limit=100&address=192.0.2.1": 0,
    "/transfers?limit=100&since={since}": 100,
    "/transfers?limit=100&until={since}": 100,
    "/transfers?limit=100&since={since}&until={since}": 0,
    "/transfers?limit=100&user=user00007&result=failed&path=/projects": 0,
    "/transfers?limit=100&kind=upload&state=broken&since={since}": 0,
    "/transfers?limit=1000&state=broken&result=complete": 0,
    "/transfers?limit=1000&kind=download&state=truncated&path=/projects": 0,
    "/transfers?limit=1000&kind=rmdir&path=/projects&result=complete": 0,
    "/events?limit=100": 100,
    "/events?limit=100&user=user00007": 1,
    "/events?limit=100&kind=login-failed": 100,
    "/events?limit=100&search=nothing-like-this": 0,
    "/events?limit=100&severity=warning": 1,
    "/events?limit=100&since={since}": 100,
    "/connectivity?limit=100": 100,
    "/connectivity?limit=100&search=10.3.": 100,
    "/connectivity/ports": None,
    "/overview": None,
    "/sessions?limit=1000": 0,
    "/audit?limit=100": 100,
    "/audit?limit=100&search=user09": 100,
    "/status": None,
    "/settings": None,
    "/bans": 0,
    "/guests": 0,
    "/doctor/runs": 0,
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_little(server, page):
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 10 * 24 * 3600))
    path = page.replace("{since}", since)
    answer = server.get(path)
    if PAGES[page] is not None:
        assert len(next(rows for rows in answer.values() if isinstance(rows, list))) >= PAGES[page]
    before = cpu_ms(server.manager)
    for _ in range(REQUESTS):
        server.raw_request("GET", path)
    each = (cpu_ms(server.manager) - before) / REQUESTS
    if "SALLYPORT_SCALE" in os.environ:
        print(f"\n{each:6.1f} ms  {page}")
    assert each < MOST_MS


def test_metrics_and_memory(server):
    before = cpu_ms(server.manager)
    for _ in range(REQUESTS):
        connection = UnixHttp(server.run_directory / "manager.sock", 20)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.status == 200 and response.read()
        connection.close()
    assert (cpu_ms(server.manager) - before) / REQUESTS < MOST_MS
    assert len(server.raw_request("GET", "/users/export?format=json")[1].splitlines()) > USERS
    for n in range(0, USERS, 1000):
        server.get(f"/users?limit=1000&after=user{n:05}")
    table = server.raw_request("GET", "/users/export?format=csv")[1]
    status, answer = server.raw_request("POST", "/users/import", table, {"Content-Type": "text/csv"}, timeout=60)
    assert status == 200 and f'"updated":{USERS}' in answer.decode().replace(" ", ""), answer
    size = pss_mib(server.manager)
    print(f"{size:.1f} MiB")
    assert size < MOST_MIB
    assert server.status()["manager_pid"] == server.manager, "it is the one that was measured"
