"""Are commands typed on a board's UART answered, and does noise on it hurt nobody?"""

import random
import time

import board
import harness
import settings
import testcerts
from tlspeer import TlsPeer, connect

BOOT_S = 20


class Console(harness.TestCase):
    def start_board(self, config=""):
        blob = {"certs/blob.bin": testcerts.read_blob()}
        card = board.make_card(self.make_folder(), config, blob)
        self.board = self.own(board.Board(self.make_wire(), card, stdin=True))
        self.board.wait_event("listening", BOOT_S)
        return self.board

    def open_session(self):
        peer = TlsPeer(connect(), testcerts.client_context())
        self.addCleanup(peer.__exit__)
        return peer.handshake()

    def type(self, keys):
        """Presses keys, and returns where the log was."""
        since = self.board.mark()
        self.board.write(keys)
        return since

    def answer(self, keys, event, **match):
        return self.board.wait_event(event, since=self.type(keys), **match)

    def check_log(self):
        """The UART brought events and nothing else: no echo of what was typed, for one."""
        self.assertEqual(self.board.other_lines, [])

    def test_commands_are_answered(self):
        self.start_board()
        self.assertEqual(len(self.board.find_events("open")), 1)
        self.answer(b"help\r", "help", command="reboot")
        self.assertEqual(self.answer(b"net\r", "net")["ip"], settings.SERVER_IP)
        peer = self.open_session()
        self.assertEqual(peer.echo(b"hello"), b"hello")
        self.assertEqual(self.answer(b"stats\n", "stats")["bytes_in"], "5")
        self.assertEqual(self.answer(b"sessions\r\n", "sessions")["count"], "1")
        self.assertIn("CN=", self.answer(b"cert\r", "cert", index="0")["subject"])
        self.answer(b"nex\x7ft\r", "net")
        self.assertEqual(self.answer(b"log warn\r", "log")["level"], "warn")
        self.check_log()

    def test_reboot(self):
        self.start_board()
        peer = self.open_session()
        self.answer(b"reboot\r", "refused", command="reboot")
        self.assertEqual(peer.echo(b"still here"), b"still here")
        self.type(b"reboot now\r")
        self.board.wait_event("draining", sessions="1")
        self.assertEqual(peer.read(), b"")
        peer.close_cleanly()
        self.board.wait_event("shutdown", status=0)
        self.board.wait_event("end", action="reboot", delay_s=0)
        self.assertEqual(self.board.wait_end(), "reboot")

    def test_drain_ends_as_the_card_says(self):
        self.start_board("at-end = poweroff\n")
        self.type(b"drain\r")
        self.board.wait_event("end", action="poweroff")
        self.assertEqual(self.board.wait_end(), "poweroff")

    def test_every_byte_is_harmless(self):
        """XOFF, ^C, ^Z, ^D, ^\\ and all others, twice over and with breaks between."""
        self.start_board()
        peer = self.open_session()
        for _ in range(2):
            self.board.write(bytes(range(256)))
            self.board.monitor.run("chardev-send-break", id="console")
            self.board.write(b"bceilmosu")  # each a command of the kernel's after a break
        self.assertEqual(peer.echo(b"alive"), b"alive")
        self.answer(b"\rstats\r", "stats")
        self.assertEqual(len(self.board.find_events("kernel")), 1)
        self.check_log()

    def test_flood_of_noise(self):
        """As fast as the UART takes it: sessions echo, and the log stays short."""
        self.start_board()
        peer = self.open_session()
        noise = random.Random(3)
        since = self.board.mark()
        slowest_s, end = 0, time.monotonic() + 4
        while time.monotonic() < end:
            self.board.write(noise.randbytes(1024))
            before = time.monotonic()
            self.assertEqual(peer.echo(b"during"), b"during")
            slowest_s = max(slowest_s, time.monotonic() - before)
        self.assertLess(slowest_s, 0.5 * settings.PATIENCE)
        said = [event for event in self.board.events[since:] if event.module == "console"]
        self.assertLess(len(said), 10)
        self.answer(b"\rstats\r", "stats", sessions="1")
        self.check_log()


if __name__ == "__main__":
    board.require()
    harness.main()
