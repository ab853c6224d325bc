"""Do those whose echo TCP cannot queue, although they have a window's room left, keep the others from
theirs? What is read has an echo buffer until it is queued, and there are a few for all."""

import time

import harness
import settings
import testcerts
from rawtcp import FrameQueue, RawConnection
from tlspeer import TlsPeer

# ECHO_BUFFERS_MAX in echo_buffers.h.
BUFFERS = 4
RECORD = 16384
FIRST_PORT = 20000
# lwIP sends in segments of half of it; so small ones that a record is more than it may queue.
SMALL_WINDOW = 128
# Answers of one byte that fill up a segment piece by piece. The rest of what may be queued would
# suffice for a record, but for the piece that completes that segment.
PIECES = 115
QUIET_S, ECHO_S = 0.2, 0.003


class Buffers(harness.TestCase):
    def setUp(self):
        super().setUp()
        made_wire = self.make_wire()
        self.queue = FrameQueue(made_wire.interface)
        self.addCleanup(self.queue.close)
        self.server = self.start_server(made_wire)
        self.mac = self.server.wait_event("net_up")["mac"]

    def open_raw_peers(self, **more):
        context = testcerts.client_context()
        where = (self.queue, settings.SERVER_IP, self.mac, settings.PORT)
        socks = [RawConnection(*where, port=FIRST_PORT + n, **more) for n in range(BUFFERS)]
        return [TlsPeer(sock, context).handshake() for sock in socks]

    def check_others_are_served(self, hostile):
        """Each of them sends a record and takes nothing of the echo."""
        good = self.open_peers(1)[0]
        for peer in hostile:
            peer.sock.sendall(peer.seal(bytes(RECORD)))
        for size in (1, RECORD):
            self.assertTrue(good.echo(b"g" * size) == b"g" * size, "no echo")
        self.assertEqual(self.server.find_events("closed"), [])
        self.check_stopped(self.server)

    def test_small_windows(self):
        self.check_others_are_served(self.open_raw_peers(window=SMALL_WINDOW))

    def test_small_pieces(self):
        hostile = self.open_raw_peers()
        for peer in hostile:
            peer.sock.wait_quiet(QUIET_S)  # it has the tickets
            peer.sock.window = 0
        for _piece in range(PIECES):
            for peer in hostile:
                peer.sock.sendall(peer.seal(b"p"))
            for peer in hostile:
                peer.sock.wait_acknowledged()
            time.sleep(ECHO_S)
        self.check_others_are_served(hostile)


if __name__ == "__main__":
    harness.main()
