"""Does our client end with one clear reason and the right status, whatever the server does?"""

import socket
import ssl
import threading
import time

import harness
import settings
import testcerts
from servers import Listener, reset, tls_listener, wait_for_end
from tlspeer import serve_echo

NO_CONNECTION, ECHO, DEADLINE, TLS_FAILURE = 69, 74, 75, 76
SLACK_MS = 2000  # of a machine with other work
EARLY_MS = 100  # between the deadline's start and the event that tells of it
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Client(harness.TestCase):
    def run_client(self, host, status, *args):
        """Ends with this status, and its last event says so too."""
        client = self.start_client(self.make_wire(), *args, host=host)
        self.check_exit(client, status, 30)
        self.assertEqual(client.find_events("shutdown")[-1]["status"], str(status))
        return client

    def serve(self, handle):
        server = Listener(handle)
        self.addCleanup(server.close)
        return server.host

    def serve_tls(self, handle, version=None):
        context = testcerts.server_context(version=version)
        server = tls_listener(context, handle, (ssl.SSLError, ConnectionResetError, OSError))
        self.addCleanup(server.close)
        return server.host

    def deadline_of(self, client, phase, limit_ms):
        deadline = client.find_events("deadline")[0]
        self.assertEqual(deadline["phase"], phase)
        self.assertGreaterEqual(deadline.number("ms"), limit_ms - EARLY_MS)
        self.assertLessEqual(deadline.number("ms"), limit_ms + SLACK_MS)


class NoConnection(Client):
    def test_refused_port(self):
        client = self.run_client(f"{settings.KERNEL_IP}:9", NO_CONNECTION)
        failed = client.find_events("connect_failed")[0]
        self.assertEqual(failed["reason"], "refused")
        self.assertEqual((failed["peer"], failed["port"]), (settings.KERNEL_IP, "9"))

    def test_host_that_nobody_has(self):
        """Nobody answers ARP."""
        client = self.run_client("198.18.0.200", NO_CONNECTION)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "unreachable")

    def test_host_beyond_a_gateway_that_is_not_there(self):
        args = ["--gateway", "198.18.0.254"]
        client = self.run_client("198.18.77.1", NO_CONNECTION, *args)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "unreachable")

    def test_host_that_drops_everything(self):
        """The host answers ARP, but never the SYN."""
        self.make_wire()
        with socket.create_server((settings.KERNEL_IP, 0), backlog=0) as full:
            port = full.getsockname()[1]
            fill = [self.knock(port) for _index in range(4)]
            args = ["--connect-timeout", "1000"]
            client = self.run_client(f"{settings.KERNEL_IP}:{port}", DEADLINE, *args)
            self.deadline_of(client, "connect", 1000)
            for sock in fill:
                sock.close()

    @staticmethod
    def knock(port):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex((settings.KERNEL_IP, port))
        return sock


class Handshake(Client):
    def test_server_that_never_answers(self):
        host = self.serve(wait_for_end)
        client = self.run_client(host, DEADLINE, "--handshake-timeout", "1000")
        self.deadline_of(client, "handshake", 1000)

    def test_server_that_stops_in_the_middle_of_its_flight(self):
        def serve(sock):
            sock.recv(4096)
            sock.sendall(b"\x16\x03\x03\x00\x7a\x02\x00")
            wait_for_end(sock)

        client = self.run_client(self.serve(serve), DEADLINE, "--handshake-timeout", "1000")
        self.deadline_of(client, "handshake", 1000)

    def failed_reason(self, serve):
        client = self.run_client(self.serve(serve), TLS_FAILURE)
        return client.find_events("handshake_failed")[0]["reason"]

    def test_server_that_speaks_http(self):
        def serve(sock):
            sock.recv(4096)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            wait_for_end(sock)

        self.assertEqual(self.failed_reason(serve), "failed")

    def test_server_that_leaves(self):
        def serve(sock):
            sock.recv(4096)

        self.assertEqual(self.failed_reason(serve), "truncated")

    def test_server_that_resets(self):
        def serve(sock):
            sock.recv(4096)
            reset(sock)

        self.assertEqual(self.failed_reason(serve), "reset")

    def test_server_that_sends_an_alert(self):
        def serve(sock):
            sock.recv(4096)
            sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
            wait_for_end(sock)

        client = self.run_client(self.serve(serve), TLS_FAILURE)
        failed = client.find_events("handshake_failed")[0]
        self.assertEqual((failed["reason"], failed["alert"]), ("alert", "handshake_failure"))
        self.assertEqual(failed["alert_by"], "peer")


class Echo(Client):
    def test_cut_without_close_notify(self):
        """Before, in the middle of and after the echo: data may be missing, so it is an error."""
        message = b"hello server"
        for version in VERSIONS:
            for count in (0, 5, len(message)):

                def serve(peer, keep=count):
                    data = peer.read()
                    if keep:
                        peer.write(data[:keep])
                    peer.sock.shutdown(socket.SHUT_WR)
                    wait_for_end(peer.sock)

                with self.subTest(version=version.name, count=count):
                    client = self.run_client(self.serve_tls(serve, version), ECHO)
                    self.assertEqual(client.find_events("closed")[0]["reason"], "truncated")

    def test_reset(self):
        def serve(peer):
            peer.read()
            reset(peer.sock)

        client = self.run_client(self.serve_tls(serve), ECHO)
        self.assertEqual(client.find_events("closed")[0]["reason"], "reset")

    def test_close_notify_before_the_whole_echo(self):
        def serve(peer):
            peer.write(peer.read()[:-1])
            peer.send_close_notify()
            peer.sock.shutdown(socket.SHUT_WR)
            wait_for_end(peer.sock)

        self.run_client(self.serve_tls(serve), ECHO)

    def test_echo_that_differs(self):
        def serve(peer):
            data = bytearray(peer.read())
            data[-1] ^= 1
            peer.write(data)
            serve_echo(peer)

        client = self.run_client(self.serve_tls(serve), ECHO)
        self.assertEqual(client.stdout, b"")

    def test_more_than_was_sent(self):
        def serve(peer):
            peer.write(peer.read() + b"and more")
            serve_echo(peer)

        self.run_client(self.serve_tls(serve), ECHO)

    def test_server_that_goes_silent(self):
        def serve(peer):
            peer.read()
            wait_for_end(peer.sock)

        client = self.run_client(self.serve_tls(serve), DEADLINE, "--idle-timeout", "1000")
        self.deadline_of(client, "idle", 1000)

    def test_server_that_never_reads(self):
        """The client's megabytes do not go out."""
        stop = threading.Event()
        self.addCleanup(stop.set)

        def serve(_peer):
            stop.wait(60)

        args = ["--idle-timeout", "1000", "--size", "8000000"]
        client = self.run_client(self.serve_tls(serve), DEADLINE, *args)
        self.assertIn(client.find_events("deadline")[0]["phase"], ("write", "idle"))

    def test_server_that_never_ends_its_side(self):
        """All was echoed: the missing end is the server's fault, and cannot hold us up."""

        def serve(peer):
            peer.write(peer.read())
            wait_for_end(peer.sock)

        began = time.monotonic()
        client = self.start_client(self.make_wire(), host=self.serve_tls(serve))
        self.assertIn(client.wait_exit(30), (0, ECHO, DEADLINE))
        self.assertEqual(bytes(client.stdout), b"hello server\n")
        self.assertLess(time.monotonic() - began, 20 * settings.PATIENCE)


if __name__ == "__main__":
    harness.main()
