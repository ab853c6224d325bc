"""A thousand sessions, and more busy ones than there are places for: do all get their turn?"""

import resource
import threading

import harness
import testcerts
from tlspeer import TlsPeer, connect

THOUSAND = 1000
SPEAKERS = 25
# Busy ones that the native build has places for (BOARD_BUSY_MAX), and as many beside them.
PLACES = 64
CROWD = 2 * PLACES
RECORD = 16384
HELD_BACK = 100
SLOWEST_S = 120


class Many(harness.TestCase):
    def setUp(self):
        super().setUp()
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if hard != resource.RLIM_INFINITY and hard < THOUSAND + 100:
            self.skipTest(f"only {hard} descriptors")
        self.context = testcerts.client_context()

    def open_peers(self, count):
        peers = []
        for _index in range(count):
            peer = TlsPeer(connect(timeout_s=SLOWEST_S), self.context)
            self.addCleanup(peer.sock.close)
            peers.append(peer.handshake())
        return peers

    def start(self, sessions):
        args = ["--max-sessions", str(sessions), "--idle-timeout", "600000"]
        return self.start_server(self.make_wire(), *args)

    def test_thousand_sessions(self):
        server = self.start(THOUSAND)
        peers = self.open_peers(THOUSAND)
        for peer in peers[:: THOUSAND // SPEAKERS]:
            self.assertEqual(peer.echo(b"one of a thousand"), b"one of a thousand")
        data = bytes(range(256)) * (4 * RECORD // 256)
        self.assertTrue(peers[THOUSAND // 2].exchange(data) == data)
        self.assertEqual(server.find_events("refused"), [])
        self.assertEqual(server.find_events("closed"), [])
        self.check_stopped(server)

    def hold_records(self, peers):
        """Each sends a record but for its end; returns the ends."""
        ends = []
        for peer in peers:
            record = peer.seal(b"r" * RECORD)
            peer.sock.sendall(record[:-HELD_BACK])
            ends.append(record[-HELD_BACK:])
        return ends

    def test_busier_than_there_are_places(self):
        """Twice as many records have begun as there are places: short messages pass, and in the
        end all records come back."""
        server = self.start(CROWD + 1)
        *crowd, bystander = self.open_peers(CROWD + 1)
        ends = self.hold_records(crowd)
        for _round in range(10):
            self.assertEqual(bystander.echo(b"short"), b"short")
        failed = []

        def finish(peer, end):
            peer.sock.sendall(end)
            if peer.read_exactly(RECORD) != b"r" * RECORD:
                failed.append(peer.name)

        threads = [threading.Thread(target=finish, args=pair) for pair in zip(crowd, ends)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.check_stopped(server)

    def test_who_holds_places_in_vain_is_ended(self):
        """As many stalled records as there are places do not keep a good peer's from coming."""
        server = self.start(PLACES + 1)
        *holders, good = self.open_peers(PLACES + 1)
        self.hold_records(holders)
        data = b"g" * (4 * RECORD)
        self.assertTrue(good.exchange(data) == data)
        stalled = server.wait_event("stalled")
        self.assertGreaterEqual(int(stalled["ms"]), 5000)
        closed = server.wait_event("closed", reason="reset")
        self.assertNotEqual(closed["session"], str(PLACES + 1))
        self.assertEqual(good.echo(b"still here"), b"still here")
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
