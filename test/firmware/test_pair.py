"""Do our server and our client, each with its own IP stack, echo to each other over one wire?"""

import os

import harness
import settings
from firmware import Firmware

SERVER_ADDRESS = ["--ip", f"{settings.SERVER_IP}/24"]
CLIENT_ADDRESS = ["--ip", f"{settings.CLIENT_IP}/24"]


class Pair(harness.TestCase):
    """Two firmwares joined by a Unix socket; no other network is there."""

    def start_pair(self, *client_args, server_args=()):
        self.path = path = os.path.join(self.make_folder(), "wire.sock")
        server_netif = ["--netif", f"stream:listen={path}"]
        self.server = self.own(
            Firmware("tls-echo-server", [*server_netif, *SERVER_ADDRESS, *server_args])
        )
        self.server.wait_event("listening")
        client_netif = ["--netif", f"stream:connect={path}"]
        target = [settings.SERVER_IP]
        self.client = self.own(
            Firmware(
                "tls-echo-client",
                [*client_netif, *CLIENT_ADDRESS, *client_args, *target],
                stdin="--stdin" in client_args,
            )
        )

    def test_default_message(self):
        self.start_pair()
        self.check_exit(self.client, 0, 30)
        self.assertEqual(bytes(self.client.stdout), b"hello server\n")
        hello = self.client.find_events("handshake_ok")[0]
        self.assertEqual((hello["version"], hello["resumed"]), ("TLSv1.3", "0"))
        closed = self.server.wait_event("closed")
        self.assertEqual(
            (closed["reason"], closed["bytes_in"], closed["bytes_out"]), ("clean", "12", "12")
        )
        self.check_stopped(self.server)

    def test_message_and_count(self):
        self.start_pair("--message", "grüße = \"quoted\" \\ back", "--count", "3")
        self.check_exit(self.client, 0, 30)
        text = "grüße = \"quoted\" \\ back\n".encode()
        self.assertEqual(bytes(self.client.stdout), text * 3)
        self.check_stopped(self.server)

    def test_megabyte(self):
        self.start_pair("--size", "1000000")
        self.check_exit(self.client, 0, 60)
        closed = self.server.wait_event("closed", reason="clean")
        self.assertEqual(closed["bytes_in"], "1000000")
        self.assertEqual(closed["bytes_out"], "1000000")
        self.check_stopped(self.server)

    def test_lines_from_standard_input(self):
        self.start_pair("--stdin")
        self.client.wait_event("handshake_ok", 30)
        self.client.write(b"first\n")
        self.assertEqual(self.client.wait_stdout(6), b"first\n")
        self.client.write(b"\nsecond line\n")
        self.assertEqual(self.client.wait_stdout(19), b"first\n\nsecond line\n")
        self.client.close_stdin()
        self.check_exit(self.client, 0)
        self.server.wait_event("closed", reason="clean")
        self.check_stopped(self.server)

    def test_resumption(self):
        for version in ("1.2", "1.3"):
            with self.subTest(min_tls=version):
                self.start_pair("--resume", "--min-tls", version)
                self.check_exit(self.client, 0, 30)
                for side in (self.client, self.server):
                    resumed = [event["resumed"] for event in side.find_events("handshake_ok")]
                    self.assertEqual(resumed, ["0", "1"], side.name)
                self.check_stopped(self.server)

    def test_log_never_has_the_payload(self):
        self.start_pair("--message", "Xyzzy-payload", "--log-level", "debug",
                        server_args=["--log-level", "debug"])  # fmt: skip
        self.check_exit(self.client, 0, 30)
        self.check_stopped(self.server)
        for side in (self.client, self.server):
            self.assertNotIn("Xyzzy", "\n".join(side.lines))

    def test_next_client_on_the_same_wire(self):
        """The client's end of the wire goes; the server takes the next one."""
        self.start_pair()
        self.check_exit(self.client, 0, 30)
        since = self.server.mark()
        args = ["--netif", f"stream:connect={self.path}", *CLIENT_ADDRESS, settings.SERVER_IP]
        again = self.own(Firmware("tls-echo-client", args))
        self.check_exit(again, 0, 30)
        self.server.wait_event("closed", since=since, reason="clean")
        self.check_stopped(self.server)


if __name__ == "__main__":
    harness.main()
