"""Does the server outlive peers that go at once while it still writes to them, 50 a second?

The classic server is killed by SIGPIPE here. Our TCP raises no signal; the Unix socket of a
stream: netif could.
"""

import os
import socket
import time

import frames
import harness
import settings
import testcerts
from servers import reset
from tlspeer import TlsPeer, connect

COUNT, RATE = (20, 5.0) if settings.EMULATED else (150, 50.0)
UNSENT_LEN = 60_000  # more than the server can send before it knows that nobody is there
QUESTION = frames.arp(
    frames.ARP_REQUEST, b"\x02\0\0\0\0\x07", "198.18.0.7", settings.SERVER_IP
)
QUESTIONS = 500


class GoneAtOnce(harness.ServerTestCase):
    server_args = ("--max-sessions", "64")

    def go_while_it_writes(self, context, index):
        with TlsPeer(connect(), context) as peer:
            peer.handshake()
            peer.sock.sendall(peer.seal(bytes(UNSENT_LEN)))
            if index % 2 == 0:
                reset(peer.sock)

    def endings(self):
        """A reset may overtake the end of the handshake."""
        events = self.server.find_events("closed") + self.server.find_events("handshake_failed")
        return [event["reason"] for event in events]

    def test_50_a_second(self):
        context = testcerts.client_context()
        began = time.monotonic()
        for index in range(COUNT):
            time.sleep(max(0.0, began + index / RATE - time.monotonic()))
            self.go_while_it_writes(context, index)
        harness.wait_until(lambda: len(self.endings()) == COUNT, "end of all sessions")
        self.assertLessEqual(set(self.endings()), {"reset", "truncated"})
        with TlsPeer(connect(), context) as peer:
            self.assertEqual(peer.handshake().echo(b"still there?"), b"still there?")
            peer.close_cleanly()


class WireGone(harness.TestCase):
    def test_other_end_of_a_stream_goes_while_frames_are_sent(self):
        """It asks, and does not wait for the answers."""
        path = os.path.join(self.make_folder(), "wire")
        server = self.start_server(StreamWire(f"stream:listen={path}"))
        for _round in range(20):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)
                sock.sendall((len(QUESTION).to_bytes(4, "big") + QUESTION) * QUESTIONS)
        self.check_stopped(server)


class StreamWire:
    """Only the option: nobody but the test is on this wire."""

    def __init__(self, netif):
        self.netif = netif


if __name__ == "__main__":
    harness.main()
