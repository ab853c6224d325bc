"""Is a small piece sent at once, although the piece before it is not acknowledged yet?

Nagle's algorithm would hold it back until the peer's acknowledgement, which a peer with delayed
acknowledgements sends after 40 ms or more. No clock is asked: the peer here does not acknowledge at
all until it has both pieces.
"""

import harness
import settings
import testcerts
from rawtcp import FrameQueue, RawConnection
from tlspeer import TlsPeer


class Nagle(harness.TestCase):
    def connect(self):
        wire = self.make_wire()
        queue = FrameQueue(wire.interface)
        self.addCleanup(queue.close)
        server = self.start_server(wire)
        mac = server.wait_event("net_up")["mac"]
        timeout_s = 10 * settings.PATIENCE
        return RawConnection(queue, settings.SERVER_IP, mac, settings.PORT, timeout_s)

    def test_second_small_record_does_not_wait_for_an_acknowledgement(self):
        connection = self.connect()
        with TlsPeer(connection, testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"warm"), b"warm")
            first, second = peer.seal(b"first"), peer.seal(b"second")
            connection.acknowledges = False
            frozen = connection.acked
            connection.sendall(first)
            connection.wait_received(len(first))
            connection.sendall(second)
            connection.wait_received(len(first) + len(second))
            self.assertEqual(connection.acked, frozen, "the first piece is unacknowledged")
            connection.acknowledges = True
            self.assertEqual(peer.read_exactly(11), b"firstsecond")


if __name__ == "__main__":
    harness.main()
