"""A thousand sessions, and more busy ones than there are places for: do all get their turn?"""

import resource
import select
import socket
import ssl
import threading
import time

import harness
import settings
import testcerts
from netns import ip
from rawtcp import FrameQueue, RawConnection
from tlspeer import TlsPeer, connect

THOUSAND = 1000
SPEAKERS = 25
# Busy ones that the native build has places for (BOARD_BUSY_MAX), and as many beside them.
PLACES = 64
CROWD = 2 * PLACES
RECORD = 16384
HELD_BACK = 100
SLOWEST_S = 120
ROUNDS = 2
CPU_MAX_S = 30.0  # for a thousand records, twice; it takes 1 or 2
# Who does not read holds so much of what is shared to send; more of them than that suffices for.
UNREAD = (4000, 14)
DEAF = PLACES + 16
# Who reads so much so often has always moved by a segment, but takes a minute for all.
SIP, SIP_EVERY_S = 600, 0.6
# Comes in what a connection is sure of, but does not leave a segment's room.
MEDIUM = 1600
PAUSE_S, STALLED_S = 0.2, 7
# In one segment that leaves little of the window.
SMALL = 1400
# More than a connection is sure of, in one frame.
LARGE = 8000
FIRST_PORT = 20000


class Echo:
    """One peer among many: a record is under way there and back, and nothing blocks."""

    def __init__(self, peer, number):
        self.peer = peer
        self.number = number
        self.rounds = 0
        self.peer.sock.setblocking(False)
        self._begin()

    def _begin(self):
        seed = self.number * ROUNDS + self.rounds
        self.data = seed.to_bytes(4, "big") * (RECORD // 4)
        self.unsent = memoryview(self.peer.seal(self.data))
        self.received = bytearray()
        self._send()

    def _send(self):
        while self.unsent:
            self.unsent = self.unsent[self.peer.sock.send(self.unsent) :]

    def _receive(self):
        while chunk := self.peer.sock.recv(65536):
            self.peer.incoming.write(chunk)
        raise ConnectionResetError

    def _read(self):
        try:
            while chunk := self.peer.tls.read(RECORD):
                self.received += chunk
        except ssl.SSLWantReadError:
            pass

    def go_on(self):
        """True: the last record has come back."""
        for move in (self._send, self._receive):
            try:
                move()
            except BlockingIOError:
                pass
        self._read()
        if len(self.received) < RECORD:
            return False
        if self.received != self.data:
            raise ValueError(f"peer {self.number}: other bytes came back")
        self.rounds += 1
        if self.rounds < ROUNDS:
            self._begin()
        return self.rounds == ROUNDS


def echo_all(peers):
    """All at the same time, ROUNDS times."""
    poll = select.epoll()
    echoes = {}
    for number, peer in enumerate(peers):
        echoes[peer.sock.fileno()] = Echo(peer, number)
        poll.register(peer.sock, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    left = len(peers)
    while left > 0:
        ready = poll.poll(SLOWEST_S)
        if not ready:
            raise TimeoutError(f"{left} of {len(peers)} wait for ever")
        for fd, _events in ready:
            if echoes[fd].rounds < ROUNDS and echoes[fd].go_on():
                left -= 1
    poll.close()


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
        cpu_s = server.cpu_time_s()
        echo_all(peers)  # more than fifteen for each place
        self.assertLess(server.cpu_time_s() - cpu_s, CPU_MAX_S)
        self.assertEqual(server.find_events("stalled"), [])
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

    def test_nobody_is_ended_for_who_waits_no_more(self):
        """Who gets in line for a message, but has it before there is a place, is out of line."""
        server = self.start(PLACES + 1)
        *holders, bystander = self.open_peers(PLACES + 1)
        ends = self.hold_records(holders)
        data = b"m" * MEDIUM
        record = bystander.seal(data)
        bystander.sock.sendall(record[:HELD_BACK])
        time.sleep(PAUSE_S)
        bystander.sock.sendall(record[HELD_BACK:])
        self.assertEqual(bystander.read_exactly(MEDIUM), data)
        time.sleep(STALLED_S)
        self.assertEqual(server.find_events("stalled"), [])
        for peer, end in zip(holders, ends):
            peer.sock.sendall(end)
            self.assertTrue(peer.read_exactly(RECORD) == b"r" * RECORD)
        self.check_stopped(server)

    def test_small_records_hold_no_places(self):
        """Who has begun one took a place as if it were large, but leaves it when others wait."""
        server = self.start(PLACES + 1)
        *holders, good = self.open_peers(PLACES + 1)
        data, half = b"s" * SMALL, SMALL // 2
        ends = []
        for peer in holders:
            self.assertEqual(peer.echo(data[:half]), data[:half])
            record = peer.seal(data)
            peer.sock.sendall(record[:-HELD_BACK])
            ends.append(record[-HELD_BACK:])
        large = b"g" * (4 * RECORD)
        self.assertTrue(good.exchange(large) == large)
        for peer, end in zip(holders, ends):
            peer.sock.sendall(end)
            self.assertEqual(peer.read_exactly(SMALL), data)
        self.assertEqual(server.find_events("stalled"), [])
        self.check_stopped(server)

    def open_deaf_peer(self):
        """One who never reads what comes back; his kernel takes next to nothing of it."""
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.settimeout(SLOWEST_S)
        sock.connect((settings.SERVER_IP, settings.PORT))
        peer = TlsPeer(sock, self.context).handshake()
        size, count = UNREAD
        for _index in range(count):
            peer.write(b"d" * size)
        return peer

    def test_who_does_not_read_is_ended(self):
        """As many as fill the memory to send do not keep a good peer's records from going out."""
        server = self.start(DEAF + 1)
        (good,) = self.open_peers(1)
        deaf = [self.open_deaf_peer() for _index in range(DEAF)]
        self.exchange_until_stalled(server, good, deaf)
        self.check_stopped(server)

    def exchange_until_stalled(self, server, good, others):
        """Soon there is no room left for this peer's records; until others are ended, and not he."""
        data = b"g" * (4 * RECORD)
        names = {other.name for other in others}
        while not server.find_events("stalled"):
            self.assertTrue(good.exchange(data) == data)
        for stalled in server.find_events("stalled"):
            self.assertIn(stalled["peer"], names)
        self.assertTrue(good.exchange(data) == data)
        self.assertEqual(server.find_events("closed", session="1"), [])

    def sip(self, peers, stopped):
        """Takes a little from each, so often that none of them stands still, and sends as much."""
        while not stopped.wait(SIP_EVERY_S):
            for peer in peers:
                try:
                    peer.write(peer.sock.recv(SIP))
                except OSError:
                    pass

    def test_who_reads_little_by_little_is_ended(self):
        """The same with some who move all the time, but never give back what they hold."""
        server = self.start(DEAF + 1)
        (good,) = self.open_peers(1)
        slow = [self.open_deaf_peer() for _index in range(DEAF)]
        for peer in slow:
            peer.sock.setblocking(False)
        stopped = threading.Event()
        sipping = threading.Thread(target=self.sip, args=(slow, stopped))
        sipping.start()
        try:
            self.exchange_until_stalled(server, good, slow)
        finally:
            stopped.set()
            sipping.join()
        self.check_stopped(server)


class ManyByHand(harness.TestCase):
    """Peers whose segments are made by hand."""

    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()
        ip("link", "set", self.wire.interface, "mtu", "9000")
        self.queue = FrameQueue(self.wire.interface)
        self.addCleanup(self.queue.close)
        self.server = self.start_server(self.wire, "--max-sessions", str(PLACES + 1))
        self.mac = self.server.wait_event("net_up")["mac"]

    def connect(self, **more):
        return RawConnection(self.queue, settings.SERVER_IP, self.mac, settings.PORT, **more)

    def test_copies_take_no_places(self):
        """As many idle sessions as there are places repeat a segment: nobody has to wait, and
        nobody is ended."""
        context = testcerts.client_context()
        socks = [self.connect(port=FIRST_PORT + place) for place in range(PLACES)]
        peers = [TlsPeer(sock, context).handshake() for sock in socks]
        for peer in peers:
            peer.sock.send_copy(LARGE)
        data = b"g" * (4 * RECORD)
        (good,) = self.open_peers(1)
        self.assertTrue(good.exchange(data) == data)
        for peer in peers:
            self.assertEqual(peer.echo(b"still here"), b"still here")
        self.assertEqual(self.server.find_events("stalled"), [])
        self.check_stopped(self.server)

    def hold_all_places(self):
        for peer in self.open_peers(PLACES):
            peer.sock.sendall(peer.seal(bytes(RECORD))[:-HELD_BACK])
        time.sleep(PAUSE_S)

    def test_who_is_in_line_is_offered_what_he_is_sure_of(self):
        """A message that needs no place does not wait for one."""
        context = testcerts.client_context()
        peer = TlsPeer(self.connect(port=FIRST_PORT), context).handshake()
        self.hold_all_places()
        sock, data = peer.sock, bytes(MEDIUM)
        while sock.room() >= MEDIUM:
            self.assertEqual(peer.echo(bytes(HELD_BACK)), bytes(HELD_BACK))
        record, begun = peer.seal(data), sock.room()
        sock.sendall(record[:begun])
        sock.wait_room(len(record) - begun)
        sock.sendall(record[begun:])
        self.assertEqual(peer.read_exactly(MEDIUM), data)
        self.assertEqual(self.server.find_events("stalled"), [])
        self.check_stopped(self.server)

    def test_closed_window_is_answered(self):
        """Who is in line, and asks with a byte whether there is room again, hears that there is not.
        """
        context = testcerts.client_context()
        waiting = TlsPeer(self.connect(port=FIRST_PORT), context).handshake()
        self.hold_all_places()
        sock = waiting.sock
        sock.wait_quiet(PAUSE_S)
        record = waiting.seal(bytes(RECORD))
        sock.sendall(record[: sock.room()])
        sock.wait_acknowledged()
        sock.wait_quiet(PAUSE_S)
        self.assertEqual(sock.room(), 0)
        sock.probe()
        self.assertEqual(sock.room(), 0)
        self.check_stopped(self.server)

    def test_last_ack_brings_no_more_than_was_offered(self):
        """What comes too early is not taken, and the connection goes on."""
        peer = TlsPeer(self.connect(last_ack_brings=bytes(LARGE)), testcerts.client_context())
        self.assertEqual(peer.handshake().echo(b"in time"), b"in time")
        self.check_stopped(self.server)


if __name__ == "__main__":
    harness.main()
