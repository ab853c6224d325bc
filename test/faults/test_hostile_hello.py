"""What do peers do to the server before they have shaken hands? Each ends in handshake_failed, for a
reason that is said, and a well-behaved session beside them echoes on.
"""

import random
import socket
import ssl
import struct
import time

import harness
import hello
import settings
import testcerts
from companion import BesideTestCase
from records import APPLICATION_DATA, HANDSHAKE, RawPeer, Sealer13, header, message, split
from servers import reset, wait_for_end
from tlspeer import connect, name_of

SEED = 20260131
HANDSHAKE_MS = 2000
# An emulated handshake takes long: not each byte there.
STEP = 16 if settings.EMULATED else 1
BOTH = (hello.TLS_1_3, hello.TLS_1_2)
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
DOWNGRADE_SENTINEL = b"DOWNGRD\x01"
EXT_PADDING, EXT_UNKNOWN = 21, 0x4A4A
# Whatever a peer sends, these are ours to prevent.
OUR_OWN_FAULTS = ("no_memory", "misuse", "ok", "want_read", "want_write")


def good_hello(**more):
    return hello.client_hello(hello.OFFERED_SUITES, versions=BOTH, **more)


class Hostile(BesideTestCase):
    server_args = ("--handshake-timeout", str(HANDSHAKE_MS))

    def failed(self, name):
        """The handshake of that peer has failed, and not by a fault of ours."""
        event = self.wait_server("handshake_failed", peer=name)
        self.assertNotIn(event["reason"], OUR_OWN_FAULTS)
        self.assertNotEqual((event["alert"], event["alert_by"]), ("internal_error", "us"))
        return event

    def say(self, data, leave=True):
        """Sends this, and then FIN or nothing more. Returns the event, and the server's answer."""
        with connect() as sock:
            sock.sendall(data)
            if leave:
                sock.shutdown(socket.SHUT_WR)
            kind, answer = hello.receive_record(sock)
            wait_for_end(sock)
            return self.failed(name_of(sock)), kind, answer

    def check_refused(self, data, alert, reason="failed"):
        """Refused at once by this alert, which is also what the log says."""
        event, kind, answer = self.say(data, leave=False)
        self.assertEqual(kind, hello.ALERT)
        self.assertEqual(hello.ALERT_NAMES[answer[1]], alert)
        self.assertEqual((event["reason"], event["alert"], event["alert_by"]),
                         (reason, alert, "us"))  # fmt: skip


class Bytes(Hostile):
    def test_cut_at_every_byte(self):
        whole = good_hello()
        for count in range(0, len(whole), STEP):
            event, kind, _answer = self.say(whole[:count])
            self.assertIn(event["reason"], ("truncated",) if count else ("truncated", "closed"))
            self.assertEqual(kind, 0, "no answer to a part of a hello")

    def change_every_byte(self, change):
        whole = good_hello()
        for at in range(0, len(whole), STEP):
            data = bytearray(whole)
            data[at] = change(data[at]) & 0xFF
            event, _kind, _answer = self.say(data)
            self.assertIn(event["reason"], ("failed", "truncated", "alert"), f"byte {at}")

    def test_every_byte_cleared(self):
        self.change_every_byte(lambda byte: 0 if byte else 0xFF)

    def test_every_byte_one_more(self):
        """Each length that there is lies."""
        self.change_every_byte(lambda byte: byte + 1)

    def test_every_byte_one_less(self):
        self.change_every_byte(lambda byte: byte - 1)

    def test_every_byte_with_a_bit_changed(self):
        source = random.Random(SEED)
        self.change_every_byte(lambda byte: byte ^ 1 << source.randrange(8))

    def test_garbage_before(self):
        source = random.Random(SEED)
        for size in (1, 5, 100, 20_000):
            event, _kind, _answer = self.say(source.randbytes(size) + good_hello())
            self.assertIn(event["reason"], ("failed", "truncated"))

    def test_record_header_and_nothing_more(self):
        for length in (1, 400, 16384):
            with self.subTest(length=length), connect() as sock:
                sock.sendall(header(HANDSHAKE, length))
                wait_for_end(sock)
                self.assertEqual(self.failed(name_of(sock))["reason"], "deadline")

    def test_empty_records(self):
        """Handshake records without content (RFC 8446 section 5.1 forbids them)."""
        for count in (1, 1000):
            event, _kind, _answer = self.say(header(HANDSHAKE, 0) * count + good_hello())
            self.assertEqual(event["reason"], "failed")

    def test_hello_in_pieces(self):
        """One byte a record, behind the message's header: the handshake gets further. (Mbed TLS does
        not take a header in pieces.)"""
        whole = good_hello()[5:]
        pieces = hello.record(HANDSHAKE, whole[:4])
        pieces += b"".join(header(HANDSHAKE, 1) + bytes([byte]) for byte in whole[4:])
        with connect() as sock:
            sock.sendall(pieces)
            self.assertEqual(hello.receive_answer(sock).version, hello.TLS_1_3)
            name = name_of(sock)
        self.failed(name)


