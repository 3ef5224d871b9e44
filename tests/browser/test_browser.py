"""What an administrator does with the page, and what must never happen there. The stories (*.mjs) say
each step; here is what they need around them."""

import http.client
import subprocess

import pytest

from conftest import ADMIN, READER, administrator, first_link, wall_of_one_machine

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
          "frame-ancestors 'none'")


def test_first_start_leads_to_a_user_who_uploads_and_is_shut_out(start_manager, play):
    server = start_manager()
    play("first_start", server, link=first_link(server))


@pytest.fixture
def managed(start_manager):
    """A server with an administrator, a reader, a user and a group."""
    def start(wrapper=(), **settings):
        server = start_manager(wrapper, **settings)
        administrator(server, ADMIN, "owner")
        administrator(server, READER, "read-only")
        server.add_user("alice")
        server.cli("group", "add", "staff")
        return server
    return start


def test_pages_fit_and_are_accessible_in_light_dark_and_on_a_phone(managed, play):
    server = managed()
    play("pages", server, looks=["light", "dark", "phone"], user="alice", group="staff")


def test_access_by_keyboard_by_role_and_with_a_code(managed, play):
    play("access", managed(), user="alice")


def _expired(authority):
    """A leaf of yesterday, with its chain."""
    folder = authority.folder
    chain, key = authority.issue("expired")
    subprocess.run(["openssl", "x509", "-req", "-in", folder / "expired.csr",
                    "-CA", folder / "intermediate.pem", "-CAkey", folder / "intermediate.key",
                    "-CAcreateserial", "-extfile", folder / "expired.ext", "-days", "-1",
                    "-out", folder / "expired.pem"], check=True, capture_output=True)
    chain.write_text((folder / "expired.pem").read_text()
                     + (folder / "intermediate.pem").read_text())
    return chain, key


def test_certificates_that_do_not_fit_are_refused_and_a_good_one_is_served(managed, play):
    server = managed()
    good, good_key = server.authority.issue("fresh")
    good.write_text(good.read_text() + server.authority.root.read_text())  # nobody else knows it
    _, other_key = server.authority.issue("other")
    expired, expired_key = _expired(server.authority)
    play("certificates", server, user="alice", good=str(good),
         good_key=str(good_key), other_key=str(other_key), expired=str(expired),
         expired_key=str(expired_key), leaf=str(server.authority.folder / "fresh.pem"))


def test_settings_firewall_and_doctor_say_what_does_not_fit(managed, play):
    play("doctor", managed(), user="alice")


def test_guest_link_helps_one_browser_and_no_other(managed, play):
    play("guest", managed(), user="alice")


def test_a_blocked_passive_range_is_seen_with_its_cause_and_remedy(managed, authority, play):
    with wall_of_one_machine() as wall:
        chain, key = authority.issue("walled", [f"IP:{wall.server}"])
        server = managed(wrapper=wall.inside, certificate=chain, private_key=key, data_timeout=3)
        wall.block(server.passive_ports)
        play("connectivity", server, wrapper=wall.inside, user="alice", ftp_host=wall.server,
             open=wall.open, open_network=wall.open_network, blocked=wall.blocked,
             blocked_network=wall.blocked_network,
             passive=f"{server.passive_ports[0]}-{server.passive_ports[-1]}")


def test_every_file_comes_with_the_strict_policy(start_manager):
    server = start_manager()
    for path in ("/", "/app.js", "/style.css", "/vendor/preact.js", "/nothing-here"):
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.headers["Content-Security-Policy"] == POLICY, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        body = answer.read().decode("utf-8")
        assert (answer.status == 404) == (path == "/nothing-here")
        assert "<style" not in body and "style=" not in (body if path == "/" else "")
        connection.close()
