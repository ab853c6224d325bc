"""Does the relay do to frames what it was told, and the same again with the same seed?"""

import os
import random
import select
import socket
import struct
import threading
import time

import harness
from badnet import SEED, Relay

ETHERNET = bytes.fromhex("0200000000010200000000020800")
ARP = bytes.fromhex("0200000000010200000000020806")
COUNT = 3000
# A segment whose socket is full loses frames, as a real one does: so many always find room there.
BATCH = 50
PERCENT = 10
# Of 3,000 frames at 10 %: six standard deviations either way.
EXPECTED = range(300 - 100, 300 + 100)
MEGABYTE = 1_000_000


def numbered(number, size=100, head=ETHERNET):
    """A frame that can be told from others."""
    return (head + struct.pack("!I", number)).ljust(size, b"\xa5")


def number_of(frame):
    return struct.unpack("!I", frame[14:18])[0]


def packed(frames):
    return b"".join(struct.pack("!I", len(frame)) + frame for frame in frames)


def differing_bits(one, other):
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


class Segment:
    """The far end of a stream netif: keeps what comes, with the time at which it did."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.arrived = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        stream = self.socket.makefile("rb")
        while head := stream.read(4):
            frame = stream.read(struct.unpack("!I", head)[0])
            with self._changed:
                self.arrived.append((time.monotonic(), frame))
                self._changed.notify_all()

    def send(self, frames):
        self.socket.sendall(packed(frames))

    def is_drained(self):
        """The collector has taken all that came so far."""
        return not select.select([self.socket], [], [], 0)[0]

    def wait(self, count, timeout_s=10):
        """The first count frames that arrived."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.arrived) >= count, timeout_s):
                raise AssertionError(f"{len(self.arrived)} of {count} frames arrived")
            return [frame for _time, frame in self.arrived]

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self.socket.close()


class RelayTest(harness.TestCase):
    def start(self, *args, **settings):
        """A relay, and the paths of its two ends."""
        folder = self.make_folder()
        paths = [os.path.join(folder, name) for name in "ab"]
        relay = Relay(*(f"stream:listen={path}" for path in paths), *args, **settings)
        return self.own(relay), paths

    def start_joined(self, *args, **settings):
        """A relay with our segments at both ends: self.relay, self.a, self.b."""
        self.relay, paths = self.start(*args, **settings)
        self.a, self.b = map(Segment, paths)
        self.addCleanup(self.a.close)
        self.addCleanup(self.b.close)

    def counts(self, lane="a_to_b"):
        """The relay's numbers once nothing waits any more."""
        harness.wait_until(lambda: self.relay.stats(lane)["waiting"] == "0", "empty queue")
        return {key: int(value) for key, value in self.relay.stats(lane).fields.items()
                if key != "lane"}  # fmt: skip

    def send_through(self, frames):
        """Sends from a to b; returns what arrives, and the relay's numbers."""
        for at in range(0, len(frames), BATCH):
            batch = frames[at : at + BATCH]
            self.a.send(batch)
            harness.wait_until(
                lambda: int(self.relay.stats("a_to_b")["frames"]) == at + len(batch), "last frame"
            )
            harness.wait_until(self.b.is_drained, "the collector")
        counts = self.counts()
        self.assertEqual(counts["overflowed"], 0)
        return self.b.wait(len(frames) - counts["lost"] + counts["duplicated"]), counts


