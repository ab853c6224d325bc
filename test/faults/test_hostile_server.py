"""Does our client end with one clear reason and the right status, whatever a hostile server sends?

test_client.py has servers that stall, leave and speak nonsense; here they speak TLS, and too much of
it, or what they must not.
"""

import os
import ssl
import struct

import harness
import hello
import testcerts
from companion import BesideTestCase
from records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    FATAL,
    HANDSHAKE,
    KEY_UPDATE,
    NEW_SESSION_TICKET,
    WARNING,
    RawPeer,
    message,
)
from servers import Listener, wait_for_end
from tlspeer import connect, name_of

ECHO, TLS_FAILURE, NOT_TRUSTED = 74, 76, 77
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = (TLS_1_2, TLS_1_3)
LEFT_IN_ANGER = (ssl.SSLError, OSError)
DOWNGRADE_SENTINELS = (b"DOWNGRD\x01", b"DOWNGRD\x00")


def chain_file(folder, name, count):
    """A chain of the good certificate and as many more that nobody needs."""
    path = os.path.join(folder, f"{name}-{count}.pem")
    with open(path, "w", encoding="ascii") as file:
        for source, times in ((f"{name}.pem", 1), ("ca.pem", count)):
            with open(testcerts.file(source), encoding="ascii") as pem:
                file.write(pem.read() * times)
    return path


class HostileServer(harness.TestCase):
    def serve(self, handle):
        server = Listener(handle, LEFT_IN_ANGER)
        self.addCleanup(server.close)
        return server.host

    def serve_session(self, version, handle, chain=None):
        """handle(peer) once the handshake is over."""
        context = testcerts.server_context(version=version)
        context.num_tickets = 0
        if chain:
            context.load_cert_chain(chain, testcerts.file("server.key"))

        def serve(sock):
            with RawPeer(sock, context) as peer:
                peer.handshake()
                handle(peer)

        return self.serve(serve)

    def run_client(self, host, status, *args):
        client = self.start_client(self.make_wire(), *args, host=host)
        self.check_exit(client, status, 30)
        self.assertEqual(client.find_events("shutdown")[-1]["status"], str(status))
        return client

    def check_ends(
        self, version, send, *args, reason="failed", alert="unexpected_message", by="us"
    ):  # pylint: disable=too-many-arguments
        """What the server sends in place of an echo ends the session."""

        def handle(peer):
            peer.read()
            send(peer)
            wait_for_end(peer.sock)

        with self.subTest(version=version.name, alert=alert):
            client = self.run_client(self.serve_session(version, handle), TLS_FAILURE, *args)
            closed = client.find_events("closed")[-1]
            found = closed["reason"], closed["alert"], closed["alert_by"]
            self.assertEqual(found, (reason, alert, by))
            self.assertEqual(client.stdout, b"")

    def check_harmless(self, version, send):
        """What the server sends before the echo does not matter."""

        def handle(peer):
            data = peer.read()
            send(peer)
            peer.send_record(APPLICATION_DATA, data)
            peer.send_record(ALERT, bytes([WARNING, 0]))
            wait_for_end(peer.sock)

        with self.subTest(version=version.name):
            client = self.run_client(self.serve_session(version, handle), 0)
            self.assertEqual(bytes(client.stdout), b"hello server\n")

    def many(self, kind, data, count):
        return lambda peer: peer.sock.sendall(
            b"".join(peer.seal_record(kind, data) for _record in range(count))
        )


class Records(HostileServer):
    def test_key_update(self):
        self.check_ends(
            TLS_1_3, lambda peer: peer.send_record(HANDSHAKE, message(KEY_UPDATE, b"\1"))
        )

    def test_empty_records(self):
        for version in VERSIONS:
            self.check_harmless(version, self.many(APPLICATION_DATA, b"", 32))
            self.check_ends(version, self.many(APPLICATION_DATA, b"", 1000))

    def test_echo_of_one_byte_in_16_kilobytes(self):
        def handle(peer):
            for byte in peer.read():
                peer.send_record(APPLICATION_DATA, bytes([byte]), padding=16383)
            peer.send_record(ALERT, bytes([WARNING, 0]))
            wait_for_end(peer.sock)

        client = self.run_client(self.serve_session(TLS_1_3, handle), 0)
        self.assertEqual(bytes(client.stdout), b"hello server\n")

    def test_a_thousand_tickets(self):
        lifetimes = struct.pack("!II", 3600, 0)
        ticket = lifetimes + b"\x01\x00" + b"\x00\x20" + bytes(32) + b"\x00\x00"
        self.check_harmless(
            TLS_1_3, self.many(HANDSHAKE, message(NEW_SESSION_TICKET, ticket), 1000)
        )

    def test_tickets_that_lie(self):
        """Read only by a client that wants to resume."""
        for data in (bytes(5), struct.pack("!II", 3600, 0) + b"\xff" + bytes(20)):
            send = self.many(HANDSHAKE, message(NEW_SESSION_TICKET, data), 1)
            self.check_harmless(TLS_1_3, send)
            self.check_ends(TLS_1_3, send, "--resume", alert="decode_error")

    def test_renegotiation(self):
        """HelloRequest: refused by a warning, and the echo goes on."""
        self.check_harmless(TLS_1_2, self.many(HANDSHAKE, message(0, b""), 3))

    def test_messages_out_of_place(self):
        for version, kinds in ((TLS_1_2, (1, 11, 20)), (TLS_1_3, (0, 1, 8, 20))):
            for kind in kinds:
                self.check_ends(
                    version, lambda peer, k=kind: peer.send_record(HANDSHAKE, message(k, bytes(40)))
                )
            self.check_ends(version, self.many(CHANGE_CIPHER_SPEC, b"\1", 1))

    def test_alerts(self):
        for version in VERSIONS:
            for number in (10, 80, 99):
                self.check_ends(
                    version,
                    self.many(ALERT, bytes([FATAL, number]), 1),
                    reason="alert",
                    alert=hello.ALERT_NAMES.get(number, "unknown"),
                    by="peer",
                )

    def test_error_that_calls_itself_a_warning(self):
        self.check_ends(TLS_1_3, self.many(ALERT, bytes([WARNING, 80]), 1), reason="alert",
                        alert="internal_error", by="peer")  # fmt: skip