class Sizes(Hostile):
    def test_large_extensions_are_taken(self):
        """As far as a hello fits into one record."""
        for more in ((EXT_PADDING, bytes(15_000)), (EXT_UNKNOWN, bytes(15_000))):
            with connect() as sock:
                sock.sendall(good_hello(more_extensions=[more]))
                self.assertEqual(hello.receive_answer(sock).version, hello.TLS_1_3)
                name = name_of(sock)
            self.failed(name)

    def test_hello_longer_than_a_record(self):
        """Refused when its length is known: it is not kept until it is whole."""
        body = good_hello(more_extensions=[(EXT_PADDING, bytes(60_000))])[5:]
        pieces = [body[at : at + 16384] for at in range(0, len(body), 16384)]
        event, _kind, _answer = self.say(b"".join(hello.record(HANDSHAKE, p) for p in pieces))
        self.assertEqual(event["reason"], "failed")

    def test_many_extensions(self):
        more = [(0x5000 + number, b"") for number in range(3000)]
        with connect() as sock:
            sock.sendall(good_hello(more_extensions=more))
            self.assertEqual(hello.receive_answer(sock).version, hello.TLS_1_3)
            name = name_of(sock)
        self.failed(name)

    def test_extension_twice(self):
        twice = [(hello.EXT_VERSIONS, b"\x02\x03\x04")]
        event, _kind, _answer = self.say(good_hello(more_extensions=twice))
        self.assertIn(event["reason"], ("failed", "truncated"))

    def test_long_names(self):
        """A server name and protocols of all lengths that fit."""
        for size in (1, 255, 256, 14_000):
            name = struct.pack("!HBH", size + 3, 0, size) + b"a" * size
            protocol = struct.pack("!HB", min(size, 255) + 1, min(size, 255)) + b"p" * min(size, 255)
            for more in ((hello.EXT_SERVER_NAME, name), (hello.EXT_ALPN, protocol)):
                self.say(good_hello(more_extensions=[more]))

    def test_many_suites(self):
        suites = [0x2000 + number for number in range(7000)]
        self.check_refused(hello.client_hello(suites, versions=[hello.TLS_1_3]), "handshake_failure")


class Versions(Hostile):
    def test_old_versions(self):
        for legacy in (0x0300, hello.TLS_1_0, hello.TLS_1_1):
            with self.subTest(version=hex(legacy)):
                self.check_refused(
                    hello.client_hello(hello.OFFERED_SUITES, legacy=legacy), "protocol_version"
                )

    def test_old_version_in_the_list(self):
        """What supported_versions says counts, not the older field (RFC 8446 section 4.2.1)."""
        for version in (hello.TLS_1_0, hello.TLS_1_1, 0x0305, 0x7F1C):
            data = hello.client_hello(hello.OFFERED_SUITES, versions=[version])
            self.check_refused(data, "protocol_version")

    def test_sslv2_hello(self):
        event, _kind, _answer = self.say(bytes.fromhex("802e0100020015000000100100800300800700c0"))
        self.assertIn(event["reason"], ("failed", "truncated"))

    def test_fallback(self):
        """RFC 7507: who was talked out of TLS 1.3 is refused; who offers it is not."""
        suites = [*hello.ECDSA_SUITES, hello.FALLBACK_SCSV]
        self.check_refused(hello.client_hello(suites), "inappropriate_fallback")
        with connect() as sock:
            sock.sendall(hello.client_hello([*hello.TLS_1_3_SUITES, *suites], versions=BOTH))
            self.assertEqual(hello.receive_answer(sock).version, hello.TLS_1_3)
            name = name_of(sock)
        self.failed(name)

    def test_downgrade_is_marked(self):
        """RFC 8446 section 4.1.3: a client that knows TLS 1.3 can see that somebody took it away."""
        with connect() as sock:
            sock.sendall(hello.client_hello(hello.ECDSA_SUITES))
            answer = hello.receive_answer(sock)
            name = name_of(sock)
        self.failed(name)
        self.assertEqual(answer.version, hello.TLS_1_2)
        self.assertEqual(answer.random[-8:], DOWNGRADE_SENTINEL)