class Harms(RelayTest):
    def test_nothing_set_is_a_wire(self):
        self.start_joined()
        frames = [numbered(number, 60 + number % 1455) for number in range(500)]
        back = frames[::-1]
        for at in range(0, len(frames), BATCH):
            self.a.send(frames[at : at + BATCH])
            self.b.send(back[at : at + BATCH])
            self.b.wait(at + BATCH)
            self.a.wait(at + BATCH)
        self.assertEqual(self.b.wait(len(frames)), frames)
        self.assertEqual(self.a.wait(len(frames)), back)

    def test_loss(self):
        self.start_joined(loss=PERCENT)
        frames = [numbered(number) for number in range(COUNT)]
        arrived, counts = self.send_through(frames)
        self.assertIn(counts["lost"], EXPECTED)
        self.assertLess(set(arrived), set(frames))

    def test_each_direction_has_its_own_settings(self):
        self.start_joined(loss="100,0")
        self.a.send([numbered(1)] * 10)
        self.b.send([numbered(2)] * 10)
        self.a.wait(10)
        self.assertEqual((self.counts()["lost"], self.b.arrived), (10, []))

    def test_duplicates(self):
        self.start_joined(duplicate=PERCENT)
        arrived, counts = self.send_through([numbered(number) for number in range(COUNT)])
        self.assertIn(counts["duplicated"], EXPECTED)
        self.assertEqual(len(arrived) - len(set(arrived)), counts["duplicated"])

    def test_truncation(self):
        self.start_joined(truncate=PERCENT)
        arrived, counts = self.send_through([numbered(number) for number in range(COUNT)])
        self.assertIn(counts["truncated"], EXPECTED)
        short = [frame for frame in arrived if len(frame) < 100]
        self.assertEqual(len(short), counts["truncated"])
        self.assertTrue(all(len(frame) >= len(ETHERNET) for frame in short))

    def test_corruption_is_one_bit_and_spares_arp(self):
        self.start_joined(corrupt=PERCENT)
        frames = [numbered(number, head=ARP if number % 2 else ETHERNET) for number in range(COUNT)]
        arrived, counts = self.send_through(frames)
        differing = [differing_bits(*pair) for pair in zip(frames, arrived, strict=True)]
        self.assertEqual(sum(differing), counts["corrupted"])
        self.assertEqual(max(differing), 1)
        self.assertEqual(max(differing[1::2]), 0, "ARP")
        self.assertGreater(sum(differing), EXPECTED.start / 2)

    def test_reordering(self):
        """A frame that is to be overtaken is, by more than one, and the others keep their order."""
        self.start_joined(reorder=PERCENT, reorder_by=50)
        arrived, counts = self.send_through([numbered(number) for number in range(COUNT)])
        self.assertIn(counts["reordered"], EXPECTED)
        newest = overtaken = 0
        for number in map(number_of, arrived):
            overtaken += number < newest
            newest = max(newest, number)
        self.assertIn(overtaken, range(counts["reordered"] // 2, counts["reordered"] + 1))

    def test_delay_and_jitter(self):
        self.start_joined(delay=50, jitter=20)
        times = []
        for number in range(50):
            began = time.monotonic()
            self.a.send([numbered(number)])
            self.b.wait(number + 1)
            times.append(self.b.arrived[-1][0] - began)
        self.assertGreaterEqual(min(times), 0.050)
        self.assertGreater(max(times) - min(times), 0.008, "jitter")
        self.assertLess(sorted(times)[len(times) // 2], 0.150)

    def test_rate_and_its_buffer(self):
        """8 Mbit/s are 1,000 bytes a millisecond; 50 KB may wait for their turn."""
        self.start_joined(rate=8, buffer=50)
        self.a.send([numbered(number, 1000) for number in range(200)])
        harness.wait_until(lambda: int(self.relay.stats("a_to_b")["frames"]) == 200, "last frame")
        counts = self.counts()
        arrived = self.b.wait(200 - counts["overflowed"])
        self.assertIn(len(arrived), range(50, 150))
        times = [when for when, _frame in self.b.arrived]
        self.assertGreater(times[-1] - times[0], 0.9 * (len(arrived) - 1) / 1000)

    def test_cut_cable(self):
        """What is under way is lost, too; what comes after it is mended is not."""
        self.start_joined(delay="100,0")
        self.a.send([numbered(1)])
        harness.wait_until(lambda: self.relay.stats("a_to_b")["waiting"] == "1", "frame")
        self.relay.tell("down", "cable", state="down")
        self.a.send([numbered(2)])
        self.b.send([numbered(3)])
        for lane, count in (("a_to_b", "2"), ("b_to_a", "1")):
            harness.wait_until(lambda s=(lane, count): self.relay.stats(s[0])["cut"] == s[1], "cut")
        self.relay.tell("up", "cable", state="up")
        self.a.send([numbered(4)])
        self.assertEqual(self.b.wait(1), [numbered(4)])
        self.assertEqual(self.a.arrived, [])

    def test_settings_change_and_wrong_ones_do_not(self):
        self.start_joined(loss=100)
        for wrong in ("loss 101", "loss -1", "loss 1,", "loss x", "lose 1", "loss"):
            self.relay.tell(wrong, "command_failed")
        self.a.send([numbered(1)] * 10)
        harness.wait_until(lambda: self.relay.stats("a_to_b")["frames"] == "10", "last frame")
        self.assertEqual(self.counts()["lost"], 10)
        self.relay.tell("loss 0", "set", loss=0)
        self.a.send([numbered(2)])
        self.assertEqual(self.b.wait(1), [numbered(2)])
        self.check_stopped(self.relay)


class Decisions(RelayTest):
    ALL = {"loss": 5, "duplicate": 5, "reorder": 5, "truncate": 5, "corrupt": 5, "jitter": 1}

    def decisions(self, frames_of_b, seed):
        """What is decided for the same frames of a, beside so many of b's, at whatever pace."""
        trace = os.path.join(self.make_folder(), "trace")
        self.start_joined(f"--trace={trace}", seed=seed, **self.ALL)
        pace = random.Random()
        at = 0
        while at < COUNT:
            count = pace.randrange(1, 500)
            self.a.send([numbered(number) for number in range(at, min(at + count, COUNT))])
            at += count
        self.b.send([numbered(number) for number in range(frames_of_b)])
        harness.wait_until(lambda: int(self.relay.stats("a_to_b")["frames"]) == COUNT, "last frame")
        self.check_stopped(self.relay)
        with open(trace, encoding="ascii") as file:
            lines = file.read().splitlines()
        return [line for line in lines if line.startswith("a_to_b ")]

    def test_same_seed_same_decisions(self):
        first = self.decisions(0, SEED)
        self.assertEqual(len(first), COUNT)
        for harm in ("lost", "duplicated", "reordered", "truncated", "corrupted"):
            self.assertTrue(any(harm in line for line in first), harm)
        self.assertEqual(self.decisions(1000, SEED), first)
        self.assertNotEqual(self.decisions(0, SEED + 1), first)


class Speed(RelayTest):
    def test_100_megabytes_a_second(self):
        """It must not be the bottleneck: full frames, one direction."""
        relay, paths = self.start()
        source, sink = (socket.socket(socket.AF_UNIX) for _path in paths)
        source.connect(paths[0])
        sink.connect(paths[1])
        blob = packed([numbered(number, 1514) for number in range(100)])

        def feed():
            try:
                while True:
                    source.sendall(blob)
            except OSError:
                return

        feeder = threading.Thread(target=feed)
        feeder.start()
        began = time.monotonic()
        received = 0
        while received < 300 * MEGABYTE:
            received += len(sink.recv(1 << 20))
        rate = received / (time.monotonic() - began) / MEGABYTE
        relay.kill()
        feeder.join()
        source.close()
        sink.close()
        print(f"{rate:.0f} MB/s")
        self.assertGreater(rate, 100)


if __name__ == "__main__":
    harness.main(namespace=False)
