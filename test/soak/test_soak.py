"""Does the server hold up for long, under good and bad peers at once, in memory that stays flat?

SOAK_MINUTES says for how long, SOAK_OUT a folder for the samples (samples.json, for plot.py). What
the server uses is sampled from its stats event. The soak is cut into windows; the least that was in
use in each, when the load happened to be low, must not grow: a straight line is fitted through
these floors.
"""

import json
import os
import random
import socket
import ssl
import threading
import time
import unittest

import harness
import hello
import settings
import testcerts
from servers import reset
from tlspeer import TlsPeer, connect

MINUTES = float(os.environ.get("SOAK_MINUTES", "1"))
OUT = os.environ.get("SOAK_OUT", "")
SEED = 20260801
WORKERS = 4
RATE = 8.0 if settings.EMULATED else 40.0  # connections a second, all workers together
WINDOWS = 8
LIVE = ("tls_heap", "net_heap", "sockets", "netconns")
COUNTED = ("sessions", "accepted", "refused", "handshakes", "handshakes_failed", "time_wait_pcbs")
GROWTH_MAX = {"tls_heap": 1024, "net_heap": 4096, "sockets": 0.5, "netconns": 0.5, "rss": 262144}


class Peers:
    """What the peers of one worker do, chosen at random by its own seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.context = testcerts.client_context()
        self.old = testcerts.client_context(version=ssl.TLSVersion.TLSv1_2)
        self.kinds = (
            [self.echo] * 6
            + [self.echo_1_2] * 2
            + [self.resume, self.leave, self.cut, self.garbage, self.http, self.half_hello]
            + [self.broken_hello, self.reset_at_once, self.bad_record, self.slow_reader]
        )

    def one(self):
        """One connection; what a peer's own end sees of it is no concern of the soak's."""
        try:
            self.random.choice(self.kinds)()
        except (OSError, ssl.SSLError):
            pass

    def payload(self):
        return self.random.randbytes(self.random.choice((1, 64, 1000, 16384, 50000)))

    def echo(self, context=None):
        with TlsPeer(connect(), context or self.context) as peer:
            data = self.payload()
            if peer.handshake().exchange(data) != data:
                raise AssertionError("the echo differed")
            peer.close_cleanly()

    def echo_1_2(self):
        self.echo(self.old)

    def resume(self):
        session = None
        for _ in range(2):
            with TlsPeer(connect(), self.context, session=session) as peer:
                peer.handshake().echo(b"again")
                session = peer.tls.session
                peer.close_cleanly()

    def leave(self):
        with TlsPeer(connect(), self.context) as peer:
            peer.handshake()

    def cut(self):
        with TlsPeer(connect(), self.context) as peer:
            peer.handshake()
            peer.sock.sendall(peer.seal(b"x" * 5000)[:-1])

    def garbage(self):
        with connect() as sock:
            sock.sendall(self.random.randbytes(300))
            sock.recv(100)

    def http(self):
        with connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            sock.recv(100)

    def client_hello(self):
        return hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3])

    def half_hello(self):
        with connect() as sock:
            sock.sendall(self.client_hello()[:60])

    def broken_hello(self):
        data = bytearray(self.client_hello())
        data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        with connect() as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass

    def reset_at_once(self):
        sock = connect()
        sock.sendall(self.client_hello())
        reset(sock)

    def bad_record(self):
        with TlsPeer(connect(), self.context) as peer:
            peer.handshake()
            data = bytearray(peer.seal(b"x" * 100))
            data[-1] ^= 1
            peer.sock.sendall(data)
            peer.read()

    def slow_reader(self):
        with TlsPeer(connect(), self.context) as peer:
            peer.handshake()
            peer.sock.sendall(peer.seal(b"x" * 30000))
            time.sleep(0.2)
            peer.read_exactly(30000)
            peer.close_cleanly()


def slope(points):
    """Of the straight line with the least squares through (x, y)."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)


def floors(samples, name):
    """(time, least value) of each window, the first left out: it is the start."""
    begin, end = samples[0]["time"], samples[-1]["time"]
    windows = {}
    for sample in samples:
        number = int((sample["time"] - begin) / (end - begin) * WINDOWS)
        windows.setdefault(min(number, WINDOWS - 1), []).append(sample)
    chosen = [windows[number] for number in sorted(windows) if number > 0]
    return [(group[0]["time"], min(sample[name] for sample in group)) for group in chosen]


@unittest.skipIf(
    settings.EMULATED and "SOAK_MINUTES" not in os.environ, "./run soak MINUTES PRESET emulates it"
)
class Soak(harness.ServerTestCase):
    server_args = ("--stats-interval", "1", "--log-level", "info", "--handshake-timeout", "2000")

    def test_memory_stays_flat(self):
        self.sample_count = 0
        self.samples = []
        self.failures = []
        self.end = time.monotonic() + 60 * MINUTES
        threads = [threading.Thread(target=self.work, args=(i,)) for i in range(WORKERS)]
        for thread in threads:
            thread.start()
        while time.monotonic() < self.end:
            self.take_sample()
        for thread in threads:
            thread.join()
        self.write_samples()
        self.assertEqual(self.failures, [])
        self.judge()

    def work(self, number):
        peers = Peers(SEED + number)
        began = time.monotonic()
        for count in range(int(60 * MINUTES * RATE / WORKERS)):
            left = began + count * WORKERS / RATE - time.monotonic()
            if time.monotonic() >= self.end or self.failures:
                return
            time.sleep(max(0.0, left))
            try:
                peers.one()
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.failures.append(repr(error))

    def take_sample(self):
        """The next stats event, with the resident memory beside it."""
        event = self.server.wait_event("stats", 10, since=self.since)
        self.since = self.server.mark()
        sample = {name: int(event[name]) for name in (*LIVE, *COUNTED)}
        with open(f"/proc/{self.server.pid}/statm", encoding="ascii") as file:
            sample["rss"] = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
        sample["time"] = time.monotonic()
        self.samples.append(sample)

    def write_samples(self):
        if OUT:
            os.makedirs(OUT, exist_ok=True)
            with open(os.path.join(OUT, "samples.json"), "w", encoding="ascii") as file:
                json.dump(self.samples, file)

    def judge(self):
        last = self.samples[-1]
        sessions = last["accepted"] - self.samples[0]["accepted"]
        print(f"{sessions} sessions in {MINUTES:g} min, {last['handshakes']} handshakes, ", end="")
        print(f"{last['handshakes_failed']} failed ones, {last['refused']} refused")
        self.assertGreater(sessions, 60 * MINUTES * RATE / 4, "hardly any load")
        for name, most in GROWTH_MAX.items():
            points = floors(self.samples, name)
            growth = slope(points) * (points[-1][0] - points[0][0])
            print(f"{name}: floors {[value for _, value in points]}, fitted growth {growth:.0f}")
            self.assertLessEqual(growth, most, f"{name} grows")


if __name__ == "__main__":
    settings.TIME_LIMIT_S = int(60 * MINUTES) + 200
    harness.main()
