"""Does a peer that sends more than there is room for, and out of order, do any harm?

The server's window is made small by a peer that does not read: its echo waits, so it reads no more.
There may be room for one segment more than the server says (RFC 9293 section 3.8.6.2.2): jumbo
frames overrun that, too.
"""

import os

import harness
import settings
import testcerts
from netns import ip
from rawtcp import MSS, FrameQueue, RawConnection
from tlspeer import TlsPeer, connect

ROOM_LEFT = 500
QUIET_S = 0.3
RECORD = 16384
OVERRUN = 5000


class WindowOverrun(harness.TestCase):
    def setUp(self):
        super().setUp()
        wire = self.make_wire()
        ip("link", "set", wire.interface, "mtu", "9000")
        self.queue = FrameQueue(wire.interface)
        self.addCleanup(self.queue.close)
        self.server = self.start_server(wire)
        mac = self.server.wait_event("net_up")["mac"]
        timeout_s = 10 * settings.PATIENCE
        self.connection = RawConnection(
            self.queue, settings.SERVER_IP, mac, settings.PORT, timeout_s
        )

    def stall(self, peer):
        """Sends records until the server has read what it can; returns bytes that go on where they
        stopped, with little room left for them."""
        self.connection.acknowledges = False
        unsent = b"".join(peer.seal(os.urandom(RECORD)) for _record in range(12))
        while self.connection.room() > ROOM_LEFT:
            count = min(self.connection.room() - ROOM_LEFT, 1460)
            self.connection.sendall(unsent[:count])
            unsent = unsent[count:]
            if self.connection.room() <= ROOM_LEFT:
                self.connection.wait_quiet(QUIET_S * settings.PATIENCE)
        self.assertEqual(self.connection.room(), ROOM_LEFT)
        self.assertGreater(len(unsent), OVERRUN)
        return unsent

    def check_overrun(self, overrun):
        """overrun(unsent) sends more than there is room for; the server goes on."""
        with TlsPeer(self.connection, testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"x" * 12_000), b"x" * 12_000)
            overrun(self.stall(peer))
            self.connection.wait_quiet(QUIET_S * settings.PATIENCE)
            self.assertLess(self.connection.room(), MSS, "no more than there was room for is taken")
            with TlsPeer(connect(), testcerts.client_context()) as other:
                self.assertEqual(other.handshake().echo(b"still there?"), b"still there?")
                other.close_cleanly()
        self.check_stopped(self.server)

    def fill(self, data):
        """The gap, and what else the server says that there is room for."""
        self.connection.sendall(data)
        self.connection.seq += ROOM_LEFT - len(data)

    def test_out_of_order_beyond_the_window(self):
        def overrun(unsent):
            self.connection.send_ahead(10, unsent[10:OVERRUN])
            self.fill(unsent[:10])

        self.check_overrun(overrun)

    def test_before_another_one(self):
        def overrun(unsent):
            self.connection.send_ahead(400, unsent[400:ROOM_LEFT])
            self.connection.send_ahead(10, unsent[10:OVERRUN])
            self.fill(unsent[:10])

        self.check_overrun(overrun)

    def test_end_of_stream_beyond_the_window(self):
        """The end is not taken before the data that comes before it."""

        def overrun(unsent):
            self.connection.send_ahead(10, unsent[10:OVERRUN], fin=True)
            self.fill(unsent[:10])

        self.check_overrun(overrun)


if __name__ == "__main__":
    harness.main()
