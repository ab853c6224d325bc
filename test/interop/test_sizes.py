"""Does every byte come back, for 1 byte to 8 MB, in records of any size, both ways?"""

import os
import ssl
import threading

import harness
import testcerts
from opensslcli import EchoServer, s_client
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

MEGABYTES_8 = 8 << 20
# s_client takes a letter at the start of what it reads for a command, unless it ignores the end of
# its input, which we need.
COMMANDS = b"QRKkBC{"
NO_COMMANDS = bytes.maketrans(COMMANDS, b"." * len(COMMANDS))
EDGES = (1, 2, 100, 1459, 1460, 1461, 16383, 16384, 16385, 32769, 65536)
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
OPTIONS = {"-tls1_2": "TLSv1.2", "-tls1_3": "TLSv1.3"}


class Server(harness.ServerTestCase):
    def exchange(self, peer, data):
        """Writes in a thread and reads here: echo and data are under way at once."""
        client = self.own(s_client("-quiet", "-no_ign_eof", peer, stdin=True))
        writer = threading.Thread(target=client.write, args=(data,))
        writer.start()
        echoed = client.wait_stdout(len(data), 60)
        writer.join()
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)
        return echoed

    def test_8_megabytes(self):
        data = os.urandom(MEGABYTES_8).translate(NO_COMMANDS)
        for option, version in OPTIONS.items():
            with self.subTest(version=version):
                self.since = self.server.mark()
                self.assertTrue(self.exchange(option, data) == data, "the echo differs")
                self.assertEqual(self.wait_server("handshake_ok")["version"], version)
                closed = self.wait_server("closed", reason="clean")
                self.assertEqual(closed["bytes_in"], str(MEGABYTES_8))
                self.assertEqual(closed["bytes_out"], str(MEGABYTES_8))

    def test_edges(self):
        for version in VERSIONS:
            context = testcerts.client_context(version=version)
            with TlsPeer(connect(), context) as peer:
                peer.handshake()
                for size in EDGES:
                    data = os.urandom(size)
                    self.assertEqual(peer.echo(data), data, f"{version.name}, {size} bytes")
                self.assertEqual(peer.close_cleanly(), b"")

    def test_tiny_records_and_segments(self):
        """One byte a record, and records that come in single bytes."""
        for version in VERSIONS:
            context = testcerts.client_context(version=version)
            with TlsPeer(connect(), context) as peer:
                peer.handshake()
                data = os.urandom(200)
                peer.sock.sendall(b"".join(peer.seal(bytes([byte])) for byte in data))
                self.assertEqual(peer.read_exactly(len(data)), data)
                for byte in peer.seal(data[:40]):
                    peer.sock.sendall(bytes([byte]))
                self.assertEqual(peer.read_exactly(40), data[:40])
                peer.close_cleanly()


class Client(harness.TestCase):
    def run_client(self, server, *args):
        client = self.start_client(self.make_wire(), *args, host=server.host)
        self.check_exit(client, 0, 60)
        return client

    def test_8_megabytes(self):
        for option, version in OPTIONS.items():
            with self.subTest(version=version):
                server = self.own(EchoServer("-quiet", option))
                client = self.run_client(server, "--size", str(MEGABYTES_8))
                server.kill()
                self.assertEqual(client.find_events("handshake_ok")[0]["version"], version)
                closed = client.find_events("closed")[0]
                self.assertEqual(closed["bytes_out"], str(MEGABYTES_8))
                self.assertEqual(closed["bytes_in"], str(MEGABYTES_8))

    def test_edges(self):
        server = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(server.close)
        for size in (1, 16384, 16385, 100_000):
            with self.subTest(size=size):
                client = self.run_client(server, "--size", str(size))
                self.assertEqual(client.find_events("echo")[0]["bytes"], str(size))

    def test_many_messages_in_one_session(self):
        server = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(server.close)
        client = self.run_client(server, "--message", "x" * 1000, "--count", "100")
        self.assertEqual(bytes(client.stdout), (b"x" * 1000 + b"\n") * 100)
        self.assertEqual(len(client.find_events("handshake_ok")), 1)


if __name__ == "__main__":
    harness.main()
