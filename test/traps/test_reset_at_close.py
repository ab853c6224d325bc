"""Does a peer get our last words, although it sent more than we wanted to read?

TCP answers the close of a socket with unread data with RST, and many systems then drop what they had
received but not yet given to their program: the close_notify, or the alert that says what was wrong.
"""

import signal
import socket

import harness
import hello
import settings
import testcerts
from frames import Watcher
from rawtcp import RST, Segment
from tlspeer import TlsPeer, connect

APPLICATION_DATA = 23
UNWANTED = b"GET / HTTP/1.1\r\n\r\n" + bytes(80_000)


class ResetAtClose(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()
        self.watcher = Watcher(self.wire.interface)
        self.addCleanup(self.watcher.close)
        self.server = self.start_server(self.wire)

    def check_orderly(self, sock):
        """FIN comes after the last words; RST never does. Ours is the last FIN, so all is over
        when the server has closed."""
        sock.shutdown(socket.SHUT_WR)
        self.assertEqual(sock.recv(100), b"")
        self.server.wait_event("closed")
        for frame in self.watcher.all_frames():
            if frame.is_tcp and frame.source_ip == settings.SERVER_IP:
                self.assertFalse(Segment(frame.payload).flags & RST, "the server sent RST")

    def test_alert_arrives_although_more_was_sent(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"once"), b"once")
            peer.sock.sendall(UNWANTED)
            kind, _alert = hello.receive_record(peer.sock)
            self.assertEqual(kind, APPLICATION_DATA, "an alert, encrypted as TLS 1.3 does")
            self.check_orderly(peer.sock)

    def test_close_notify_arrives_although_more_was_sent(self):
        """The server ends by itself while a peer sends."""
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"once"), b"once")
            late = peer.seal(bytes(80_000))
            self.server.signal(signal.SIGTERM)
            self.assertEqual(peer.read(), b"", "close_notify")
            peer.sock.sendall(late)
            self.check_orderly(peer.sock)
        self.check_exit(self.server, 0)


if __name__ == "__main__":
    harness.main()
