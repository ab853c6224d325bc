"""What do records that no well-behaved peer sends do to a session? It ends, for a reason that is said;
or they are harmless, and the echo goes on.

The records are sealed by hand under the keys of real sessions (lib/records.py). A well-behaved
session echoes beside all of it.
"""

import os
import socket
import ssl
import time

import harness
import hello
import settings
import testcerts
from companion import BesideTestCase
from records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    FATAL,
    HANDSHAKE,
    KEY_UPDATE,
    MAX_PLAINTEXT,
    NEW_SESSION_TICKET,
    WARNING,
    RawPeer,
    header,
    message,
)
from servers import reset, wait_for_end
from tlspeer import connect

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = (TLS_1_2, TLS_1_3)
IDLE_MS = 1500
RECORD_MS = 1000
CLOSE_NOTIFY, USER_CANCELED, NO_RENEGOTIATION = 0, 90, 100
UNKNOWN_ALERTS = (1, 99, 200, 255)
EMPTY_MAX = 32
UNEXPECTED = "unexpected_message"


class Records(BesideTestCase):
    server_args = ("--idle-timeout", str(IDLE_MS))

    def open_session(self, version):
        peer = RawPeer(connect(), testcerts.client_context(version=version))
        self.addCleanup(peer.__exit__)
        peer.handshake()
        event = self.wait_server("handshake_ok", peer=peer.name)
        return peer, event["session"]

    def closed(self, session, reason, **expected):
        """The session's end, which must be this."""
        event = self.wait_server("closed", session=session)
        found = {key: event.fields.get(key) for key in expected}
        self.assertEqual((event["reason"], found), (reason, expected))
        return event

    def check_ends(self, version, send, reason="failed", alert=UNEXPECTED, by="us"):
        """send(peer) ends the session, for this reason, and with the next one all is well."""
        with self.subTest(version=version.name, alert=alert):
            peer, session = self.open_session(version)
            send(peer)
            try:
                wait_for_end(peer.sock)
            except TimeoutError:
                self.fail("the server does not end it")
            peer.sock.close()
            self.closed(session, reason, alert=alert, alert_by=by)

    def check_harmless(self, version, send):
        """After send(peer) the echo goes on, and the session ends in order."""
        with self.subTest(version=version.name):
            peer, session = self.open_session(version)
            send(peer)
            peer.send_record(APPLICATION_DATA, b"and on")
            self.assertEqual(peer.read_exactly(6), b"and on")
            peer.send_record(ALERT, bytes([WARNING, CLOSE_NOTIFY]))
            peer.sock.shutdown(socket.SHUT_WR)
            self.closed(session, "clean")

    def check_all_end(self, kind, data, versions=VERSIONS, **match):
        for version in versions:
            self.check_ends(version, lambda peer: peer.send_record(kind, data), **match)


class Data(Records):
    def test_one_byte_in_16_kilobytes(self):
        def send(peer):
            for _record in range(50):
                peer.send_record(APPLICATION_DATA, b"x", padding=MAX_PLAINTEXT - 1)
            self.assertEqual(peer.read_exactly(50), b"x" * 50)

        self.check_harmless(TLS_1_3, send)

    def test_empty_records(self):
        """As many in a row as anybody sends to hide something."""
        for version in VERSIONS:
            self.check_harmless(
                version,
                lambda peer: [peer.send_record(APPLICATION_DATA, b"") for _r in range(EMPTY_MAX)],
            )

    def test_a_thousand_empty_records(self):
        for version in VERSIONS:
            self.check_ends(
                version,
                lambda peer: peer.sock.sendall(
                    b"".join(peer.seal_record(APPLICATION_DATA, b"") for _record in range(1000))
                ),
            )

    def test_a_thousand_records_of_one_byte(self):
        def send(peer):
            data = os.urandom(1000)
            records = (peer.seal_record(APPLICATION_DATA, bytes([byte])) for byte in data)
            peer.sock.sendall(b"".join(records))
            self.assertEqual(peer.read_exactly(1000), data)

        for version in VERSIONS:
            self.check_harmless(version, send)

    def test_record_without_a_type(self):
        """Nothing but padding (RFC 8446 section 5.4)."""
        for inner in (b"", bytes(100), bytes(MAX_PLAINTEXT)):
            self.check_ends(
                TLS_1_3, lambda peer, i=inner: peer.sock.sendall(peer.sealer.seal_inner(i))
            )

    def test_too_much_in_a_record(self):
        for size, alert in ((MAX_PLAINTEXT + 1, UNEXPECTED), (18_000, "record_overflow")):
            self.check_all_end(APPLICATION_DATA, bytes(size), alert=alert)

    def test_length_that_lies(self):
        """A header alone is enough: the record is not waited for."""
        for version in VERSIONS:
            for length in (18500, 0xFFFF):
                self.check_ends(
                    version,
                    lambda peer, n=length: peer.sock.sendall(header(APPLICATION_DATA, n)),
                    alert="record_overflow",
                )

    def test_shorter_than_its_tag(self):
        for version in VERSIONS:
            for length in (0, 1, 16):
                with self.subTest(version=version.name, length=length):
                    peer, session = self.open_session(version)
                    peer.sock.sendall(header(APPLICATION_DATA, length) + bytes(length))
                    wait_for_end(peer.sock)
                    peer.sock.close()
                    self.closed(session, "failed")

    def test_unknown_types(self):
        for kind in (0, 19, 24, 25, 255):
            for version in VERSIONS:
                if kind != 0 or version is TLS_1_2:  # in TLS 1.3 a zero is padding
                    self.check_ends(version, lambda peer, k=kind: peer.send_record(k, b"?"))

    def test_garbage(self):
        for version in VERSIONS:
            self.check_ends(
                version,
                lambda peer: peer.sock.sendall(header(APPLICATION_DATA, 500) + os.urandom(500)),
                alert="bad_record_mac",
            )

    def test_record_sent_twice(self):
        def send(peer):
            record = peer.seal_record(APPLICATION_DATA, b"once")
            peer.sock.sendall(record + record)

        for version in VERSIONS:
            self.check_ends(version, send, alert="bad_record_mac")


