"""Does every byte come back over a wire that loses, delays, reorders, doubles and damages frames?

Half a megabyte by default; eight with TLS_ECHO_LONG=1 (./run faults --long).
"""

import os
import threading
import unittest

import harness
import settings
import testcerts
from badnet import BadWire, Relay
from firmware import Firmware
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

LONG = os.environ.get("TLS_ECHO_LONG") == "1"
SIZE = 8 << 20 if LONG else 512 << 10
TIMEOUT_S = 1800 if LONG else 120

# What the relay does to each direction; which of its counts must then not be 0 at the end.
LOSSY = {"loss": 5, "reorder": 10, "delay": 20}
LESS_LOSSY = {**LOSSY, "loss": 1}
CORRUPT = {"corrupt": 1}
ALL_BAD = {"loss": 1, "reorder": 2, "duplicate": 2, "truncate": 1, "corrupt": 1, "jitter": 5}
COUNTS = {"loss": "lost", "reorder": "reordered", "duplicate": "duplicated",
          "truncate": "truncated", "corrupt": "corrupted"}  # fmt: skip

# Some handshakes meet several losses in a row: that is TCP's to mend, not a fault of the peer.
PATIENT = ("--handshake-timeout", "30000")
PATIENT_CLIENT = (*PATIENT, "--connect-timeout", "30000", "--size", str(SIZE))


class BadNetwork(harness.TestCase):
    def make_bad_wire(self, bad):
        self.test_wire = BadWire(self.make_folder(), **bad)
        self.addCleanup(self.test_wire.close)
        self.own(self.test_wire.relay)
        return self.test_wire

    def check_was_bad(self, relay, bad):
        """Both directions suffered all that was asked for: the test was one."""
        for lane in ("a_to_b", "b_to_a"):
            stats = relay.stats(lane)
            for name, count in COUNTS.items():
                if name in bad:
                    self.assertGreater(int(stats[count]), 0, f"{lane} {count}")

    def check_closed(self, program, size=SIZE):
        closed = program.wait_event("closed", 30)
        self.assertEqual(closed["reason"], "clean")
        self.assertEqual((closed["bytes_in"], closed["bytes_out"]), (str(size), str(size)))


class Server(BadNetwork):
    """The kernel's TCP and OpenSSL to our server."""

    def start(self, bad):
        self.make_bad_wire(bad)
        return self.start_server(self.test_wire, *PATIENT)

    def echo(self, during=lambda: None):
        """All bytes there and back, with during() while they are under way."""
        data = os.urandom(SIZE)
        with TlsPeer(connect(timeout_s=TIMEOUT_S), testcerts.client_context()) as peer:
            peer.handshake()
            thread = threading.Thread(target=during)
            thread.start()
            self.assertTrue(peer.exchange(data) == data, "the echo differs")
            thread.join()
            self.assertEqual(peer.close_cleanly(), b"")

    def check_byte_exact(self, bad):
        server = self.start(bad)
        self.echo()
        self.check_closed(server)
        self.check_was_bad(self.test_wire.relay, bad)
        self.check_stopped(server)

    def test_losses(self):
        self.check_byte_exact(LOSSY)

    @unittest.skipUnless(LONG, "only with --long")
    def test_fewer_losses(self):
        self.check_byte_exact(LESS_LOSSY)

    def test_corruption(self):
        self.check_byte_exact(CORRUPT)

    def test_all_at_once(self):
        self.check_byte_exact(ALL_BAD)

    def test_cut_cable(self):
        """The cable is out for a while in the middle: nobody is harmed, and it goes on."""
        server = self.start({"rate": 4, "delay": 5})
        relay = self.test_wire.relay

        def cut():
            harness.wait_until(lambda: int(relay.stats("b_to_a")["bytes"]) > 100_000, "echo")
            relay.tell("down", "cable", state="down")
            harness.wait_until(lambda: int(relay.stats("a_to_b")["cut"]) >= 5, "lost frames")
            relay.tell("up", "cable", state="up")

        self.echo(cut)
        self.check_closed(server)
        self.check_stopped(server)


class Client(BadNetwork):
    """Our client to OpenSSL on the kernel's TCP."""

    def check_client(self, client):
        self.check_exit(client, 0, TIMEOUT_S)
        self.check_closed(client)

    def check_byte_exact(self, bad):
        self.make_bad_wire(bad)
        server = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(server.close)
        self.check_client(self.start_client(self.test_wire, *PATIENT_CLIENT, host=server.host))
        self.check_was_bad(self.test_wire.relay, bad)

    def test_losses(self):
        self.check_byte_exact(LOSSY)

    @unittest.skipUnless(LONG, "only with --long")
    def test_fewer_losses(self):
        self.check_byte_exact(LESS_LOSSY)

    def test_corruption(self):
        self.check_byte_exact(CORRUPT)

    def test_all_at_once(self):
        self.check_byte_exact(ALL_BAD)


class Pair(Client):
    """Two firmwares, each on a wire of its own to the relay."""

    def start_pair(self, bad):
        folder = self.make_folder()
        sides = [os.path.join(folder, name) for name in ("server", "client")]
        relay = self.own(Relay(*(f"stream:listen={side}" for side in sides), **bad))
        address = ["--ip", f"{settings.SERVER_IP}/24", *PATIENT]
        server = Firmware("tls-echo-server", ["--netif", f"stream:connect={sides[0]}", *address])
        self.own(server).wait_event("listening", 20)
        address = ["--ip", f"{settings.CLIENT_IP}/24", *PATIENT_CLIENT, settings.SERVER_IP]
        client = Firmware("tls-echo-client", ["--netif", f"stream:connect={sides[1]}", *address])
        return relay, server, self.own(client)

    def check_byte_exact(self, bad):
        """In place of a foreign one, our own."""
        relay, server, client = self.start_pair(bad)
        self.check_client(client)
        self.check_closed(server)
        self.check_was_bad(relay, bad)
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