class Alerts(Hostile):
    def test_every_alert_in_place_of_a_hello(self):
        for number in range(256):
            with self.subTest(alert=number):
                event, _kind, _answer = self.say(hello.record(hello.ALERT, bytes([2, number])))
                found = (event["reason"], event["alert"], event["alert_by"])
                name = hello.ALERT_NAMES.get(number, "unknown")
                self.assertEqual(found, ("alert", name, "peer"))

    def test_warnings_for_ever(self):
        """They end nothing, but the deadline counts on."""
        with connect() as sock:
            try:
                while True:
                    sock.sendall(hello.record(hello.ALERT, b"\x01\x5a") * 100)
                    time.sleep(0.01)
            except OSError:
                pass
            self.assertEqual(self.failed(name_of(sock))["reason"], "deadline")

    def test_close_notify(self):
        event, _kind, _answer = self.say(hello.record(hello.ALERT, b"\x01\x00"))
        self.assertEqual(event["reason"], "closed")


class Middle(Hostile):
    """After the server's flight."""

    def half_handshake(self, version):
        """A peer that has the server's first flight, and has answered nothing."""
        peer = RawPeer(connect(), testcerts.client_context(version=version))
        self.addCleanup(peer.__exit__)
        peer.sock.sendall(peer.start_handshake())
        flight = b""
        last = {TLS_1_2: HANDSHAKE, TLS_1_3: APPLICATION_DATA}[version]
        while [kind for kind, _body in split(flight)].count(last) < 4:
            flight += peer.sock.recv(65536)
        return peer, flight

    def check_fails(self, version, data, *alerts):
        peer, _flight = self.half_handshake(version)
        peer.sock.sendall(data)
        peer.sock.shutdown(socket.SHUT_WR)
        wait_for_end(peer.sock)
        event = self.failed(peer.name)
        self.assertEqual(event["reason"], "failed")
        self.assertIn(event["alert"], alerts)

    def test_garbage(self):
        data = header(APPLICATION_DATA, 300) + random.Random(SEED).randbytes(300)
        self.check_fails(TLS_1_2, data, "unexpected_message")
        self.check_fails(TLS_1_3, data, "bad_record_mac")

    def test_message_out_of_place(self):
        for kind in (0, 1, 2, 11, 14, 20, 24, 99):
            data = hello.record(HANDSHAKE, message(kind, bytes(40)))
            self.check_fails(TLS_1_2, data, "unexpected_message", "decode_error")
            self.check_fails(TLS_1_3, data, "bad_record_mac")  # nothing plain is expected

    def test_wrong_finished(self):
        """Sealed with the right keys, but of another handshake."""
        peer, flight = self.half_handshake(TLS_1_3)
        peer.incoming.write(flight)
        try:
            peer.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        suite = hello.receive_answer(Replay(flight)).suite
        secret = peer.secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET")
        sealer = Sealer13(hello.TLS_1_3_SUITES[suite], secret)
        size = 48 if suite == 0x1302 else 32
        peer.sock.sendall(sealer.seal(HANDSHAKE, message(20, bytes(size))))
        wait_for_end(peer.sock)
        event = self.failed(peer.name)
        self.assertEqual((event["reason"], event["alert"]), ("failed", "decrypt_error"))

    def test_reset_after_the_flight(self):
        for version in (TLS_1_2, TLS_1_3):
            peer, _flight = self.half_handshake(version)
            name = peer.name
            reset(peer.sock)
            self.assertEqual(self.failed(name)["reason"], "reset")

    def test_leaves_after_the_flight(self):
        for version in (TLS_1_2, TLS_1_3):
            peer, _flight = self.half_handshake(version)
            peer.sock.shutdown(socket.SHUT_WR)
            self.assertEqual(self.failed(peer.name)["reason"], "truncated")


class Replay:
    """Bytes in place of a socket."""

    def __init__(self, data):
        self._data = data

    def recv(self, count):
        chunk, self._data = self._data[:count], self._data[count:]
        return chunk


if __name__ == "__main__":
    harness.main()
