"""Does everything that was sent come back after the peer has ended its side, and in order?"""

import os
import socket
import ssl

import harness
import testcerts
from tlspeer import TlsPeer, connect

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
SIZES = (1, 1000, 16384, 100_000, 1_000_000)


class HalfClose(harness.ServerTestCase):
    def check_end(self, peer, size):
        """FIN, not RST, and the log agrees."""
        self.assertEqual(peer.sock.recv(100), b"")
        hello = self.wait_server("handshake_ok", peer=peer.name)
        closed = self.wait_server("closed", session=hello["session"])
        self.assertEqual(closed["reason"], "clean")
        self.assertEqual((closed["bytes_in"], closed["bytes_out"]), (str(size), str(size)))

    def test_data_close_notify_and_fin_at_once(self):
        for version in VERSIONS:
            for size in SIZES:
                context = testcerts.client_context(version=version)
                with self.subTest(version=version.name, size=size):
                    with TlsPeer(connect(), context) as peer:
                        peer.handshake()
                        data = os.urandom(size)
                        self.assertTrue(peer.exchange(data, half_close=True) == data)
                        self.check_end(peer, size)

    def test_close_notify_without_data(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.close_cleanly(), b"")
            self.check_end(peer, 0)

    def test_close_notify_and_a_fin_that_comes_later(self):
        """The connection stays half open until the peer's FIN; our end has been said."""
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"last words"), b"last words")
            peer.send_close_notify()
            self.assertEqual(peer.read(), b"")
            self.assertEqual(peer.sock.recv(100), b"")
            peer.sock.shutdown(socket.SHUT_WR)
            self.check_end(peer, len(b"last words"))


if __name__ == "__main__":
    harness.main()
