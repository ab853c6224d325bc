"""Memory refused at every allocation of a session's life, in turn: does the server go on serving?"""

import ssl

import harness
import settings
import testcerts
from firmware import Firmware
from tlspeer import TlsPeer, connect

# So many connections without a failure, and no allocation is left that was not refused.
UNHARMED = 12
CONNECTIONS_MAX = 3000


class MemorySweep(harness.TestCase):
    def setUp(self):
        super().setUp()
        made_wire = self.make_wire()
        args = ["--netif", made_wire.netif, "--ip", f"{settings.SERVER_IP}/{settings.PREFIX_LEN}"]
        args += ["--certs", testcerts.blob("good"), "--max-sessions", "4"]
        args += ["--stats-interval", "1"]
        path = settings.program("tls-echo-sweep")
        self.server = self.own(Firmware(path, ["server", *args], name="tls-echo-sweep"))
        self.server.wait_event("listening", 20)
        self.context = testcerts.client_context()

    def heap(self):
        event = self.server.wait_event("stats", since=self.server.mark(), sessions="0")
        return int(event["tls_heap"])

    def talk(self):
        """One conversation; True if nothing was wrong with it."""
        since = self.server.mark()
        with connect(timeout_s=20) as sock:
            peer = TlsPeer(sock, self.context)
            try:
                peer.handshake()
                echoed = peer.exchange(b"x" * 20000) == b"x" * 20000
                peer.close_cleanly()
            except (OSError, EOFError, ssl.SSLError, AssertionError):
                echoed = False
        if echoed:
            self.server.wait_event("closed", since=since, reason="clean")
        else:
            self.wait_typed_end(since)
        return echoed

    def wait_typed_end(self, since):
        """The failure is the lack of memory, and is called that."""

        def ended():
            events = self.server.find_events("handshake_failed", since)
            return events or self.server.find_events("closed", since)

        harness.wait_until(ended, "end of the session")
        reason = ended()[0]["reason"]
        self.assertIn(reason, ("no_memory", "truncated", "reset", "alert"), ended()[0])
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def test_every_allocation_refused_once(self):
        self.reasons = {}
        self.assertIsInstance(self.talk(), bool)
        before = self.heap()
        unharmed = 0
        count = 1
        while unharmed < UNHARMED:
            self.assertLess(count, CONNECTIONS_MAX)
            unharmed = unharmed + 1 if self.talk() else 0
            count += 1
        print(f"{count} connections, ended for: {self.reasons}")
        self.assertGreater(self.reasons.get("no_memory", 0), 20)
        self.assertLessEqual(self.heap(), before + 4096, "what failed has left something behind")
        self.check_stopped(self.server)


if __name__ == "__main__":
    harness.main()
