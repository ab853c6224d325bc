"""A well-behaved session beside hostile peers: its echo must be right, and never wait for them."""

import threading
import time

import harness
import settings
import testcerts
from tlspeer import TlsPeer, connect

PAUSE_S = 0.01
SIZE = 100
# Far below any deadline of the server's: nobody waits for another peer's.
SLOWEST_S = 0.5 * settings.PATIENCE


class Companion:
    """Echoes in a thread until it is closed."""

    def __init__(self):
        self._peer = TlsPeer(connect(), testcerts.client_context()).handshake()
        self._stop = threading.Event()
        self._slowest_s = 0.0
        self._rounds = 0
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        data = b"well-behaved".ljust(SIZE, b".")
        try:
            while self._rounds == 0 or not self._stop.wait(PAUSE_S):
                began = time.monotonic()
                if self._peer.echo(data) != data:
                    raise AssertionError("the echo differs")
                self._slowest_s = max(self._slowest_s, time.monotonic() - began)
                self._rounds += 1
            self._peer.close_cleanly()
        except Exception as error:  # pylint: disable=broad-exception-caught
            self._error = error
        self._peer.sock.close()

    def check(self):
        """Nothing was wrong so far, and no round trip took as long as another's deadline."""
        if self._error is not None:
            raise AssertionError(f"the session beside suffered: {self._error!r}")
        if self._slowest_s > SLOWEST_S:
            raise AssertionError(f"a round trip of the session beside took {self._slowest_s:.3f} s")

    def close(self):
        self._stop.set()
        self._thread.join(30)
        self.check()


class BesideTestCase(harness.ServerTestCase):
    """One server for all tests of the class, and a well-behaved session beside all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companion = Companion()

    @classmethod
    def tearDownClass(cls):
        cls.companion.close()
        super().tearDownClass()

    def tearDown(self):
        self.companion.check()
