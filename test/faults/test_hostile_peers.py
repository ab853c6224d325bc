"""What do peers that speak nonsense, leave or reset at any point do to the server? Nothing."""

import random
import socket
import ssl

import harness
import hello
import testcerts
from servers import reset, wait_for_end
from tlspeer import TlsPeer, connect, name_of

SEED = 20260131
HTTP = b"GET / HTTP/1.1\r\nHost: tls-echo.local\r\n\r\n"


class Hostile(harness.ServerTestCase):
    server_args = ("--handshake-timeout", "2000")

    def tearDown(self):
        """Whatever a test did: the server serves the next peer, and knows of nobody else."""
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"still there?"), b"still there?")
            peer.close_cleanly()

    def send_and_fail(self, data):
        """The handshake fails; returns the event and what the server sent back."""
        with connect() as sock:
            sock.sendall(data)
            failed = self.wait_server("handshake_failed", peer=name_of(sock))
            kind, answer = hello.receive_record(sock)
            wait_for_end(sock)
        self.assertEqual(failed.level, "WARN")
        return failed, kind, answer

    def test_plain_http(self):
        failed, kind, _answer = self.send_and_fail(HTTP)
        self.assertEqual((failed["reason"], failed["phase"]), ("failed", "handshake"))
        self.assertNotEqual(failed["text"], "")
        self.assertIn(kind, (0, hello.ALERT), "an alert or nothing, but no HTTP")

    def test_garbage(self):
        source = random.Random(SEED)
        for _round in range(20):
            data = source.randbytes(source.randrange(5, 2000))
            with connect() as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                wait_for_end(sock)
                failed = self.wait_server("handshake_failed", peer=name_of(sock))
            self.assertIn(failed["reason"], ("failed", "truncated", "alert"), f"seed {SEED}")

    def test_broken_hellos(self):
        """One bit of a good ClientHello changed: an alert, a ServerHello or silence; no harm."""
        source = random.Random(SEED)
        good = hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3, hello.TLS_1_2])
        for _round in range(60):
            data = bytearray(good)
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)
            with connect() as sock:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                wait_for_end(sock)
                self.wait_server("handshake_failed", peer=name_of(sock))

    def test_record_too_long(self):
        failed, kind, answer = self.send_and_fail(
            bytes([hello.HANDSHAKE, 3, 1, 0xFF, 0xFF]) + bytes(1000)
        )
        self.assertEqual(failed["reason"], "failed")
        if kind == hello.ALERT:
            self.assertIn(hello.ALERT_NAMES[answer[1]], ("record_overflow", "decode_error"))

    def test_alert_instead_of_a_hello(self):
        with connect() as sock:
            sock.sendall(hello.record(hello.ALERT, b"\x02\x28"))
            failed = self.wait_server("handshake_failed", peer=name_of(sock))
            wait_for_end(sock)
        self.assertEqual(
            (failed["reason"], failed["alert"], failed["alert_by"]),
            ("alert", "handshake_failure", "peer"),
        )

    def test_leaves_at_once(self):
        with connect() as sock:
            name = name_of(sock)
        failed = self.wait_server("handshake_failed", peer=name)
        self.assertIn(failed["reason"], ("closed", "truncated"))

    def test_leaves_in_the_middle_of_the_hello(self):
        whole = hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3])
        for count in range(1, len(whole), 23):
            with connect() as sock:
                sock.sendall(whole[:count])
                sock.shutdown(socket.SHUT_WR)
                wait_for_end(sock)
                failed = self.wait_server("handshake_failed", peer=name_of(sock))
            self.assertEqual(failed["reason"], "truncated")

    def test_resets_at_each_point_of_the_handshake(self):
        whole = hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3])
        for count in (0, 1, 5, len(whole) // 2, len(whole)):
            sock = connect()
            name = name_of(sock)
            if count:
                sock.sendall(whole[:count])
            self.wait_server("accepted", peer=name)
            reset(sock)
            failed = self.wait_server("handshake_failed", peer=name)
            self.assertEqual(failed["reason"], "reset")

    def closed_after(self, leave):
        """Handshake and echo, then leave(peer); returns the closed event."""
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"once"), b"once")
            session = self.wait_server("handshake_ok", peer=peer.name)["session"]
            leave(peer)
            return self.wait_server("closed", session=session)

    def test_reset_after_the_handshake(self):
        closed = self.closed_after(lambda peer: reset(peer.sock))
        self.assertEqual(closed["reason"], "reset")

    def test_cut_without_close_notify(self):
        closed = self.closed_after(lambda peer: peer.sock.shutdown(socket.SHUT_WR))
        self.assertEqual((closed["reason"], closed["bytes_in"]), ("truncated", "4"))

    def test_cut_in_the_middle_of_a_record(self):
        def leave(peer):
            peer.sock.sendall(peer.seal(b"never whole")[:-3])
            peer.sock.shutdown(socket.SHUT_WR)

        self.assertEqual(self.closed_after(leave)["reason"], "truncated")

    def test_reset_while_the_echo_is_under_way(self):
        """The server writes to a connection that is gone: no signal, no other harm."""

        def leave(peer):
            peer.sock.sendall(peer.seal(bytes(60_000)))
            reset(peer.sock)

        for _round in range(10):
            self.assertEqual(self.closed_after(leave)["reason"], "reset")

    def test_close_notify_then_reset_is_clean_or_reset(self):
        def leave(peer):
            peer.send_close_notify()
            reset(peer.sock)

        self.assertIn(self.closed_after(leave)["reason"], ("clean", "reset"))

    def test_broken_record_after_the_handshake(self):
        def leave(peer):
            data = bytearray(peer.seal(b"one bit is wrong"))
            data[-1] ^= 1
            peer.sock.sendall(data)
            with self.assertRaises(ssl.SSLError) as caught:
                peer.read()
            self.assertIn("BAD_RECORD_MAC", str(caught.exception).upper())

        self.assertEqual(self.closed_after(leave)["reason"], "failed")

    def test_plain_text_after_the_handshake(self):
        closed = self.closed_after(lambda peer: peer.sock.sendall(HTTP))
        self.assertEqual(closed["reason"], "failed")

    def test_fatal_alert_after_the_handshake(self):
        """In TLS 1.3 alerts are encrypted: a plain one is nonsense; either way it ends."""
        closed = self.closed_after(
            lambda peer: peer.sock.sendall(hello.record(hello.ALERT, b"\x02\x50"))
        )
        self.assertIn(closed["reason"], ("failed", "alert"))


if __name__ == "__main__":
    harness.main()
