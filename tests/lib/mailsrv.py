#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""mailsrv.py: a mail server that does what it is told, wrong things above all.

    mailsrv.py DIR [::1]

Listens on 127.0.0.1 (or ::1) and writes its port to DIR/mailsrv.port. DIR/mode is read
for each connection: words between blanks,

    imap | pop3 | smtp
    implicit          TLS from the first byte; otherwise STARTTLS
    cert=NAME         DIR/pki/NAME.{crt,key}; srv by default
    tls=1.1           no newer version
    drop=STEP         hang up instead of answering; silent=STEP: say nothing,
    garbage=STEP      say what no mail server says; endless=STEP: no end of line
    flood=STEP        lines of a reply that never ends; drip=STEP: one byte now
                      and then; DIR/taken has the bytes that somebody took
    early=STEP        the good answer to what comes next, in advance
    slow=N            N seconds before each answer
    mechs=A,B         XOAUTH2 by default; "mechs=" for none
    nostarttls        not offered
    inject            plaintext in the packet that answers STARTTLS
    long              12 KB of text in each answer
    hostile           what DIR/hostile says in each answer, and in a challenge
    caps=N            N bytes of capabilities that nobody knows
    refuse=WORD       refuse the token: auth, later, echo, challenge, bye
    folder=WORD       what EXAMINE says: ok or no
    fill=N up=N       after the login N bytes down and up, and the end

