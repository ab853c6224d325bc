"""Does a full pool harm anybody, and does the server leave its sessions in order?"""

import os
import signal
import threading
import time

import harness
import settings
import testcerts
from tlspeer import TlsPeer, be_refused, connect, name_of

SESSIONS = 16
MEGABYTE = 1 << 20


class Pool(harness.TestCase):
    def start(self, *args):
        return self.start_server(self.make_wire(), *args)

    def test_16_sessions_echo_a_megabyte_each_and_a_17th_is_refused(self):
        server = self.start()
        peers = self.open_peers(SESSIONS)
        data = [os.urandom(MEGABYTE) for _peer in peers]
        echoes = [b""] * SESSIONS
        refused = threading.Event()

        def run(index):
            echoes[index] = peers[index].exchange(data[index][: MEGABYTE // 2])
            refused.wait(60)
            echoes[index] += peers[index].exchange(data[index][MEGABYTE // 2 :])

        threads = [threading.Thread(target=run, args=(index,)) for index in range(SESSIONS)]
        for thread in threads:
            thread.start()
        event = server.wait_event("refused", peer=be_refused())
        refused.set()
        for thread in threads:
            thread.join()
        self.assertEqual((event["reason"], event.level), ("pool_full", "WARN"))
        for index in range(SESSIONS):
            self.assertTrue(echoes[index] == data[index], f"session {index} got other bytes")
            peers[index].close_cleanly()
        for peer in peers:
            session = server.wait_event("handshake_ok", peer=peer.name)["session"]
            closed = server.wait_event("closed", session=session)
            self.assertEqual((closed["reason"], closed["bytes_out"]), ("clean", str(MEGABYTE)))
        self.check_stopped(server)

    def test_a_place_that_gets_free_is_used_again(self):
        server = self.start("--max-sessions", "1")
        for _round in range(3):
            since = server.mark()
            (peer,) = self.open_peers(1)
            server.wait_event("refused", peer=be_refused(), reason="pool_full")
            self.assertEqual(peer.echo(b"mine"), b"mine")
            peer.close_cleanly()
            server.wait_event("closed", since=since)
        self.check_stopped(server)

    def test_drain_says_close_notify_to_all(self):
        """SIGTERM and SIGINT: nobody new, everybody told, exit 0."""
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                server = self.start()
                peers = self.open_peers(5)
                for peer in peers:
                    self.assertEqual(peer.echo(b"before"), b"before")
                server.signal(number)
                for peer in peers:
                    self.assertEqual(peer.read(), b"", "close_notify")
                    peer.sock.close()
                self.check_exit(server, 0)
                self.assertEqual(len(server.find_events("closed")), 5)
                self.assertEqual(server.find_events("shutdown")[0]["status"], "0")
                stats = server.find_events("stats")[-1]
                self.assertEqual((stats["sessions"], stats["accepted"]), ("0", "5"))

    def test_drain_does_not_wait_for_stalled_peers(self):
        """One in its handshake, one that answers nothing: the deadlines still end them."""
        server = self.start("--handshake-timeout", "2000")
        (peer,) = self.open_peers(1)
        server.wait_event("handshake_ok", peer=peer.name)
        with connect() as sock:
            server.wait_event("accepted", peer=name_of(sock))
            server.signal(signal.SIGTERM)
            self.check_exit(server, 0, 15)
            self.assertEqual(peer.read(), b"")

    def test_second_signal_ends_it_now(self):
        """The peer has our close_notify and does not end its side."""
        server = self.start()
        (peer,) = self.open_peers(1)
        server.wait_event("handshake_ok", peer=peer.name)
        server.signal(signal.SIGTERM)
        self.assertEqual(peer.read(), b"")
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        self.check_exit(server, 0)
        self.assertLess(time.monotonic() - began, 2 * settings.PATIENCE)

    def test_rate_limit_refuses_by_address(self):
        server = self.start("--rate-limit", "3")
        # All in one second, however slow the handshakes are.
        socks = [connect(timeout_s=60) for _index in range(3)]
        event = server.wait_event("refused", peer=be_refused())
        self.assertEqual(event["reason"], "rate_limit")
        self.assertEqual(len(server.find_events("accepted")), 3)
        for sock in socks:
            with TlsPeer(sock, testcerts.client_context()) as peer:
                peer.handshake()
                self.assertEqual(peer.echo(b"not affected"), b"not affected")
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
