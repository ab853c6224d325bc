"""Is each peer that stalls ended at its deadline, to within 100 ms, and told so?"""

import socket
import ssl
import threading
import time

import harness
import hello
import settings
import testcerts
from servers import wait_for_end
from tlspeer import TlsPeer, connect, name_of

HANDSHAKE_MS = 1500
IDLE_MS = 1200
# A native build keeps the 100 ms of the promise. Elsewhere they show that there is a deadline.
SLACK_MS = 2000  # of a machine with other work
EARLY_MS = 100  # between the deadline's start and the event that tells of it
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def whole_hello():
    return hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3, hello.TLS_1_2])


def drip(sock, data, stop):
    """One byte a second until the other side has enough."""
    try:
        for byte in data:
            sock.sendall(bytes([byte]))
            if stop.wait(1.0):
                return
    except OSError:
        return


class Deadlines(harness.ServerTestCase):
    server_args = ("--handshake-timeout", str(HANDSHAKE_MS), "--idle-timeout", str(IDLE_MS))

    def check_ended(self, sock, phase, limit_ms, began=None):
        """The connection ends, and the log says when and why. began: the event that the deadline
        counts from; the session's acceptance by default."""
        name = name_of(sock)
        accepted = self.wait_server("accepted", peer=name)
        session = accepted["session"]
        deadline = self.wait_server("deadline", session=session)
        self.assertEqual(deadline["phase"], phase)
        passed_ms = 1000 * (deadline.time_s - (began or accepted).time_s)
        self.assertGreaterEqual(passed_ms, limit_ms - EARLY_MS)
        self.assertLessEqual(passed_ms, limit_ms + SLACK_MS)
        wait_for_end(sock)
        return session

    def check_handshake_deadline(self, sock):
        session = self.check_ended(sock, "handshake", HANDSHAKE_MS)
        failed = self.wait_server("handshake_failed", session=session)
        self.assertEqual(failed["reason"], "deadline")

    def test_silent_peer(self):
        with connect() as sock:
            began = time.monotonic()
            self.check_handshake_deadline(sock)
            self.assertLess(time.monotonic() - began, 2.0 * HANDSHAKE_MS / 1000 * settings.PATIENCE)

    def test_one_byte_a_second(self):
        stop = threading.Event()
        with connect() as sock:
            thread = threading.Thread(target=drip, args=(sock, whole_hello(), stop))
            thread.start()
            self.check_handshake_deadline(sock)
            stop.set()
            thread.join()

    def test_stop_in_the_middle_of_a_record(self):
        whole = whole_hello()
        for count in (1, 4, 5, 6, len(whole) // 2, len(whole) - 1):
            with self.subTest(count=count), connect() as sock:
                sock.sendall(whole[:count])
                self.check_handshake_deadline(sock)

    def test_stop_after_the_servers_flight(self):
        for version in VERSIONS:
            context = testcerts.client_context(version=version)
            with self.subTest(version=version.name), TlsPeer(connect(), context) as peer:
                peer.sock.sendall(peer.start_handshake())
                peer.receive()
                self.check_handshake_deadline(peer.sock)

    def test_stop_in_the_middle_of_the_last_flight(self):
        context = testcerts.client_context(version=ssl.TLSVersion.TLSv1_3)
        with TlsPeer(connect(), context) as peer:
            peer.sock.sendall(peer.start_handshake())
            while not peer.outgoing.pending:
                peer.receive()
                try:
                    peer.tls.do_handshake()
                except ssl.SSLWantReadError:
                    pass
            last = peer.outgoing.read()
            peer.sock.sendall(last[: len(last) // 2])
            self.check_handshake_deadline(peer.sock)

    def test_silent_after_the_handshake(self):
        for version in VERSIONS:
            context = testcerts.client_context(version=version)
            with self.subTest(version=version.name), TlsPeer(connect(), context) as peer:
                peer.handshake()
                hello_event = self.wait_server("handshake_ok", peer=peer.name)
                self.assertEqual(peer.read(), b"", "we are told with close_notify")
                session = hello_event["session"]
                deadline = self.wait_server("deadline", session=session)
                self.assertEqual(deadline["phase"], "idle")
                passed_ms = 1000 * (deadline.time_s - hello_event.time_s)
                self.assertGreaterEqual(passed_ms, IDLE_MS - EARLY_MS)
                self.assertLessEqual(passed_ms, IDLE_MS + SLACK_MS)
                peer.sock.shutdown(socket.SHUT_RDWR)
                closed = self.wait_server("closed", session=session)
                self.assertEqual(closed["reason"], "deadline")

    def test_stop_in_the_middle_of_a_record_after_the_handshake(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"whole"), b"whole")
            peer.sock.sendall(peer.seal(b"cut in half")[:-5])
            began = self.wait_server("handshake_ok", peer=peer.name)
            self.check_ended(peer.sock, "idle", IDLE_MS, began)

    def test_peer_that_sends_and_never_reads(self):
        """Its echo cannot go out, so it is not read from; the session ends as the write stalls."""
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            session = self.wait_server("handshake_ok", peer=peer.name)["session"]
            peer.sock.settimeout(0.3)
            try:
                while True:
                    peer.sock.sendall(peer.seal(bytes(16384)))
            except (TimeoutError, OSError):
                pass
            deadline = self.wait_server("deadline", 20, session=session)
            self.assertIn(deadline["phase"], ("write", "idle"))
            self.assertEqual(self.wait_server("closed", session=session)["reason"], "deadline")


class DefaultDeadline(harness.ServerTestCase):
    def test_handshake_has_five_seconds(self):
        with connect() as sock:
            accepted = self.wait_server("accepted", peer=name_of(sock))
            deadline = self.wait_server("deadline", session=accepted["session"])
            passed_ms = 1000 * (deadline.time_s - accepted.time_s)
            self.assertGreaterEqual(passed_ms, 5000 - EARLY_MS)
            self.assertLessEqual(passed_ms, 5000 + SLACK_MS)


if __name__ == "__main__":
    harness.main()
