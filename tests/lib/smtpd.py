#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""smtpd.py: a mail server without limits, for tokens no other one takes.

    smtpd.py DIR PORT [MECHANISM]

Listens on 127.0.0.1, wants STARTTLS (DIR/pki/srv.{crt,key}) and AUTH XOAUTH2,
or the MECHANISM.
Every response of a client goes, decoded, into a file DIR/smtpd/N, and counts
as right; every message is taken and thrown away.
"""
import base64
import os
import socket
import socketserver
import ssl
import sys
import threading

DIRECTORY = sys.argv[1]
MECHANISM = sys.argv[3] if len(sys.argv) > 3 else "XOAUTH2"
LOCK, SEEN = threading.Lock(), []


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def line(self):
        return self.rfile.readline().decode().rstrip("\r\n")

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{DIRECTORY}/pki/srv.crt",
                                f"{DIRECTORY}/pki/srv.key")
        self.connection = context.wrap_socket(self.request, server_side=True)
        self.request = self.connection
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def authenticate(self, words):
        if len(words) < 3:
            self.say("334 ")
            words.append(self.line())
        with LOCK:
            SEEN.append(None)
            name = f"{DIRECTORY}/smtpd/{len(SEEN)}"
        with open(name, "wb") as out:
            out.write(base64.b64decode(words[2], validate=True))
        self.say("235 2.7.0 as you say")

    def handle(self):
        tls = False
        self.say("220 localhost")
        while line := self.line():
            words = line.split(" ")
            verb = words[0].upper()
            if verb == "EHLO":
                self.say("250-localhost")
                self.say(f"250 AUTH {MECHANISM}" if tls else "250 STARTTLS")
            elif verb == "STARTTLS":
                self.say("220 go ahead")
                self.start_tls()
                tls = True
            elif verb == "AUTH":
                self.authenticate(words)
            elif verb == "DATA":
                self.say("354 go ahead")
                while self.line() != ".":
                    pass
                self.say("250 2.0.0 taken")
            elif verb == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


WHERE = os.environ.get("TAP_LOOP", "127.0.0.1")
if ":" in WHERE:
    Server.address_family = socket.AF_INET6
Server((WHERE, int(sys.argv[2])), Session).serve_forever()
