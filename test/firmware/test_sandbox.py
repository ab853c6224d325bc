"""Does the firmware give up what it needs no more, and keep its keys to itself?"""

import base64
import os
import re
import signal
import socket
import subprocess
import unittest

import harness
import settings
import testcerts

NOBODY = "65534"
KEY_MARK = bytes([0x04, 0x20])  # the OCTET STRING of a P-256 key: 32 bytes follow

FORBIDDEN = {"open_file", "execute", "internet_socket", "fork_process", "trace_parent"}
FORBIDDEN |= {"kill_parent", "take_root_back", "end_machine", "set_clock"}


def private_key():
    """The 32 bytes of the good server's private key, most significant first."""
    der = subprocess.run(
        [settings.OPENSSL, "ec", "-in", testcerts.file("server.key"), "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    at = der.index(KEY_MARK) + len(KEY_MARK)
    return der[at : at + 32]


def process_status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def memory_of(pid):
    """Each readable mapping's bytes."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        ranges = [line.split()[:2] for line in maps if "[v" not in line]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for span, rights in ranges:
            if "r" not in rights:
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:
                continue


def count_key(pid):
    """How often the private key lies in the process's memory, in either byte order."""
    key = private_key()
    return sum(part.count(key) + part.count(key[::-1]) for part in memory_of(pid))


def may_become_nobody():
    """A namespace that maps this user alone has no other user to become."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return any(int(count) > 65534 for _, _, count in (line.split() for line in file))


class Running(harness.ServerTestCase):
    """A server that has served."""

    def test_status(self):
        status = process_status(self.server.pid)
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assertEqual(int(status["CapPrm"], 16), 0)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")
        if may_become_nobody():
            self.assertEqual(set(status["Uid"].split()), {NOBODY})
            self.assertEqual(set(status["Gid"].split()), {NOBODY})
            self.assertEqual(status["Groups"].strip(), "")

    def test_every_thread_is_inside(self):
        threads = os.listdir(f"/proc/{self.server.pid}/task")
        self.assertGreater(len(threads), 1)
        for thread in threads:
            status = process_status(f"{self.server.pid}/task/{thread}")
            self.assertEqual((status["Seccomp"], int(status["CapEff"], 16)), ("2", 0), thread)

    def test_log_says_what_holds(self):
        event = self.server.wait_event("sandbox")
        if may_become_nobody():
            self.assertEqual((event["result"], event["uid"]), ("on", NOBODY))
        else:
            self.assertEqual(event["result"], "partly")
            self.assertIn("user: ", event["refused"])

    def test_one_copy_of_the_key(self):
        self.assertEqual(count_key(self.server.pid), 1)
        with socket.create_connection((settings.SERVER_IP, settings.PORT)) as raw:
            context = testcerts.client_context()
            with context.wrap_socket(raw, server_hostname=settings.SERVER_NAME) as tls:
                tls.sendall(b"once")
                tls.recv(4)
                self.assertEqual(count_key(self.server.pid), 1)
        self.wait_server("closed")
        self.assertEqual(count_key(self.server.pid), 1)


class Modes(harness.TestCase):
    """What --sandbox says, and what a system that refuses does."""

    def test_off(self):
        server = self.start_server(self.make_wire(), "--sandbox", "off")
        self.assertEqual(server.wait_event("sandbox")["result"], "off")
        self.assertEqual(process_status(server.pid)["Seccomp"], "0")
        self.check_stopped(server)

    @unittest.skipUnless(may_become_nobody(), "here is no other user to become")
    def test_on(self):
        server = self.start_server(self.make_wire(), "--sandbox", "on")
        self.assertEqual(server.wait_event("sandbox")["result"], "on")
        self.check_stopped(server)

    @unittest.skipIf(may_become_nobody(), "nothing is refused here")
    def test_on_where_something_is_refused(self):
        server = self.own(harness.new_server(self.make_wire(), "--sandbox", "on"))
        self.assertEqual(server.wait_exit(), 78)
        event = server.wait_event("sandbox")
        self.assertEqual(event["result"], "failed")
        self.assertIn("--sandbox auto", event["hint"])


class EmbeddedKey(harness.TestCase):
    """The blob in the program itself: out of memory once it is copied."""

    def test_is_unmapped(self):
        server = self.start_server(self.make_wire(), certs=None)
        with open(os.path.join(settings.BUILD_DIR, "certs", "blob.bin"), "rb") as file:
            blob = file.read()
        at = blob.index(KEY_MARK) + len(KEY_MARK)
        key = blob[at : at + 32]
        found = sum(p.count(key) + p.count(key[::-1]) for p in memory_of(server.pid))
        self.assertEqual(found, 1)
        self.check_stopped(server)


class Logs(harness.TestCase):
    """At the highest level, neither keys nor what was echoed, in any common writing."""

    def test_no_secrets(self):
        payload = b"Pay-" + os.urandom(8).hex().encode()
        made_wire = self.make_wire()
        server = self.start_server(made_wire, "--log-level", "debug")
        with socket.create_connection((settings.SERVER_IP, settings.PORT)) as raw:
            context = testcerts.client_context()
            context.keylog_filename = os.path.join(self.make_folder(), "keys")
            with context.wrap_socket(raw, server_hostname=settings.SERVER_NAME) as tls:
                tls.sendall(payload)
                self.assertEqual(tls.recv(64), payload)
            with open(context.keylog_filename, encoding="ascii") as file:
                secrets = re.findall(r"[0-9a-f]{64,96}$", file.read(), re.MULTILINE)
        self.check_stopped(server)
        self.assertGreater(len(secrets), 2)
        secrets = [bytes.fromhex(text) for text in secrets] + [private_key(), payload]
        log = "\n".join(server.lines).lower().encode()
        for secret in secrets:
            for written in (secret, secret.hex().encode(), base64.b64encode(secret)[:-4]):
                self.assertNotIn(written.lower(), log)


class Probe(harness.TestCase):
    """Forbidden calls end the process; what is needed goes on."""

    def test_natively(self):
        if not may_become_nobody():
            self.skipTest("--sandbox on needs a user to become")
        done = subprocess.run(
            [os.path.join(settings.BIN_DIR, "sandbox_probe")],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        self.check(done.stdout)

    def check(self, text):
        found = dict(re.findall(r"^probe (\w+) (.*)$", text, re.MULTILINE))
        fatal = f"exit=-1 signal={int(signal.SIGSYS)}"
        self.assertEqual(found.pop("ordinary_work"), "exit=0 signal=0", text)
        self.assertEqual(set(found), FORBIDDEN)
        self.assertEqual(set(found.values()), {fatal}, text)


if __name__ == "__main__":
    harness.main()
