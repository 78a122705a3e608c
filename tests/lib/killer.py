#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""killer.py: kills exoauth at random moments beside a strict provider.

    killer.py EXOAUTH DIR USER KIND:COUNT...

The provider rotates refresh tokens: the old one is dead before the answer
leaves, and one that comes a second time ends the grant. Each round makes a
token due, starts the KIND, sends a signal 3 to 40 ms later (every second time
up to 15 ms after the provider was asked, so that a slow machine hits as well),
and then runs an ordinary `exoauth refresh --force`: if the provider refuses that, the credential
was lost. Prints a line per kind: KIND ROUNDS SPENT LOST, where SPENT counts
the rounds in which the provider had answered. Four workers, each with a
configuration of its own. USER is run_as where this is root.

KIND: refresh, all, token, stdin, listen, group, pid1, helper (a deadline of
3 to 40 ms instead of a signal), host (a signal to the group of the asker),
adopt, code.
"""
import http.server
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

# A shell has what it starts in the background ignore these two.
for ignored in signal.SIGINT, signal.SIGQUIT:
    signal.signal(ignored, signal.SIG_DFL)
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
           signal.SIGALRM, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2,
           signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU, signal.SIGPWR,
           signal.SIGIO]
WORKERS = 4
LOOP = os.environ.get("TAP_LOOP", "127.0.0.1")
LOOP_URL = os.environ.get("TAP_LOOP_URL", LOOP)


class Provider(http.server.ThreadingHTTPServer):
    """Tokens are NAME.GRANT.GENERATION; codes are code-NAME.GRANT."""
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if ":" in LOOP else socket.AF_INET

    def __init__(self):
        super().__init__((LOOP, 0), Answer)
        self.lock = threading.Lock()
        self.current, self.dead, self.spent = {}, set(), {}
        self.asked, self.grants = {}, {}
        self.url = f"http://{LOOP_URL}:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # a client that was killed

    def grant(self, name):
        """A new grant, by a person."""
        with self.lock:
            self.current[name] = 0
            self.spent[name] = 0
            self.asked.setdefault(name, threading.Event())
            self.grants[name] = self.grants.get(name, 0) + 1
            self.dead.discard(name)
            return f"{name}.{self.grants[name]}"

    def take(self, form):
        with self.lock:
            if form["grant_type"][0] == "authorization_code":
                token = form["code"][0][5:] + ".0"
            else:
                token = form["refresh_token"][0]
            name, grant, generation = token.rsplit(".", 2)
            if int(grant) != self.grants[name]:
                return None  # of one that was killed, and late
            if name in self.dead or int(generation) != self.current[name]:
                self.dead.add(name)
                return None
            self.current[name] += 1
            self.spent[name] += 1
            self.asked[name].set()
            return f"{name}.{grant}.{self.current[name]}"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        pass

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        token = self.server.take(urllib.parse.parse_qs(
            self.rfile.read(size).decode()))
        time.sleep(random.random() * 0.012)
        body = json.dumps(
            {"token_type": "Bearer", "expires_in": 3600,
             "access_token": f"access-{random.random()}",
             "refresh_token": token} if token else
            {"error": "invalid_grant"}).encode()
        self.send_response(200 if token else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


class Worker:
    pace = 0  # milliseconds that a helper needs

    def __init__(self, exoauth, directory, user, provider, number):
        self.exoauth, self.dir, self.provider = exoauth, directory, provider
        self.name = f"w{number}@contoso.test"
        self.conf = f"{directory}/exoauth.conf"
        self.account = f"{directory}/exoauth.d/{self.name}.conf"
        self.round = 0
        os.makedirs(f"{directory}/exoauth.d")
        if os.geteuid() != 0:
            os.mkdir(f"{directory}/store", 0o700)
            os.mkdir(f"{directory}/tokens", 0o700)
        with open(self.conf, "w") as out:
            out.write(f"store: file:{directory}/store\n"
                      f"token_dir: {directory}/tokens\nrun_as: {user}\n"
                      f"socket: none\nhelper: none\ntimeout: 20\n")

    def make_due(self):
        """Another fingerprint: the stored token is not for these settings."""
        self.round += 1
        with open(self.account, "w") as out:
            out.write("provider: custom\nclient_id: app\n"
                      f"token_endpoint: {self.provider.url}/token\n"
                      f"authorization_endpoint: {self.provider.url}/page\n"
                      "grant: authorization_code\n"
                      "servers: mail.contoso.test\n"
                      f"scope: s{self.round}\n")

    def command(self, *words):
        return [self.exoauth, *words, "--config", self.conf]

    def run(self, *words, **more):
        return subprocess.run(self.command(*words), capture_output=True,
                              timeout=60, text=True, **more)

    def start(self, argv, **more):
        return subprocess.Popen(argv, process_group=0,
                                **{"stdin": subprocess.DEVNULL,
                                   "stdout": subprocess.DEVNULL,
                                   "stderr": subprocess.DEVNULL, **more})

    def new_token(self):
        with open(f"{self.dir}/rt", "w") as out:
            out.write(self.provider.grant(self.name) + ".0")
        os.chmod(f"{self.dir}/rt", 0o644)

    def seed(self):
        self.new_token()
        r = self.run("login", self.name, "--refresh-token-file",
                     f"{self.dir}/rt")
        if r.returncode != 0:
            raise RuntimeError(f"login: {r.stderr}")

    def nap(self):
        if self.round % 2:
            self.provider.asked[self.name].wait(2)
            time.sleep(random.uniform(0, 0.015))
        else:
            time.sleep(random.uniform(0.003, 0.040))

    def kill(self, p, number, group=False):
        try:
            (os.killpg if group else os.kill)(p.pid, number)
        except ProcessLookupError:
            pass

    def finish(self, p, number):
        """Ended, or stopped and then ended."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                pid, state = os.waitpid(p.pid, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if pid and os.WIFSTOPPED(state):
                self.kill(p, signal.SIGKILL)
                os.waitpid(p.pid, 0)
                return
            if pid:
                return
            time.sleep(0.002)
        print(f"# {p.args} outlived signal {number}", flush=True)
        self.kill(p, signal.SIGKILL)
        os.waitpid(p.pid, 0)

    def shoot(self, argv, number, group=False, **more):
        p = self.start(argv, **more)
        self.nap()
        self.kill(p, number, group)
        self.finish(p, number)

    def refresh(self, number):
        self.shoot(self.command("refresh", "--force", self.name), number)

    def all(self, number):
        self.shoot(self.command("refresh", "--all"), number)

    def token(self, number):
        self.shoot(self.command("token", self.name), number)

    def stdin(self, number):
        r, w = os.pipe()
        os.write(w, f"exoauth: 1\nget: {self.name}\n\n".encode())
        os.close(w)
        self.shoot(self.command("serve"), number, stdin=r)
        os.close(r)

    def ask(self, path):
        s = socket.socket(socket.AF_UNIX)
        for _ in range(400):
            try:
                s.connect(path)
                break
            except OSError:
                time.sleep(0.005)
        s.sendall(f"exoauth: 1\nget: {self.name}\n\n".encode())
        s.shutdown(socket.SHUT_WR)
        return s

    def listener(self, number, group, prefix=()):
        path = f"{self.dir}/socket"
        p = self.start([*prefix, *self.command("serve", "--listen", path)])
        s = self.ask(path)
        self.nap()
        number = random.choice([signal.SIGTERM, signal.SIGINT])
        if prefix:  # unshare(1) waits for the first process of the namespace
            with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
                os.kill(int(f.read().split()[0]), number)
        else:
            self.kill(p, number, group)
        self.finish(p, number)
        s.close()

    def listen(self, number):
        self.listener(number, False)

    def group(self, number):
        self.listener(number, True)

    def pid1(self, number):
        self.listener(number, False, ("unshare", "-p", "-f", "--kill-child"))

    def asker(self, ms):
        return [f"{os.path.dirname(self.exoauth)}/tests/lib/asker",
                self.exoauth, self.conf, self.name, str(ms)]

    def helper(self, number):
        """A deadline about when the answer comes, on this machine today."""
        pace = Worker.pace
        begun = time.monotonic()
        p = self.start(self.asker(round(random.uniform(0.5, 1.2) * pace)
                                  if pace else 20000))
        self.finish(p, 0)
        if not pace:
            Worker.pace = (time.monotonic() - begun) * 1000

    def host(self, number):
        self.shoot(self.asker(20000), number, True)

    def adopt(self, number):
        self.new_token()
        self.shoot(self.command("login", self.name, "--refresh-token-file",
                                f"{self.dir}/rt"), number)

    def code(self, number):
        grant = self.provider.grant(self.name)
        p = self.start(self.command("login", self.name, "--paste"),
                       stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = b""
        for line in p.stderr:
            seen += line
            if b"whole address" in line:
                break
        state = re.search(rb"[?&]state=([^&\s]+)", seen)[1].decode()
        p.stdin.write(f"http://localhost/?code=code-{grant}&state={state}"
                      "\n".encode())
        p.stdin.close()
        self.nap()
        self.kill(p, number)
        threading.Thread(target=p.stderr.read, daemon=True).start()
        self.finish(p, number)

    def once(self, kind, number):
        """(spent, lost)"""
        self.make_due()
        before = self.provider.spent[self.name]
        self.provider.asked[self.name].clear()
        getattr(self, kind)(number)
        if kind in ("adopt", "code"):
            before = 0
            time.sleep(0.02)  # what was on its way to the provider
        spent = self.provider.spent[self.name] > before
        if not spent and kind in ("adopt", "code"):
            self.seed()  # what a person has in hand is as good as before
            return False, False
        r = self.run("refresh", "--force", self.name)
        # A detached process may have asked after the look above.
        spent = self.provider.spent[self.name] > before + 1 or spent
        if r.returncode == 0:
            return spent, False
        print(f"# {kind}, signal {number}: {r.stderr.strip()}", flush=True)
        self.seed()
        return spent, True


def main():
    exoauth, directory, user = sys.argv[1:4]
    plan = [k for word in sys.argv[4:] for k, n in [word.split(":")]
            for _ in range(int(n))]
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    provider = Provider()
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    random.shuffle(plan)
    rounds = {k: [0, 0, 0] for k in sorted(set(plan))}
    lock, failed = threading.Lock(), []

    def work(number):
        try:
            worker = Worker(exoauth, f"{directory}/{number}", user, provider,
                            number)
            worker.make_due()
            worker.seed()
            turn = 0
            while not failed:
                with lock:
                    if not plan:
                        return
                    kind = plan.pop()
                spent, lost = worker.once(kind, SIGNALS[turn % len(SIGNALS)])
                turn += 1
                with lock:
                    for i, n in enumerate((1, spent, lost)):
                        rounds[kind][i] += n
        except Exception as err:  # the test must hear of it
            failed.append(err)
            raise

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for kind, row in rounds.items():
        print(kind, *row)
    sys.exit(1 if failed else 0)


main()
