#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""webdriver.py: a person at a real browser, for the tests' provider.

    webdriver.py CHROMEDRIVER DIR URL USER login|deny|close|away

Headless Chromium with a profile of its own in DIR opens URL, signs in as USER
through the provider's own form and agrees, or declines (deny), or closes the
tab at the form (close). Prints where it ended: the address, then the page's
text. With `away` nobody listens where the browser is sent in the end, and only
the address is printed. Speaks W3C WebDriver to chromedriver; nothing but the standard library.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--ignore-certificate-errors", "--no-proxy-server",
        "--disable-dev-shm-usage",
        # No name but that of the tests' provider leads anywhere.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]


def free_port():
    """Where IPv6 is off, chromedriver does not say which one it took for 0."""
    where = os.environ.get("TAP_LOOP", "127.0.0.1")
    with socket.socket(socket.AF_INET6 if ":" in where else
                       socket.AF_INET) as one:
        one.bind((where, 0))
        return one.getsockname()[1]


class Driver:
    def __init__(self, program, directory):
        # It keeps caches below HOME and sockets below TMPDIR.
        os.makedirs(directory, exist_ok=True)
        port = free_port()
        self.process = subprocess.Popen(
            [program, f"--port={port}"], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items()
                 if not key.startswith("XDG_")}
            | {"HOME": directory, "TMPDIR": directory})
        self.base = f"http://localhost:{port}"
        self.path = ""
        for line in self.process.stdout:
            if "started successfully" in line:
                break
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}))
        options = {"args": ARGS + [f"--user-data-dir={directory}/profile"]}
        try:
            made = self.call("POST", "/session", {
                "capabilities": {"alwaysMatch": {
                    "browserName": "chrome", "acceptInsecureCerts": True,
                    "goog:chromeOptions": options}}})
        except BaseException:
            self.process.terminate()
            raise
        self.path = f"/session/{made['sessionId']}"

    def call(self, method, path, body=None, fatal=True):
        request = urllib.request.Request(
            self.base + self.path + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as err:
            value = json.load(err)["value"]
            if not fatal:
                return None
            sys.exit(f"webdriver: {value['error']}: {value['message']}")

    def find(self, css):
        found = self.call("POST", "/elements",
                          {"using": "css selector", "value": css})
        return found[0][ELEMENT] if found else None

    def fill(self, css, text):
        # The login_hint may stand there already.
        self.call("POST", f"/element/{self.find(css)}/clear", {})
        self.call("POST", f"/element/{self.find(css)}/value", {"text": text})

    def click(self, css, fatal=True):
        self.call("POST", f"/element/{self.find(css)}/click", {}, fatal)

    def text(self):
        return self.call("GET", f"/element/{self.find('body')}/text")

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait(20)


def await_one(driver, *css):
    for _ in range(200):
        for one in css:
            if driver.find(one):
                return one
        time.sleep(0.1)
    sys.exit("webdriver: none of " + ", ".join(css) + ": " + driver.text())


def leave(driver):
    """Agrees, and waits for the address that is not the provider's."""
    await_one(driver, "button[autofocus]:not([name])")
    before = driver.call("GET", "/url").split("/")[2]
    # The click fails when the page that it leads to does.
    driver.click("button[type=submit]", fatal=False)
    for _ in range(200):
        url = driver.call("GET", "/url")
        if url.startswith("http") and url.split("/")[2] != before:
            return url
        time.sleep(0.1)
    sys.exit("webdriver: still at " + url)


def main():
    program, directory, url, user, what = sys.argv[1:]
    # Whoever gives up waiting must not leave a browser behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    driver = Driver(program, directory)
    try:
        driver.call("POST", "/url", {"url": url})
        await_one(driver, "input[name=login]")
        if what == "close":
            return
        if what == "deny":
            driver.click("a[href$='/abort']")
        else:
            driver.fill("input[name=login]", user)
            driver.fill("input[name=password]", "x")
            driver.click("button[type=submit]")
        if what == "away":
            print(leave(driver))
            return
        if what == "login":
            # The consent, then the page of exoauth.
            if await_one(driver, "button[autofocus]:not([name])",
                         "h1 + p:last-child") and driver.find("form"):
                driver.click("button[type=submit]")
        for _ in range(200):
            if driver.call("GET", "/title").startswith("exoauth:"):
                break
            time.sleep(0.1)
        print(driver.call("GET", "/url"))
        print(driver.text())
    finally:
        driver.close()


main()
