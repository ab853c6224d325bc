"""Is a lost segment sent again as soon as the peer's SACK tells of it, although the peer has data of
its own to send? Bare acknowledgements then never come, and only a timeout would be left.
"""

import os
import time

import harness
import settings
import testcerts
from rawtcp import FrameQueue, RawConnection
from tlspeer import TlsPeer

SOON_S = 0.1  # a retransmission timeout is 0.2 s at least
TRIES = 3
TRIES_MAX = 12  # the machine has other work too: a timeout alone is never that early
SIZE = 12_000


class LostSegment(harness.TestCase):
    def lose_one(self, tell):
        """The server's answer is in flight and nothing of it acknowledged; tell(connection, data)
        sends more. How long does the server take to send its first segment again?"""
        connection = RawConnection(
            self.queue, settings.SERVER_IP, self.server_mac, settings.PORT
        )
        with TlsPeer(connection, testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"x" * SIZE), b"x" * SIZE)  # the window opens
            connection.acknowledges = False
            peer.write(os.urandom(SIZE))
            connection.wait_received(SIZE)
            more = peer.seal(b"more")
            at = len(self.queue.all_frames())
            began = time.monotonic()
            tell(connection, more)
            connection.wait_again(at)
            return time.monotonic() - began

    def setUp(self):
        super().setUp()
        wire = self.make_wire()
        self.queue = FrameQueue(wire.interface)
        self.addCleanup(self.queue.close)
        # One frame a segment: so the peer acknowledges, and misses, single segments.
        server = self.start_server(wire, "--offload", "off")
        self.server_mac = server.wait_event("net_up")["mac"]

    def test_sack_on_data_tells_of_a_loss(self):
        times = []
        while len(times) < TRIES_MAX and not any(time < SOON_S for time in times):
            times.append(self.lose_one(RawConnection.miss_first))
        self.assertLess(min(times), SOON_S)

    def test_data_alone_does_not(self):
        times = [self.lose_one(RawConnection.sendall) for _try in range(TRIES)]
        self.assertGreater(max(times), SOON_S)


if __name__ == "__main__":
    harness.main()
