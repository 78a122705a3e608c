#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""endpoint.py: a token endpoint that answers what real ones never do on demand.

    endpoint.py [--http] [--cert NAME] [--device JSON] [--listen ADDRESS:PORT]
                [--skew SECONDS] DIR [ANSWER]...

Listens on 127.0.0.1, TLS with DIR/pki/NAME.{crt,key} (srv), and writes the port
to DIR/endpoint.port by rename. Request n gets ANSWER n, the last one for ever
(default: ok). A POST to /_test/script replaces the list, one ANSWER a line.
Every request is a JSON line in DIR/endpoint.requests: path, method, headers,
form (name -> list of values). GET /_test/count says how many POSTs there were.
Other GETs are 404, or have answers of their own: POST /_test/get, as script.
With --skew its clock, the header Date, is that much ahead of this host's; a
POST of a number to /_test/skew changes that.
A POST to a path that ends in /devicecode gets the --device object instead, or
what was the body of a POST to /_test/device.

ANSWER, with optional arguments after colons:
  ok[:TOKEN[:SECONDS]]    a good answer       raw:TEXT        200 and this JSON
  fields:JSON             a good answer with these members changed (null: gone)
  html empty truncated    deep[:N] (nested arrays)   huge[:MB] (streamed)
  no-token control-token spaced-token long-token:N
  error:CODE[:TEXT]       400 with error and error_description
  aadsts:N[:CODE[:SUBERROR]]   400 as Entra writes it
  pending slow-down declined expired           the device flow's errors
  status:N[:TEXT]         any status          retry:STATUS:VALUE  Retry-After
  redirect:STATUS:URL     drop hang           drip[:SECONDS] (one byte each)
  header:NAME=VALUE       a good answer with this header
  challenge:VALUE         401 with WWW-Authenticate: VALUE
  slow:SECONDS:ANSWER     that answer, later
  rotates:PREFIX          a refresh token that is worth one use: PREFIX0 gives
                          PREFIX1, and so on; one that is spent ends them all.
                          Any other grant begins anew, as a POST of a number to
                          /_test/rotate does; a GET there gives the number
  grants[:SECONDS]        the same for any number of grants, after that time:
                          whoever comes without a refresh token begins one, and
                          one that comes twice ends its own