class Unfinished(Records):
    """A record once begun has its time, which no byte of it puts off; the idle deadline is far away."""

    server_args = ("--record-timeout", str(RECORD_MS))

    def check_record_deadline(self, peer, session):
        self.assertEqual(self.wait_server("deadline", session=session)["phase"], "record")
        peer.sock.close()
        self.closed(session, "deadline")

    def test_header_and_nothing_more(self):
        for version in VERSIONS:
            peer, session = self.open_session(version)
            peer.sock.sendall(header(APPLICATION_DATA, 1000))
            self.check_record_deadline(peer, session)

    def test_one_byte_now_and_then(self):
        """After an echo, which is no reason for more patience."""
        peer, session = self.open_session(TLS_1_3)
        peer.send_record(APPLICATION_DATA, b"first")
        self.assertEqual(peer.read_exactly(5), b"first")
        for byte in peer.seal_record(APPLICATION_DATA, bytes(1000)):
            try:
                peer.sock.sendall(bytes([byte]))
            except OSError:
                break
            if self.server.find_events("deadline", self.since, session=session):
                break
            time.sleep(0.1)
        self.check_record_deadline(peer, session)


class Alerts(Records):
    def test_every_fatal_alert(self):
        for number in (*hello.ALERT_NAMES, *UNKNOWN_ALERTS):
            if number in (CLOSE_NOTIFY, USER_CANCELED):
                continue
            name = hello.ALERT_NAMES.get(number, "unknown")
            self.check_all_end(ALERT, bytes([FATAL, number]), reason="alert", alert=name, by="peer")

    def test_level_says_nothing_in_tls_1_3(self):
        for level in (0, WARNING, 3, 255):
            for number in (40, 48, 99):
                name = hello.ALERT_NAMES.get(number, "unknown")
                self.check_all_end(
                    ALERT, bytes([level, number]), (TLS_1_3,),
                    reason="alert", alert=name, by="peer",
                )  # fmt: skip
        peer, session = self.open_session(TLS_1_3)
        peer.send_record(ALERT, bytes([FATAL, CLOSE_NOTIFY]))
        self.assertEqual(peer.read(), b"")
        peer.sock.shutdown(socket.SHUT_WR)
        self.closed(session, "clean")

    def test_warnings_end_nothing(self):
        for number in (USER_CANCELED, NO_RENEGOTIATION, 112):
            self.check_harmless(
                TLS_1_2, lambda peer, n=number: peer.send_record(ALERT, bytes([WARNING, n]))
            )
        self.check_harmless(
            TLS_1_3, lambda peer: peer.send_record(ALERT, bytes([WARNING, USER_CANCELED]))
        )

    def test_a_thousand_warnings(self):
        for version in VERSIONS:
            self.check_harmless(
                version,
                lambda peer: peer.sock.sendall(
                    b"".join(
                        peer.seal_record(ALERT, bytes([WARNING, USER_CANCELED]))
                        for _alert in range(1000)
                    )
                ),
            )

    def test_wrong_lengths(self):
        for data in (b"", b"\2", b"\2\x28\x28", b"\2\x28" * 2):
            self.check_all_end(ALERT, data)

    def test_data_after_its_end(self):
        """What comes after close_notify is not echoed, and does not keep the session (RFC 8446
        section 6.1)."""
        for version in VERSIONS:
            with self.subTest(version=version.name):
                peer, session = self.open_session(version)
                peer.send_record(APPLICATION_DATA, b"before")
                peer.send_record(ALERT, bytes([WARNING, CLOSE_NOTIFY]))
                peer.send_record(APPLICATION_DATA, b"after")
                self.assertEqual(peer.read_exactly(100), b"before")
                peer.sock.close()
                closed = self.closed(session, "clean")
                self.assertEqual((closed["bytes_in"], closed["bytes_out"]), ("6", "6"))


