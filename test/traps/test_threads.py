"""Does one thread serve all, however many sessions there are?

A thread a connection would need a stack each, and a peer could make them all.
"""

import os

import harness
import testcerts
from tlspeer import TlsPeer, connect, name_of

SESSIONS = 16


class Threads(harness.ServerTestCase):
    def thread_count(self):
        return len(os.listdir(f"/proc/{self.server.pid}/task"))

    def test_sessions_and_handshakes_take_no_threads(self):
        context = testcerts.client_context()
        before = self.thread_count()
        peers = []
        for _index in range(SESSIONS // 2):
            peer = TlsPeer(connect(), context)
            self.addCleanup(peer.sock.close)
            self.assertEqual(peer.handshake().echo(b"one of many"), b"one of many")
            peers.append(peer)
        for _index in range(SESSIONS // 2):
            sock = connect()
            self.addCleanup(sock.close)
            self.wait_server("accepted", peer=name_of(sock))
        self.assertEqual(self.thread_count(), before)
        for peer in peers:
            peer.close_cleanly()


if __name__ == "__main__":
    harness.main()
