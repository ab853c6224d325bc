"""One cell of the matrix: one case with one peer in one direction."""

import os
import signal

import abrupt
import harness
import settings
from observe import Observer
from peers.base import ALPN, CLIENT, LINE, SERVER, variant

LARGE = 1 << 20
TINY_COUNT = 30
HALF_CLOSE_LEN = 2000  # for which a window is open without our doing
FIRST_PORT = 20000
EX_IOERR = 74
# Longest record that carries one byte: with its type, padded to 16 bytes as Mbed TLS does in TLS 1.3,
# and its tag. (In TLS 1.2 it is shorter.) There are as many such records as bytes: one byte each.
TINY_RECORD_MAX = 32
LOG_FIELDS = ("version", "cipher", "group", "resumed", "alpn", "ms")

_ports = iter(range(FIRST_PORT, 30000))


class Cell(harness.TestCase):
    """Used by hand, not by unittest's runner: run() and logs()."""

    def __init__(self, peer, direction, case):
        super().__init__("run_case")
        self.peer = peer
        self.direction = direction
        self.case = case
        self.noted = {}

    def run_case(self):
        """Raises AssertionError (or what else went wrong) unless the case holds."""
        self.setUp()
        self.wire = self.make_wire()
        if self.direction == SERVER:
            self._run_server()
        else:
            self._run_client()

    def _observe(self, port):
        self.observer = Observer(self.wire.interface, port)
        self.addCleanup(self.observer.close)

    def _check_handshake(self, event):
        """Our own log says what was agreed on."""
        case = self.case
        self.noted = {name: event.fields[name] for name in LOG_FIELDS if name in event.fields}
        self.assertEqual(event["version"], f"TLSv{case.version}")
        if case.suite:
            self.assertEqual(event["cipher"], case.suite)
        if case.group:
            self.assertEqual(event["group"], case.group)
        if case.kind == "alpn":
            self.assertEqual(event.fields.get("alpn"), ALPN)
        if case.kind in ("retry", "sni"):
            self.observer.close()
        if case.kind == "retry":
            self.assertTrue(self.observer.was_retried(), "no HelloRetryRequest on the wire")
        if case.kind == "sni":
            self.assertEqual(self.observer.offer().server_name, settings.SERVER_NAME)

    def _check_tiny(self):
        """Bytes travelled one a record, both ways."""
        self.observer.close()
        for to_server in (True, False):
            count = self.observer.count_small_records(to_server, TINY_RECORD_MAX)
            self.assertGreaterEqual(count, TINY_COUNT, "records of one byte")

    # ---- our server, the peer's client -----------------------------------------------------------

    def _run_server(self):
        self._observe(settings.PORT)
        args = ["--client-auth", "required"] if self.case.kind == "mutual" else []
        args += ["--alpn", ALPN] if self.case.kind == "alpn" else []
        self.server = self.start_server(self.wire, *args, certs=variant(self.case) or "good")
        self.talk = self.peer.client(self, self.case)
        getattr(self, f"_server_{self.case.kind}", self._server_echo)()
        self.check_stopped(self.server)

    def _server_handshake(self):
        event = self.server.wait_event("handshake_ok")
        self._check_handshake(event)
        return event

    def _check_server_closed(self, reason="clean", since=0):
        closed = self.server.wait_event("closed", since=since)
        self.assertEqual(closed["reason"], reason)
        if reason == "clean":
            self.assertEqual(closed["bytes_out"], closed["bytes_in"])
            self.assertGreater(closed.number("bytes_in"), 0)
        if self.talk.sent is not None:
            self.assertEqual(closed["bytes_in"], str(self.talk.sent))

    def _server_echo(self):
        self.talk.echo(LINE)
        self.talk.end()
        self._server_handshake()
        self._check_server_closed()

    def _server_mutual(self):
        self._server_echo()
        shown = self.server.wait_event("peer_certificate")
        self.assertIn("tls-echo client", shown["subject"])

    def _server_resume(self):
        """Two sessions; the peer's program knows that the second is to be like the first."""
        self.talk.echo(LINE)
        self.talk.end()
        first = self.server.wait_event("handshake_ok")
        second = self.server.wait_event("handshake_ok", since=self._after(first))
        self._check_handshake(second)
        self.assertEqual((first["resumed"], second["resumed"]), ("0", "1"))

    def _after(self, event):
        return self.server.events.index(event) + 1

    def _server_large(self):
        self.talk.exchange(os.urandom(LARGE))
        self.talk.end()
        self._server_handshake()
        self._check_server_closed()
        self.assertGreaterEqual(self.server.find_events("closed")[0].number("bytes_in"), LARGE)

    def _server_tiny(self):
        self.talk.tiny(TINY_COUNT)
        self.talk.end()
        self._server_handshake()
        self._check_server_closed()
        self._check_tiny()

    def _server_half_close(self):
        """Our server stands still until the peer has ended its side; then all has to come back."""
        self.talk.echo(LINE)
        data = os.urandom(HALF_CLOSE_LEN)
        self.server.signal(signal.SIGSTOP)
        try:
            self.talk.send(data)
            self.talk.process.close_stdin()
            harness.wait_until(self.observer.client_ended, "close_notify of the peer")
        finally:
            self.server.signal(signal.SIGCONT)
        self.talk.expect(data)
        self.assertEqual(self.talk.process.wait_exit(), 0)
        self._server_handshake()
        self._check_server_closed()

    def _server_cut(self):
        self._server_abrupt(abrupt.cut, "truncated")

    def _server_reset(self):
        self._server_abrupt(abrupt.reset, "reset")

    def _server_abrupt(self, end, reason):
        self._server_handshake()
        self.talk.hold()
        end(self.talk.process, settings.SERVER_IP)
        closed = self.server.wait_event("closed")
        self.assertEqual(closed["reason"], reason)

    # ---- our client, the peer's server -----------------------------------------------------------

    def _run_client(self):
        self.port = next(_ports)
        self._observe(self.port)
        self.foreign = self.peer.server(self, self.case, self.port)
        getattr(self, f"_client_{self.case.kind}", self._client_echo)()

    def _start(self, *args, **more):
        """Our client, with the message that the peer sends back."""
        message = self.peer.message(self.case)
        if message is not None and "--stdin" not in args:
            args = (*args, "--message", message)
        if self.case.kind == "alpn":
            args = (*args, "--alpn", ALPN)
        host = f"{settings.KERNEL_IP}:{self.port}"
        certs = variant(self.case) or "good"
        return self.start_client(self.wire, *args, host=host, certs=certs, **more)

    def _finish(self, client):
        self.check_exit(client, 0, 30)
        events = client.find_events("handshake_ok")
        self._check_handshake(events[-1])
        for closed in client.find_events("closed"):
            self.assertEqual(closed["reason"], "clean")
            self.assertEqual(closed["bytes_in"], closed["bytes_out"])
        self.assertEqual(len(client.find_events("closed")), len(events))
        return events

    def _client_echo(self):
        self._finish(self._start())

    def _client_resume(self):
        events = self._finish(self._start("--resume"))
        self.assertEqual([event["resumed"] for event in events], ["0", "1"])

    def _client_large(self):
        message = self.peer.message(self.case)
        args = ("--size", str(LARGE))
        if message is not None:
            args = ("--count", str(LARGE // len(message)))
        self._finish(self._start(*args))

    def _client_tiny(self):
        size = () if self.peer.message(self.case) is not None else ("--size", "1")
        client = self._start(*size, "--count", str(TINY_COUNT))
        self._finish(client)
        self._check_tiny()

    def _client_cut(self):
        self._client_abrupt(abrupt.cut, "truncated")

    def _client_reset(self):
        self._client_abrupt(abrupt.reset, "reset")

    def _client_abrupt(self, end, reason):
        """The peer is gone while our client waits for its user."""
        message = (self.peer.message(self.case) or "hello\n").encode()
        client = self._start("--stdin", stdin=True)
        client.write(message)
        self.assertEqual(client.wait_stdout(len(message)), message)
        self._check_handshake(client.wait_event("handshake_ok"))
        end(self.foreign, settings.CLIENT_IP)
        self.check_exit(client, EX_IOERR)
        self.assertEqual(client.find_events("closed")[0]["reason"], reason)
