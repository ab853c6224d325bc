"""Does the server sleep when there is nothing to do, whatever state its sessions are stuck in?

A loop that waits for the wrong direction, or leaves an error unhandled and tries again, takes a
whole core. What is measured is CPU time, so other work on the machine does not matter.
"""

import time

import harness
import settings
import testcerts
from tlspeer import TlsPeer, connect

WATCHED_S = 1.0
CPU_MAX_S = 0.1 if settings.PATIENCE == 1 else 0.3
FLOOD_LEN = 4 << 20


class Spin(harness.ServerTestCase):
    server_args = ("--handshake-timeout", "60000")

    def check_sleeps(self):
        before = self.server.cpu_time_s()
        time.sleep(WATCHED_S)
        self.assertLess(self.server.cpu_time_s() - before, CPU_MAX_S, "CPU time of a second")

    def shake_hands(self):
        peer = TlsPeer(connect(), testcerts.client_context())
        self.addCleanup(peer.sock.close)
        return peer.handshake()

    def test_nobody_there(self):
        self.check_sleeps()

    def test_idle_session(self):
        self.assertEqual(self.shake_hands().echo(b"and now silence"), b"and now silence")
        self.check_sleeps()

    def test_stalled_handshake(self):
        for count in (0, 1, 100):
            peer = TlsPeer(connect(), testcerts.client_context())
            self.addCleanup(peer.sock.close)
            peer.sock.sendall(peer.start_handshake()[:count])
            self.wait_server("accepted", peer=peer.name)
        self.check_sleeps()

    def test_part_of_a_record(self):
        peer = self.shake_hands()
        self.assertEqual(peer.echo(b"whole"), b"whole")
        peer.sock.sendall(peer.seal(bytes(1000))[:500])
        self.check_sleeps()

    def test_write_waits_while_there_is_something_to_read(self):
        """The peer sends and does not read: the server's socket stays readable, but what it needs
        is room to write."""
        peer = self.shake_hands()
        data = peer.seal(bytes(FLOOD_LEN))
        peer.sock.settimeout(1.0)
        with self.assertRaises(TimeoutError):
            peer.sock.sendall(data)
        self.check_sleeps()


if __name__ == "__main__":
    harness.main()