class Answers(HostileServer):
    """The answer to our ClientHello, made by hand."""

    def check_refused(self, answer, *alerts):
        """answer(offer): what the server says to a hello with that session id."""

        def handle(sock):
            _kind, data = hello.receive_record(sock)
            session_id = data[39 : 39 + data[38]]
            sock.sendall(answer(session_id))
            wait_for_end(sock)

        client = self.run_client(self.serve(handle), TLS_FAILURE)
        failed = client.find_events("handshake_failed")[-1]
        self.assertEqual((failed["reason"], failed["alert_by"]), ("failed", "us"))
        self.assertIn(failed["alert"], alerts)

    def test_downgrade(self):
        """TLS 1.2, by a server that says that it knows TLS 1.3: somebody is between us (RFC 8446
        section 4.1.3)."""
        for sentinel in DOWNGRADE_SENTINELS:
            self.check_refused(
                lambda session_id, s=sentinel: hello.server_hello(
                    0xC02B, random=os.urandom(24) + s, session_id=session_id
                ),
                "illegal_parameter",
            )

    def test_old_versions(self):
        for version in (0x0300, hello.TLS_1_0, hello.TLS_1_1, 0x0305):
            self.check_refused(
                lambda session_id, v=version: hello.server_hello(
                    0xC02B, legacy=v, session_id=session_id
                ),
                "protocol_version",
                "illegal_parameter",
            )

    def test_what_was_not_offered(self):
        """A suite, a version, a group and an extension. (internal_error is what Mbed TLS says of a
        suite that is not compiled in.)"""
        share = struct.pack("!HH", hello.X25519, 32) + os.urandom(32)
        wrong_share = struct.pack("!HH", 0x001E, 56) + os.urandom(56)
        tls13 = (hello.EXT_VERSIONS, b"\x03\x04")
        cases = (
            (0xC013, []),
            (0x1304, [tls13, (hello.EXT_KEY_SHARE, share)]),
            (0x1301, [(hello.EXT_VERSIONS, b"\x03\x05"), (hello.EXT_KEY_SHARE, share)]),
            (0x1301, [tls13, (hello.EXT_KEY_SHARE, wrong_share)]),
            (0x1301, [tls13]),
            (0x1301, [tls13, (hello.EXT_KEY_SHARE, share), (0x4A4A, b"unasked")]),
        )
        for suite, extensions in cases:
            self.check_refused(
                lambda session_id, c=(suite, extensions): hello.server_hello(
                    c[0], session_id=session_id, extensions=c[1]
                ),
                "illegal_parameter", "handshake_failure", "protocol_version",
                "unsupported_extension", "missing_extension", "internal_error",
            )  # fmt: skip

    def test_another_session_id(self):
        tls13 = (hello.EXT_VERSIONS, b"\x03\x04")
        share = (hello.EXT_KEY_SHARE, struct.pack("!HH", hello.X25519, 32) + os.urandom(32))
        self.check_refused(
            lambda _id: hello.server_hello(0x1301, session_id=bytes(32), extensions=[tls13, share]),
            "illegal_parameter",
        )


class LongChains(HostileServer):
    def test_more_than_is_needed(self):
        chain = chain_file(self.make_folder(), "server", 12)

        def handle(peer):
            peer.write(peer.read())
            peer.send_close_notify()
            wait_for_end(peer.sock)

        for version in VERSIONS:
            self.run_client(self.serve_session(version, handle, chain), 0)

    def test_more_than_there_is_room_for(self):
        """50 KB of certificates: refused when their length is known."""
        chain = chain_file(self.make_folder(), "server", 100)
        for version in VERSIONS:
            host = self.serve_session(version, lambda peer: wait_for_end(peer.sock), chain)
            client = self.start_client(self.make_wire(), host=host)
            self.assertIn(client.wait_exit(30), (TLS_FAILURE, NOT_TRUSTED))
            failed = client.find_events("handshake_failed")[-1]
            self.assertIn(failed["reason"], ("failed", "untrusted"))
            self.assertEqual(client.complaints(), [])


class LongClientChains(BesideTestCase):
    server_args = ("--client-auth", "optional")

    def connect_with(self, version, count):
        context = testcerts.client_context("", version=version)
        chain = chain_file(self.make_folder(), "client", count)
        context.load_cert_chain(chain, testcerts.file("client.key"))
        peer = RawPeer(connect(), context)
        self.addCleanup(peer.__exit__)
        return peer

    def test_more_than_is_needed(self):
        for version in VERSIONS:
            peer = self.connect_with(version, 12)
            self.assertEqual(peer.handshake().echo(b"welcome"), b"welcome")
            peer.close_cleanly()

    def test_more_than_there_is_room_for(self):
        for version in VERSIONS:
            peer = self.connect_with(version, 100)
            name = name_of(peer.sock)
            try:
                peer.handshake()
                wait_for_end(peer.sock)
            except (ssl.SSLError, OSError):
                pass
            failed = self.wait_server("handshake_failed", peer=name)
            self.assertIn(failed["reason"], ("failed", "untrusted"))
            peer.sock.close()


if __name__ == "__main__":
    harness.main()
