"""Does the small firmware echo with what is left in it, and say clearly what it was built without?"""

import os
import ssl

import harness
import settings
import testcerts
from firmware import Firmware
from tlspeer import TlsPeer, connect, name_of

USAGE, BAD_BLOB, CONFIG = 64, 65, 78
# What the full firmware takes, and of what the small one says that it is not there.
LEFT_OUT = {
    ("--min-tls", "1.2"): "built without TLS 1.2",
    ("--ip6", "auto"): "built without IPv6",
    ("--ip6", "2001:db8::2/64"): "built without IPv6",
    ("--mdns", "on"): "built without mDNS",
    ("--sntp", "dhcp"): "built without a time client",
    ("--console", "on"): "built without the console's commands",
}


class LeftOut(harness.TestCase):
    def refuse(self, status, words, *args):
        process = self.own(Firmware("tls-echo-server", ["--netif", "tap:x", *args]))
        self.check_exit(process, status)
        lines = [line for line in process.lines if words in line]
        self.assertEqual(len(lines), 1, process.log())
        return lines[0]

    def test_option_that_is_left_out(self):
        for option, words in LEFT_OUT.items():
            with self.subTest(option=option):
                self.assertIn(option[0], self.refuse(USAGE, words, *option))

    def test_option_that_is_left_out_in_a_file(self):
        path = os.path.join(self.make_folder(), "tls-echo.conf")
        for option, words in LEFT_OUT.items():
            with self.subTest(option=option):
                with open(path, "w", encoding="ascii") as file:
                    file.write(f"\n{option[0].removeprefix('--')} = {option[1]}\n")
                self.assertIn(f"{path}:2", self.refuse(CONFIG, words, "--config", path))

    def test_help_offers_none_of_it(self):
        process = self.own(Firmware("tls-echo-server", ["--help"]))
        self.check_exit(process, 0)
        text = bytes(process.stdout).decode()
        for words in ("--min-tls 1.3 ", "--ip6 off ", "--mdns off "):
            self.assertIn(words, text)
        self.assertNotIn("1.2|1.3", text)

    def test_rsa_certificates(self):
        for variant in ("rsa", "rsa_ca"):
            with self.subTest(variant=variant):
                server = self.own(harness.new_server(self.make_wire(), certs=variant))
                self.check_exit(server, BAD_BLOB)
                failed = server.find_events("selfcheck")[-1]
                self.assertIn("this firmware is built without", failed["reason"], server.log())


class Server(harness.ServerTestCase):
    server_args = ("--client-auth", "optional")

    def test_echo(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            data = os.urandom(100_000)
            self.assertEqual(peer.handshake().echo(data), data)
        done = self.wait_server("handshake_ok")
        self.assertEqual((done["version"], done["group"]), ("TLSv1.3", "x25519"))
        self.wait_server("closed")

    def test_tls_1_2_is_refused(self):
        context = testcerts.client_context(version=ssl.TLSVersion.TLSv1_2)
        with connect() as sock, self.assertRaises(ssl.SSLError):
            peer = name_of(sock)
            TlsPeer(sock, context).handshake()
        failed = self.wait_server("handshake_failed", peer=peer)
        self.assertEqual((failed["alert"], failed["alert_by"]), ("protocol_version", "us"))

    def test_rsa_certificate_is_not_asked_for(self):
        """A client that has no other one goes on without, where that is allowed."""
        with TlsPeer(connect(), testcerts.client_context("rsa")) as peer:
            self.assertEqual(peer.handshake().echo(b"x"), b"x")
        self.wait_server("closed")
        self.assertEqual(self.server.find_events("peer_certificate", since=self.since), [])


class Pair(harness.TestCase):
    """Both roles, joined by a Unix socket."""

    def test_resumed(self):
        path = os.path.join(self.make_folder(), "wire.sock")
        where = ["--netif", f"stream:listen={path}", "--ip", f"{settings.SERVER_IP}/24"]
        server = self.own(Firmware("tls-echo-server", where))
        server.wait_event("listening")
        where = ["--netif", f"stream:connect={path}", "--ip", f"{settings.CLIENT_IP}/24"]
        client = self.own(Firmware("tls-echo-client", [*where, "--resume", settings.SERVER_IP]))
        self.check_exit(client, 0, 30)
        for side in (client, server):
            resumed = [event["resumed"] for event in side.find_events("handshake_ok")]
            self.assertEqual(resumed, ["0", "1"], side.name)
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
