"""Does ./run boot show a board's console, and lead from this machine to the board and back?"""

import os
import re
import signal
import socket

import board
import harness
import opensslcli
import settings
from process import Process

BOOT = os.path.join(settings.SOURCE_DIR, "board", "image", "boot.py")
BOOT_S = 30
HOST_PORT = 18433
EMBEDDED = os.path.join(settings.BUILD_DIR, "certs")


class BootCommand(harness.TestCase):
    def start(self, *arguments, **more):
        self.folder = self.make_folder()
        argv = ["env", f"TMPDIR={self.folder}", BOOT, "--build", settings.BUILD_DIR, *arguments]
        return self.own(Process(argv, "boot", **more))

    def check_end(self, boot, status, timeout_s=10):
        """It ends by itself, and nothing of it is left."""
        self.assertEqual(boot.wait_exit(timeout_s), status)
        self.assertEqual(os.listdir(self.folder), [])

    def wait_text(self, boot, pattern, timeout_s=10):
        """Waits for the pattern in what the command prints, and returns the match."""
        return boot.wait_for(
            lambda: re.search(pattern, boot.stdout.decode(errors="replace")),
            pattern,
            timeout_s * settings.PATIENCE,
        )

    def check_fails(self, status, text, *arguments):
        boot = self.start(*arguments)
        self.check_end(boot, status)
        self.assertIn(text, "\n".join(boot.lines))

    def test_line_to_paste_leads_to_the_board(self):
        boot = self.start("virt", "--host-port", str(HOST_PORT), "--set", "port=9001", stdin=True)
        self.wait_text(boot, r"listening ip=198\.18\.0\.2 port=9001 ", BOOT_S)
        hint = self.wait_text(boot, r"  (openssl s_client (?:\\\n|[^\\\n])*)\n").group(1)
        self.assertIn(f"localhost:{HOST_PORT}", hint)
        client = self.own(Process(["sh", "-c", f"exec {hint} -quiet -no_ign_eof"], "s_client", stdin=True))
        client.write(b"pasted\n")
        self.assertEqual(client.wait_stdout(7), b"pasted\n")
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)
        self.wait_text(boot, r"closed session=1 reason=clean")
        self.check_console(boot)

    def check_console(self, boot):
        """What is typed goes to the board, the watchdog is the board's, Ctrl-C pulls its plug."""
        boot.write(b"sessions\n")
        self.wait_text(boot, r"console sessions ")
        self.assertNotIn(b"watchdog_failed", bytes(boot.stdout))
        boot.signal(signal.SIGTERM)
        self.check_end(boot, 0)

    def test_client_reaches_a_port_of_this_machine(self):
        identity = ["-cert", f"{EMBEDDED}/server.pem", "-key", f"{EMBEDDED}/server.key"]
        self.own(opensslcli.EchoServer("-quiet", *identity, port=HOST_PORT))
        boot = self.start("virt", "--client", f"localhost:{HOST_PORT}")
        self.wait_text(boot, r"handshake_ok session=1 peer=198\.18\.0\.254:18433 ", BOOT_S)
        self.wait_text(boot, r"client echo session=1 bytes=12 ")
        self.check_end(boot, 0, 30)

    def test_client_without_a_server_says_so(self):
        boot = self.start("--client", f"localhost:{HOST_PORT}", "--set", "at-end=poweroff")
        self.wait_text(boot, r"handshake_failed .*reason=(reset|truncated)", BOOT_S)
        self.check_end(boot, 76, 30)

    def test_report(self):
        boot = self.start("virt", "--host-port", str(HOST_PORT), "--report")
        self.wait_text(boot, r"kernel start to listening: [0-9.]+ s", BOOT_S)
        found = self.wait_text(boot, r"memory touched since power-on: (\d+) MB of (\d+) MB")
        touched, total = map(int, found.groups())
        self.assertEqual(total, 256)
        self.assertTrue(40 < touched < 200, touched)
        self.check_end(boot, 0)

    def test_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", HOST_PORT)):
            self.check_fails(69, f"--host-port {HOST_PORT + 1}", "--host-port", str(HOST_PORT))

    def test_wrong_words(self):
        self.check_fails(64, "raspi3b", "raspi5")
        self.check_fails(64, "must be NAME=VALUE", "--set", "port")
        self.check_fails(64, "70000 is no port number", "--host-port", "70000")


if __name__ == "__main__":
    board.require()
    harness.main()