"""
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse

GOOD = {"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600,
        "access_token": "endpoint-token-1"}
FLOW = {"pending": "authorization_pending", "slow-down": "slow_down",
        "declined": "authorization_declined", "expired": "expired_token"}


def good(**changes):
    both = {**GOOD, **changes}
    return json.dumps({k: v for k, v in both.items() if v is not None})


def aadsts(number, code="invalid_grant", suberror=""):
    return json.dumps({
        "error": code, "suberror": suberror or None,
        "error_description": f"AADSTS{number}: something about {number}. "
        "Trace ID: 0 Correlation ID: 1 Timestamp: 2026-01-01 00:00:00Z",
        "error_codes": [int(number)], "trace_id": "0", "correlation_id": "1",
        "timestamp": "2026-01-01 00:00:00Z",
        "error_uri": f"https://login.example/error?code={number}"})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(
            (timestamp or time.time()) + self.server.skew)

    def reply(self, status, body, headers=()):
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": "application/json",
                            "Cache-Control": "no-store",
                            "Content-Length": str(len(data)),
                            "Connection": "close", **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def stream(self, pieces, pause=0.0):
        """An answer without a length, as fast or as slowly as one likes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            if pause:
                time.sleep(pause)

    def do_GET(self):
        if self.path == "/_test/count":
            return self.reply(200, f"{self.server.posts}\n")
        if self.path == "/_test/rotate":
            return self.reply(200, f"{self.server.turn}\n")
        self.server.note(self, {})
        return self.act(self.server.next(self.server.gets))

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode("utf-8", "surrogateescape")
        if self.path == "/_test/script":
            self.server.rewrite(self.server.script, body.splitlines())
            return self.reply(200, "{}")
        if self.path == "/_test/get":
            self.server.rewrite(self.server.gets, body.splitlines())
            return self.reply(200, "{}")
        if self.path == "/_test/rotate":
            self.server.turn = int(body)
            return self.reply(200, "{}")
        if self.path == "/_test/device":
            self.server.device = body
            return self.reply(200, "{}")
        if self.path == "/_test/skew":
            self.server.skew = int(body)
            return self.reply(200, "{}")
        form = urllib.parse.parse_qs(body, keep_blank_values=True)
        self.server.note(self, form)
        if self.path.endswith("/devicecode"):
            return self.reply(200, self.server.device)
        self.form = form
        return self.act(self.server.next(self.server.script))

    def renew(self, seconds):
        token = self.server.renew(self.form.get("refresh_token", [None])[0])
        time.sleep(float(seconds or 0))
        if token is None:
            return self.reply(400, '{"error":"invalid_grant"}')
        return self.reply(200, good(access_token="of-" + token,
                                    refresh_token=token))

    def rotate(self, prefix):
        with self.server.lock:
            token = self.form.get("refresh_token", [None])[0]
            if token is None:
                self.server.turn = 0
            if token not in (None, f"{prefix}{self.server.turn}"):
                self.server.turn = -1
            if self.server.turn < 0:
                return self.reply(400, json.dumps(
                    {"error": "invalid_grant", "error_description": "reused"}))
            self.server.turn += 1
            return self.reply(200, good(
                access_token=f"access-{self.server.turn}",
                refresh_token=f"{prefix}{self.server.turn}"))

    def act(self, answer):
        name, *args = answer.split(":", 1)
        rest = args[0] if args else ""
        part = rest.split(":")
        if name == "slow":
            seconds, later = rest.split(":", 1)
            time.sleep(float(seconds))
            return self.act(later)
        if name == "grants":
            return self.renew(rest)
        if name == "rotates":
            return self.rotate(rest)
        if name == "ok":
            changes = {}
            if part[0]:
                changes["access_token"] = part[0]
            if len(part) > 1:
                changes["expires_in"] = int(part[1])
            return self.reply(200, good(**changes))
        if name == "raw":
            return self.reply(200, rest)
        if name == "fields":
            return self.reply(200, good(**json.loads(rest)))
        if name == "html":
            page = "<!DOCTYPE html><html><body>Sign in</body></html>"
            return self.reply(200, page, {"Content-Type": "text/html"})
        if name == "empty":
            return self.reply(200, "")
        if name == "truncated":
            data = good()
            return self.reply(200, data[:len(data) // 2],
                              {"Content-Length": str(len(data))})
        if name == "deep":
            n = int(rest or 100000)
            return self.reply(200, "[" * n + "]" * n)
        if name == "huge":
            block = b" " * (1 << 20)
            return self.stream(block for _ in range(int(rest or 64)))
        if name == "no-token":
            return self.reply(200, good(access_token=None))
        if name == "control-token":
            return self.reply(200, good(access_token="abc\x01auth=Bearer x"))
        if name == "spaced-token":
            return self.reply(200, good(access_token="abc def"))
        if name == "long-token":
            return self.reply(200, good(access_token="x" * int(rest)))
        if name in FLOW:
            return self.reply(400, json.dumps({"error": FLOW[name]}))
        if name == "error":
            return self.reply(400, json.dumps(
                {"error": part[0], "error_description": ":".join(part[1:])}))
        if name == "aadsts":
            return self.reply(400, aadsts(*part))
        if name == "status":
            return self.reply(int(part[0]), ":".join(part[1:]))
        if name == "retry":
            status, value = rest.split(":", 1)
            return self.reply(int(status), '{"error":"temporarily_unavailable"}',
                              {"Retry-After": value})
        if name == "redirect":
            status, url = rest.split(":", 1)
            return self.reply(int(status), "", {"Location": url})
        if name == "header":
            header, value = rest.split("=", 1)
            return self.reply(200, good(), {header: value})
        if name == "challenge":
            return self.reply(401, "", {"WWW-Authenticate": rest})
        if name == "hang":
            time.sleep(600)
        if name == "drip":
            data = (good() + " " * 600).encode()
            return self.stream((bytes([b]) for b in data), float(rest or 1))
        self.close_connection = True  # drop, hang, and whatever is misspelt
        return self.connection.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, directory, script, device, context):
        super().__init__(address, Handler)
        self.directory, self.device = directory, device
        self.context, self.lock = context, threading.Lock()
        self.script, self.posts, self.skew = script or ["ok"], 0, 0
        self.turn = 0
        self.gets = ["status:404:{}"]
        self.newest = {}  # of each grant; None where it was ended

    def finish_request(self, request, client_address):
        # In the connection's own thread: a client that never says hello must
        # not stop the others.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        print(f"connection: {sys.exc_info()[1]!r}", flush=True)

    def rewrite(self, script, answers):
        with self.lock:
            script[:] = [a for a in answers if a] or ["ok"]

    def next(self, script):
        with self.lock:
            first = script[0]
            if len(script) > 1:
                del script[0]
            return first

    def renew(self, token):
        with self.lock:
            grant = token or f"grant-{len(self.newest)}"
            grant, _, n = grant.partition(".")
            if self.newest.setdefault(grant, 0) != int(n or 0):
                self.newest[grant] = None
                return None
            self.newest[grant] += 1
            return f"{grant}.{self.newest[grant]}"

    def note(self, handler, form):
        with self.lock:
            self.posts += handler.command == "POST"
            with open(f"{self.directory}/endpoint.requests", "a") as out:
                out.write(json.dumps({
                    "method": handler.command, "path": handler.path,
                    "headers": {k.lower(): v for k, v in handler.headers.items()},
                    "form": form}) + "\n")


def main():
    args = sys.argv[1:]
    options = {"--cert": "srv", "--device": None, "--skew": "0",
               "--listen": os.environ.get("TAP_LOOP", "127.0.0.1") + ":0"}
    plain = False
    while args and args[0].startswith("--"):
        option = args.pop(0)
        if option == "--http":
            plain = True
        elif option in options:
            options[option] = args.pop(0)
        else:
            sys.exit(__doc__)
    if not args:
        sys.exit(__doc__)
    directory, script = args[0], args[1:]
    context = None
    if not plain:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{directory}/pki/{options['--cert']}.crt",
                                f"{directory}/pki/{options['--cert']}.key")
    device = options["--device"] or json.dumps({
        "device_code": "device-code-1", "user_code": "ABCD-EFGH",
        "verification_uri": "https://login.example/device",
        "expires_in": 900, "interval": 1, "message": "Open the page."})
    host, where = options["--listen"].rsplit(":", 1)
    if ":" in host:
        Server.address_family = socket.AF_INET6
    server = Server((host, int(where)), directory, script, device, context)
    server.skew = int(options["--skew"])
    port = f"{directory}/endpoint.port"
    with open(port + ".new", "w") as out:
        out.write(f"{server.server_address[1]}\n")
    os.rename(port + ".new", port)
    server.serve_forever()


main()
