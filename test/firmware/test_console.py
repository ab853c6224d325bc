"""Do the console's commands answer, in a log that stays readable for programs, and can neither noise
nor a flood on the console hurt anybody?"""

import hashlib
import os
import pty
import random
import ssl
import statistics
import threading
import time

import harness
import settings
import testcerts
from servers import tls_listener
from tlspeer import TlsPeer, connect

INTERRUPTED = 74
COMMANDS = ["help", "stats", "sessions", "net", "cert", "log", "drain", "reboot"]


class ConsoleTestCase(harness.TestCase):
    def start_typed(self, *args, **more):
        """A server that takes commands from a pipe; type() fills it."""
        more.setdefault("stdin", True)
        self.server = self.start_server(self.make_wire(), "--console", "on", *args, **more)
        self.server.wait_event("open", hint="type help")
        return self.server

    def type(self, line):
        """Types a line, and returns where the log was."""
        since = self.server.mark()
        self.server.write(line.encode() + b"\n")
        return since

    def answer(self, line, event, **match):
        """Types a line, and returns the event that answers it."""
        return self.server.wait_event(event, since=self.type(line), **match)

    def open_session(self):
        peer = TlsPeer(connect(), testcerts.client_context())
        self.addCleanup(peer.__exit__)
        return peer.handshake()

    def check_log(self):
        """All that the server said were events."""
        self.assertEqual(self.server.other_lines, [])

    def console_events(self):
        with self.server.changed:
            return [event for event in self.server.events if event.module == "console"]


class Commands(ConsoleTestCase):
    def test_each_command_answers(self):
        self.start_typed()
        peer = self.open_session()
        self.assertEqual(peer.echo(b"hello"), b"hello")
        self.answer("help", "help", command="reboot")
        listed = [event["command"] for event in self.server.find_events("help")]
        self.assertEqual(listed, COMMANDS)
        stats = self.answer("stats", "stats")
        self.assertEqual((stats.module, stats.level), ("console", "INFO"))
        self.assertEqual((stats["sessions"], stats["bytes_in"]), ("1", "5"))
        self.assertEqual(peer.echo(b"more"), b"more")
        self.assertGreater(self.answer("stats", "stats").number("cpu_us"), stats.number("cpu_us"))
        since = self.type("sessions")
        total = self.server.wait_event("sessions", since=since)
        self.assertEqual((total["count"], total["max"]), ("1", "16"))
        session = self.server.find_events("session", since=since)[0]
        self.assertEqual(session["peer"], peer.name)
        self.assertEqual((session["phase"], session["bytes_out"]), ("open", "9"))
        net = self.answer("net", "net")
        self.assertEqual((net["state"], net["ip"]), ("up", settings.SERVER_IP))
        self.assertGreater(net.number("rx_frames"), 0)
        refused = self.answer("reboot now", "refused", command="reboot")
        self.assertIn("use drain", refused["reason"])
        peer.close_cleanly()
        self.check_stopped(self.server)
        self.check_log()

    def test_cert_is_what_a_peer_is_shown(self):
        self.start_typed()
        with self.open_session() as peer:
            shown = peer.tls.getpeercert(binary_form=True)
            words = peer.tls.getpeercert()
            peer.close_cleanly()
        cert = self.answer("cert", "cert", index="0")
        self.assertEqual(cert["sha256"], hashlib.sha256(shown).hexdigest())
        for key, name in (("not_before", "notBefore"), ("not_after", "notAfter")):
            at_s = ssl.cert_time_to_seconds(words[name])
            self.assertEqual(cert[key], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s)))
        self.assertIn("CN=", cert["subject"])
        self.assertIn("CN=", cert["issuer"])
        self.check_stopped(self.server)
        self.check_log()

    def test_log_level_changes_at_once(self):
        self.start_typed()
        self.assertEqual(self.answer("log error", "log")["level"], "error")
        since = self.server.mark()
        self.open_session().close_cleanly()
        self.answer("stats", "stats", accepted="1")
        quiet = [event for event in self.server.events[since:] if event.module == "server"]
        self.assertEqual(quiet, [])
        self.answer("log info", "log")
        self.open_session().close_cleanly()
        self.server.wait_event("handshake_ok", since=since)
        self.check_stopped(self.server)

    def test_drain(self):
        self.start_typed()
        peer = self.open_session()
        self.server.wait_event("handshake_ok")
        self.type("drain")
        self.server.wait_event("draining", sessions="1")
        self.assertEqual(peer.read(), b"")
        peer.close_cleanly()
        self.check_exit(self.server, 0)
        self.server.wait_event("closed", reason="clean")
        self.check_log()

    def test_line_ends_and_editing(self):
        self.start_typed()
        for typed in (b"net\r", b"net\n", b"net\r\n", b"xx\x08\x7fnet\r", b"drain\x15net\n"):
            with self.subTest(typed=typed):
                since = self.server.mark()
                self.server.write(typed)
                self.server.wait_event("net", since=since)
        self.assertEqual(self.server.find_events("unknown"), [])
        self.check_stopped(self.server)

    def test_client_has_a_console(self):
        """A client that waits for a server's answer is asked to end."""
        stalled = tls_listener(testcerts.server_context(), lambda peer: (peer.read(), peer.read()))
        self.addCleanup(stalled.close)
        client = self.start_client(
            self.make_wire(), "--console", "on", host=stalled.host, stdin=True
        )
        client.wait_event("handshake_ok", 30)
        client.write(b"net\ndrain\n")
        client.wait_event("net", ip=settings.CLIENT_IP)
        self.check_exit(client, INTERRUPTED)


