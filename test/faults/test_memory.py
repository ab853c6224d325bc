"""Does a full house stay within the RAM that the server says it takes?"""

import os
import re
import subprocess
import threading

import firmware
import harness
import settings
from tlspeer import be_refused

SESSIONS = 24
RECORD = 16384
ROUNDS = 4
IDLE_MAX = 8 * 1024
# Stacks, the C library, frames: what the server does not count.
PROGRAM_MAX = 4 << 20


def print_memory(*args):
    """What --print-memory says in all."""
    command = [*settings.RUNNER, *firmware.command("tls-echo-server"), "--print-memory", *args]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"^total +(\d+)$", page, re.MULTILINE).group(1))


def resident_anonymous(pid):
    """Bytes of memory of its own that the process has touched."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^RssAnon:\s+(\d+) kB$", file.read(), re.MULTILINE).group(1)) << 10


class Memory(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_server(
            self.make_wire(), "--max-sessions", str(SESSIONS), "--stats-interval", "1"
        )

    def stats(self):
        """The numbers of a stats event from now on."""
        event = self.server.wait_event("stats", since=self.server.mark())
        return int(event["tls_heap"]), int(event["net_heap"])

    def test_full_house_stays_within_the_prediction(self):
        plan = self.server.wait_event("memory")
        total = int(plan["total_len"])
        self.assertEqual(print_memory("--max-sessions", str(SESSIONS)), total)
        parts = int(plan["fixed_len"]) + SESSIONS * int(plan["session_len"])
        self.assertEqual(parts + int(plan["busy"]) * int(plan["busy_len"]), total)
        peers = self.open_peers(SESSIONS)
        data = os.urandom(RECORD * ROUNDS)
        failed = []

        def run(peer):
            if peer.exchange(data) != data:
                failed.append(peer.name)

        threads = [threading.Thread(target=run, args=(peer,)) for peer in peers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        be_refused()
        self.server.wait_event("refused", reason="pool_full")
        if not settings.RUNNER:  # an emulator has memory of its own
            self.assertLess(resident_anonymous(self.server.pid), total + PROGRAM_MAX)
        for peer in peers:
            peer.close_cleanly()
        self.check_stopped(self.server)

    def test_idle_session_takes_little(self):
        (first,) = self.open_peers(1)
        self.assertEqual(first.echo(b"x"), b"x")
        tls_one, net_one = self.stats()
        others = self.open_peers(SESSIONS - 1)
        for peer in others:
            self.assertEqual(peer.echo(b"x"), b"x")
        tls_all, net_all = self.stats()
        each = (tls_all - tls_one + net_all - net_one) / (SESSIONS - 1)
        print(f"an idle session takes {each:.0f} bytes of TLS and IP together")
        self.assertLess(each, IDLE_MAX)
        self.assertGreater(each, 1000)
        self.check_stopped(self.server)


if __name__ == "__main__":
    harness.main()