class Handshakes(Records):
    """Handshake messages where there is no handshake any more."""

    def test_key_update(self):
        """Not implemented: refused by its name, whether it asks for an answer or not."""
        for request in (b"\0", b"\1", b"\2", b""):
            self.check_all_end(HANDSHAKE, message(KEY_UPDATE, request), (TLS_1_3,))

    def test_messages_out_of_place(self):
        kinds = (0, 2, NEW_SESSION_TICKET, 5, 8, 11, 13, 15, 20, KEY_UPDATE, 99, 254)
        for kind in kinds:
            self.check_all_end(HANDSHAKE, message(kind, bytes(50)))
        self.check_all_end(HANDSHAKE, message(1, bytes(50)), (TLS_1_3,))

    def test_length_that_lies(self):
        """The rest never comes: that is no progress."""
        for version in VERSIONS:
            peer, session = self.open_session(version)
            peer.send_record(HANDSHAKE, b"\x14\xff\xff\xff" + bytes(50))
            self.assertEqual(self.wait_server("deadline", session=session)["phase"], "idle")
            peer.sock.close()
            self.closed(session, "deadline")

    def test_pieces(self):
        """In TLS 1.3 nothing may come between the pieces of a message (RFC 8446 section 5.1)."""

        def send(peer):
            peer.send_record(HANDSHAKE, message(NEW_SESSION_TICKET, bytes(50))[:10])
            peer.send_record(APPLICATION_DATA, b"between")

        for version in VERSIONS:
            self.check_ends(version, send)

    def test_renegotiation(self):
        """Refused by the warning that RFC 5746 section 4.5 asks for; the session goes on."""
        peer, session = self.open_session(TLS_1_2)
        peer.send_record(HANDSHAKE, message(1, bytes(100)))
        with self.assertRaises(ssl.SSLError) as caught:
            peer.read()
        self.assertIn("NO_RENEGOTIATION", str(caught.exception))
        self.assertEqual(self.server.find_events("closed", self.since, session=session), [])

    def test_renegotiation_a_thousand_times(self):
        """Each is answered by a warning, which this peer does not read: it is not read from, either."""
        peer, session = self.open_session(TLS_1_2)
        try:
            for _request in range(1000):
                peer.send_record(HANDSHAKE, message(1, bytes(100)))
        except OSError:
            pass
        self.wait_server("deadline", 10, session=session)
        peer.sock.close()
        self.closed(session, "deadline")

    def test_change_cipher_spec(self):
        self.check_all_end(CHANGE_CIPHER_SPEC, b"\1")
        self.check_ends(
            TLS_1_3, lambda peer: peer.sock.sendall(header(CHANGE_CIPHER_SPEC, 1) + b"\1")
        )


class Resets(Records):
    def test_at_every_step(self):
        """In the middle of a record, of an echo, and after close_notify."""
        steps = {
            "idle": lambda peer: None,
            "half a record": lambda peer: peer.sock.sendall(
                peer.seal_record(APPLICATION_DATA, bytes(1000))[:500]
            ),
            "an echo": lambda peer: peer.send_record(APPLICATION_DATA, bytes(MAX_PLAINTEXT)),
            "an alert": lambda peer: peer.sock.sendall(
                peer.seal_record(ALERT, bytes([FATAL, 40]))[:10]
            ),
        }
        for version in VERSIONS:
            for name, send in steps.items():
                with self.subTest(version=version.name, step=name):
                    peer, session = self.open_session(version)
                    send(peer)
                    reset(peer.sock)
                    self.closed(session, "reset")

    def test_after_close_notify(self):
        """All was said: clean, or reset if that came first."""
        for version in VERSIONS:
            peer, session = self.open_session(version)
            peer.send_record(ALERT, bytes([WARNING, CLOSE_NOTIFY]))
            reset(peer.sock)
            closed = self.wait_server("closed", session=session)
            self.assertIn(closed["reason"], ("clean", "reset"))


if __name__ == "__main__":
    if settings.EMULATED:
        IDLE_MS = 4000
    harness.main()
