"""A browser's side of the manager: HTTP with a cookie jar of one cookie and the token against forgery."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import struct
import time

ADMIN_PASSWORD = "ten bytes or more"


class Browser:
    def __init__(self, port, host="127.0.0.1", context=None, timeout=20, source=None):
        self.port, self.host, self.context, self.timeout = port, host, context, timeout
        self.source = (source, 0) if source else None
        self.cookie = self.csrf = None
        self.headers = {}  # of every request, besides ours
        self.answer = None  # the last one, with its headers

    def connect(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=self.timeout,
                                               source_address=self.source)
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout,
                                          source_address=self.source)

    def raw(self, method, path, body=None, headers=None):
        """(status, bytes)."""
        connection = self.connect()
        try:
            given = {"Cookie": self.cookie} if self.cookie else {}
            if self.csrf and method not in ("GET", "HEAD"):
                given["X-CSRF-Token"] = self.csrf
            connection.request(method, path, body, given | self.headers | (headers or {}))
            self.answer = connection.getresponse()
            content = self.answer.read()
        finally:
            connection.close()
        cookie = self.answer.getheader("Set-Cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
        return self.answer.status, content

    def ask(self, method, path, body=None, headers=None):
        """(status, JSON or None)."""
        payload = None if body is None else json.dumps(body)
        kind = {"Content-Type": "application/json"} if payload else {}
        status, content = self.raw(method, "/api/v1" + path, payload, kind | (headers or {}))
        answer = json.loads(content) if content else None
        if isinstance(answer, dict) and answer.get("csrf"):
            self.csrf = answer["csrf"]
        return status, answer

    def log_in(self, name, password=ADMIN_PASSWORD, **more):
        status, answer = self.ask("POST", "/auth/login", {"name": name, "password": password, **more})
        assert status == 200, answer
        return self


def first_link(server):
    """The token of the link in the log."""
    line = server.log.wait_for(r"first-administrator ")
    return re.search(r"setup\?token=([0-9a-f]+)", line)[1]


def totp(secret, step=None):
    """RFC 6238, as an authenticator computes it."""
    step = int(time.time()) // 30 if step is None else step
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"