STEP: greeting, caps, starttls, tls, caps2, auth, response, visit. Every response
of a client goes, decoded, to DIR/seen, and what it says after that to DIR/heard.
"""
import base64
import json
import os
import select
import socket
import socketserver
import ssl
import sys
import threading
import time

DIRECTORY = sys.argv[1]
LOCK = threading.Lock()
PAD = "padding " * 1536


class Gone(Exception):
    pass


class Session(socketserver.BaseRequestHandler):
    def setup(self):
        with open(f"{DIRECTORY}/mode", encoding="ascii") as mode:
            words = mode.read().split()
        self.flags = set(words)
        self.mode = dict(w.split("=", 1) for w in words if "=" in w)
        self.proto = words[0]
        self.secure, self.buffer, self.tag = False, b"", "*"
        self.long = " " + PAD if "long" in self.flags else ""
        if "hostile" in self.flags:
            with open(f"{DIRECTORY}/hostile", encoding="utf-8",
                      errors="surrogateescape", newline="") as text:
                self.long = " " + text.read()

    # ----- bytes

    def put(self, data):
        self.request.sendall(data)

    def say(self, text):
        self.put(text.encode("utf-8", "surrogateescape"))

    def line(self):
        while b"\n" not in self.buffer:
            data = self.request.recv(65536)
            if not data:
                raise Gone
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def step(self, name):
        """What the mode wants to go wrong here."""
        if self.mode.get("drop") == name:
            raise Gone
        if self.mode.get("silent") == name:
            while self.request.recv(65536):
                pass
            raise Gone
        if self.mode.get("garbage") == name:
            self.put(b"\x00\xff garbage \x1b[31m\r\n")
        if self.mode.get("endless") == name:
            while True:
                self.put(b"y" * 65536)
        if self.mode.get("flood") == name:
            code = {"greeting": "220", "starttls": "220", "response": "235"}
            self.pour({"imap": b"* 1 EXISTS\r\n", "pop3": b"+OK\r\nX-MORE\r\n",
                       "smtp": f"{code.get(name, '250')}-x\r\n".encode(),
                       }[self.proto] * 4096, 0)
        if self.mode.get("drip") == name:
            self.pour(b"2", 0.1)
        if "slow" in self.mode:
            time.sleep(float(self.mode["slow"]))

    def pour(self, data, pause):
        """Until the client has had enough."""
        taken = 0
        try:
            while True:
                self.put(data)
                taken += len(data)
                time.sleep(pause)
        finally:
            with LOCK, open(f"{DIRECTORY}/taken", "w", encoding="ascii") as f:
                f.write(str(taken))

    def early(self, name, text):
        """What belongs behind the next command, with what is sent now."""
        return text if self.mode.get("early") == name else ""

    def start_tls(self):
        self.step("tls")
        name = f"{DIRECTORY}/pki/{self.mode.get('cert', 'srv')}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.crt", f"{name}.key")
        if self.mode.get("tls") == "1.1":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.request = context.wrap_socket(self.request, server_side=True)
        self.secure = True

    # ----- words

    def ok(self, text):
        start = {"imap": f"{self.tag} OK", "pop3": "+OK", "smtp": "250"}
        self.say(f"{start[self.proto]} {text}{self.long}\r\n")

    def greeting(self):
        start = {"imap": "* OK", "pop3": "+OK", "smtp": "220"}[self.proto]
        self.say(f"{start} ready{self.long}\r\n")

    def capabilities(self):
        mechs = [m for m in self.mode.get("mechs", "XOAUTH2").split(",") if m]
        tls = not self.secure and "nostarttls" not in self.flags
        many = ["X" * 99] * (int(self.mode.get("caps", 0)) // 100)
        if self.proto == "imap":
            words = ["IMAP4rev1"] + many
            words += ["SASL-IR"] if "early" not in self.mode else []
            words += ["AUTH=" + m for m in mechs]
            words += ["STARTTLS"] if tls else []
            self.put(f"* CAPABILITY {' '.join(words)}\r\n".encode())
            self.ok("done")
        elif self.proto == "pop3":
            lines = ["+OK", "UIDL"] + many + ["SASL " + " ".join(mechs)]
            lines += ["STLS"] if tls else []
            self.put("\r\n".join(lines + [".", ""]).encode())
        else:
            lines = ["localhost" + self.long] + many
            lines += ["AUTH " + " ".join(mechs)]
            lines += ["STARTTLS"] if tls else []
            for line in lines:
                self.say(f"250-{line}\r\n")
            self.ok("8BITMIME")

    def command(self):
        words = self.line().split(" ")
        if self.proto == "imap":
            self.tag = words.pop(0)
        return words[0].upper(), words[1:]

    def more(self, text):
        self.put({"smtp": f"334 {text}\r\n"}.get(
            self.proto, f"+ {text}\r\n").encode())

    def no(self, text, later=False):
        self.say({
            "imap": f"{self.tag} NO {'[UNAVAILABLE]' if later else ''}{text}",
            "pop3": f"-ERR {'[SYS/TEMP] ' if later else ''}{text}",
            "smtp": f"{'454 4.7.0' if later else '535 5.7.3'} {text}",
        }[self.proto] + self.long + "\r\n")

    # ----- the conversation

    def authenticate(self, words):
        if len(words) < 2:
            self.step("auth")
            if self.mode.get("early") == "auth":
                self.ok("yours")
            else:
                done = {"imap": f"{self.tag} OK", "pop3": "+OK",
                        "smtp": "235"}[self.proto]
                self.more(self.early("response", f"\r\n{done} yours"))
            words.append(self.line())
        self.step("response")
        response = base64.b64decode(words[1])
        with LOCK, open(f"{DIRECTORY}/seen", "ab") as seen:
            seen.write(response + b"\n")
        token = response.split(b"Bearer ")[1].split(b"\x01")[0]
        how = self.mode.get("refuse")
        if how == "echo":
            self.more(base64.b64encode(
                b'{"status":"401","scope":"' + token + b'"}').decode())
            self.line()
            encoded = base64.b64encode(b"x" + token).decode()
            self.no(f"Authentication {words[1]} {token.decode()} {encoded}")
        elif how == "challenge":
            self.more(base64.b64encode(json.dumps({
                "status": "401" + self.long, "schemes": "bearer"},
                separators=(",", ":")).encode()).decode())
            self.line()
            self.no("Authentication unsuccessful [HOST.example]")
        elif how == "bye":
            self.say(f"* BYE too many connections{self.long}\r\n")
            raise Gone
        elif how:
            self.no("Authentication unsuccessful", how == "later")
        elif self.proto == "smtp":
            self.put(b"235 2.7.0 yours\r\n")
        else:
            self.ok("yours")
        return not how

    def visit(self):
        while True:
            verb, words = self.command()
            with LOCK, open(f"{DIRECTORY}/heard", "a", encoding="latin-1") as f:
                f.write(" ".join([verb] + words) + "\n")
            self.step("visit")
            if verb == "EXAMINE" and self.mode.get("folder") == "no":
                self.no("User is authenticated but not connected.")
            elif verb == "LIST":
                self.put(b'* LIST () "/" {9}\r\nexo5 OK\r\n\r\n')
                self.put(b'* LIST () "/" INBOX\r\n')
                self.ok("listed")
            elif verb == "DATA":
                self.put(f"354 go\r\n{self.early('data', '250 ok')}\r\n"
                         .encode().replace(b"\r\n\r\n", b"\r\n"))
                while self.line() != ".":
                    pass
                self.ok("taken")
            elif verb in ("QUIT", "LOGOUT"):
                self.ok("bye")
                return
            else:
                self.ok(verb.lower() + " 1 39")

    def fill(self, down, up):
        """Bytes down, while those that come up are read, in one thread:
        Python's TLS sockets do not take two."""
        block = memoryview(bytes(range(256)) * 512)
        sent = 0
        self.request.setblocking(False)
        while down > 0 or up > 0:
            busy = False
            try:
                if down > 0:
                    at = sent % 256
                    n = self.request.send(block[at:at + min(down, 65536)])
                    sent, down, busy = sent + n, down - n, True
            except ssl.SSLWantWriteError:
                pass
            try:
                if up > 0:
                    data = self.request.recv(65536)
                    if not data:
                        raise Gone
                    up, busy = up - len(data), True
            except ssl.SSLWantReadError:
                pass
            if not busy:
                select.select([self.request] if up > 0 else [],
                              [self.request] if down > 0 else [], [], 1)
        self.request.setblocking(True)

    def talk(self):
        if "implicit" in self.flags:
            self.start_tls()
        self.step("greeting")
        self.greeting()
        while True:
            verb, words = self.command()
            if verb in ("CAPABILITY", "CAPA", "EHLO"):
                self.step("caps2" if self.secure else "caps")
                self.capabilities()
            elif verb in ("STARTTLS", "STLS"):
                self.step("starttls")
                start = {"imap": f"{self.tag} OK", "pop3": "+OK", "smtp": "220"}
                extra = b"* injected\r\n" if "inject" in self.flags else b""
                self.put(f"{start[self.proto]} go\r\n".encode() + extra)
                self.start_tls()
            elif verb in ("AUTH", "AUTHENTICATE"):
                if not self.authenticate(words):
                    continue
                if "fill" in self.mode:
                    self.fill(int(self.mode["fill"]),
                              int(self.mode.get("up", 0)))
                    return
                self.visit()
                return
            else:
                self.ok("bye")
                return

    def handle(self):
        try:
            self.talk()
        except (Gone, OSError):
            pass

    def finish(self):
        if self.secure:
            try:
                self.request.unwrap()
            except (OSError, ValueError):
                pass
        self.request.close()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64


WHERE = (*sys.argv[2:], os.environ.get("TAP_LOOP", "127.0.0.1"))[0]
if ":" in WHERE:
    Server.address_family = socket.AF_INET6
with Server((WHERE, 0), Session) as server:
    with open(f"{DIRECTORY}/mailsrv.port.new", "w", encoding="ascii") as out:
        out.write(str(server.server_address[1]))
    os.rename(f"{DIRECTORY}/mailsrv.port.new", f"{DIRECTORY}/mailsrv.port")
    server.serve_forever()