class Terminal(ConsoleTestCase):
    def test_auto_is_on_at_a_terminal_alone(self):
        person, terminal = pty.openpty()
        self.addCleanup(os.close, person)
        self.server = self.start_server(self.make_wire(), stdin=terminal)
        os.close(terminal)
        self.server.wait_event("open")
        since = self.server.mark()
        os.write(person, b"\x04")  # an end of input, which the terminal outlives
        os.write(person, b"nex\x7ft\r")
        self.server.wait_event("net", since=since)
        self.check_stopped(self.server)
        self.check_log()

    def test_auto_is_off_elsewhere(self):
        self.server = self.start_server(self.make_wire(), stdin=True)
        self.server.write(b"drain\n")
        self.open_session().close_cleanly()
        self.assertEqual(self.console_events(), [])
        self.check_stopped(self.server)

    def test_terminal_that_hangs_up(self):
        person, terminal = pty.openpty()
        self.server = self.start_server(self.make_wire(), stdin=terminal)
        os.close(terminal)
        os.close(person)
        before = self.server.cpu_time_s()
        for _ in range(3):
            self.open_session().close_cleanly()
        time.sleep(0.5)
        self.assertLess(self.server.cpu_time_s() - before, 0.4 * settings.PATIENCE)
        self.check_stopped(self.server)


class Noise(ConsoleTestCase):
    def pump(self, make_bytes):
        """Writes to the console without end, from a thread; the pipe slows it down."""
        self.stop_pump = threading.Event()
        self.pumped = 0

        def run():
            try:
                while not self.stop_pump.is_set():
                    self.server.write(make_bytes())
                    self.pumped += 1
            except (BrokenPipeError, ValueError, OSError):
                pass

        threading.Thread(target=run, daemon=True).start()
        self.addCleanup(self.stop_pump.set)

    def resident_kb(self):
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def check_flood(self, make_bytes):
        """A session echoes as if nothing was, and neither log nor memory grows."""
        self.start_typed()
        peer = self.open_session()
        self.assertEqual(peer.echo(b"before"), b"before")
        resident_kb, cpu_s = self.resident_kb(), self.server.cpu_time_s()
        self.pump(make_bytes)
        times_s, begun = [], time.monotonic()
        while time.monotonic() < begun + 2:
            before = time.monotonic()
            self.assertEqual(peer.echo(b"during"), b"during")
            times_s.append(time.monotonic() - before)
            time.sleep(0.01)
        self.assertGreater(self.pumped, 0)
        self.assertLess(statistics.median(times_s), 0.1 * settings.PATIENCE)
        self.assertLess(self.server.cpu_time_s() - cpu_s, 0.5 * settings.PATIENCE)
        if not settings.SANITIZED:  # a sanitizer keeps what is freed
            self.assertLess(self.resident_kb(), resident_kb + 512)
        self.assertLess(len(self.console_events()), 30)
        self.stop_pump.set()
        peer.close_cleanly()
        self.check_stopped(self.server)
        self.check_log()

    def test_random_bytes(self):
        noise = random.Random(1)
        self.check_flood(lambda: noise.randbytes(4096))

    def test_bytes_without_a_line_end(self):
        self.check_flood(lambda: b"x" * 4096)

    def test_zero_bytes(self):
        """What a break, or a cable to a board without power, looks like."""
        self.check_flood(lambda: bytes(4096))

    def test_empty_lines(self):
        self.check_flood(lambda: b"\r\n" * 2048)

    def test_unknown_lines(self):
        self.check_flood(lambda: b"what is this\n" * 300)

    def test_commands(self):
        self.check_flood(lambda: b"net\n" * 1000)

    def test_command_after_noise(self):
        self.start_typed()
        self.server.write(random.Random(2).randbytes(5000).replace(b"\n", b"") + b"\n")
        self.answer("stats", "stats")
        self.check_stopped(self.server)
        self.check_log()

    def test_own_log_sent_back(self):
        """A modem or a plug that returns what comes: each answer would ask for the next."""
        self.start_typed()
        seen = 0
        end = time.monotonic() + 2
        self.answer("help", "help", command="reboot")
        while time.monotonic() < end:
            lines = self.server.lines[seen:]
            seen += len(lines)
            self.server.write("".join(f"{line}\n" for line in lines).encode())
            time.sleep(0.01)
        self.assertLess(len(self.console_events()), 20)
        self.answer("stats", "stats")
        self.check_stopped(self.server)
        self.check_log()


if __name__ == "__main__":
    harness.main()
