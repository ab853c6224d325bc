"""Does the server survive connections that shake hands and go, one after the other, and end up with
as little as it began with?

Natively 1,000 at 50 a second; under the emulator 300 at half the capacity measured first.
"""

import time

import harness
import settings
import testcerts
from servers import reset
from tlspeer import TlsPeer, connect

COUNT, RATE = (300, None) if settings.EMULATED else (1000, 50.0)
TRIAL = 20
BACK_WITHIN_S = 2.0
SAME = ("sessions", "sockets", "netconns", "active_pcbs", "tls_heap")
TIME_WAIT_MAX = 32


class Load(harness.ServerTestCase):
    server_args = ("--stats-interval", "1")

    def shake_hands_and_go(self, index):
        """In turn: with close_notify and FIN, with FIN alone, with RST."""
        with TlsPeer(connect(), self.context) as peer:
            peer.handshake()
            if index % 3 == 0:
                peer.send_close_notify()
            elif index % 3 == 1:
                reset(peer.sock)

    def capacity(self):
        """Handshakes a second, one after the other."""
        began = time.monotonic()
        for index in range(TRIAL):
            self.shake_hands_and_go(index)
        return TRIAL / (time.monotonic() - began)

    def quiet_stats(self, since):
        return self.server.wait_event("stats", 10, since=since, sessions="0")

    def test_connections_that_shake_hands_and_go(self):
        self.context = testcerts.client_context()
        capacity = self.capacity()
        rate = RATE or capacity / 2
        before = self.settled_stats()
        began = time.monotonic()
        for index in range(COUNT):
            time.sleep(max(0.0, began + index / rate - time.monotonic()))
            self.shake_hands_and_go(index)
        passed = time.monotonic() - began
        print(f"capacity {capacity:.1f}/s, {COUNT} connections at {COUNT / passed:.1f}/s")
        ended_at = self.server.mark()
        ended = time.monotonic()
        after = self.wait_back(before, ended_at)
        self.assertLessEqual(time.monotonic() - ended, (BACK_WITHIN_S + 1) * settings.PATIENCE)
        self.assertEqual(int(after["accepted"]) - int(before["accepted"]), COUNT)
        self.assertEqual(after["refused"], "0")
        for event in self.server.find_events("stats"):
            self.assertLessEqual(int(event["time_wait_pcbs"]), TIME_WAIT_MAX)

    def settled_stats(self):
        """Numbers of the server at rest: the trial's sessions are over."""
        harness.wait_until(
            lambda: len(self.server.find_events("closed")) + self.failed() >= TRIAL, "end of trial"
        )
        return self.quiet_stats(self.server.mark())

    def failed(self):
        return len(self.server.find_events("handshake_failed"))

    def wait_back(self, before, since):
        """A stats event in which everything is back where it began."""
        wanted = {name: before[name] for name in SAME}
        return self.server.wait_event("stats", BACK_WITHIN_S + 1, since=since, **wanted)


if __name__ == "__main__":
    harness.main()
