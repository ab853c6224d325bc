"""Does a peer that comes back from a port it used before get in while we are still in TIME_WAIT?"""

import socket

import harness
import testcerts
from tlspeer import TlsPeer

SERVER = ("198.18.0.2", 8433)
ROUNDS = 5


def connect_from(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(5)
    sock.bind(("", port))
    sock.connect(SERVER)
    return sock


class PortReuse(harness.ServerTestCase):
    def test_same_port_again_and_again(self):
        port = 0
        for _ in range(ROUNDS):
            with TlsPeer(connect_from(port), testcerts.client_context()) as peer:
                port = peer.sock.getsockname()[1]
                peer.handshake()
                self.assertEqual(peer.echo(b"again"), b"again")
                # The server ends its side first, so that TIME_WAIT is the server's.
                peer.send_close_notify()
                self.assertEqual(peer.read(), b"")
                self.assertEqual(peer.sock.recv(100), b"")
                hello = self.wait_server("handshake_ok", peer=peer.name)
            self.wait_server("closed", session=hello["session"], reason="clean")


if __name__ == "__main__":
    harness.main()
