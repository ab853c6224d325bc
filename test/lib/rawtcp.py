"""A TCP peer made by hand: it acknowledges what and when a test says, as no kernel would."""

import random
import struct
import time
from socket import inet_aton

import frames

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
MSS = 1460
SYN_OPTIONS = struct.pack("!BBHBBBB", 2, 4, MSS, 4, 2, 1, 1)  # and SACK is permitted (RFC 2018)
WINDOW = 65535
PEER_IP = "198.18.0.7"
PEER_MAC = bytes.fromhex("020000000007")


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def tcp_frame(
    macs, source, destination, numbers, flags, data=b"", options=b"", window=WINDOW
):  # pylint: disable=too-many-arguments
    """An Ethernet frame with a TCP segment (RFC 9293 section 3.1). macs: destination's and source's;
    source, destination: address and port; numbers: sequence and acknowledgement."""
    addresses = inet_aton(source[0]) + inet_aton(destination[0])
    offset = (20 + len(options)) // 4 << 4
    tcp = struct.pack("!HHII", source[1], destination[1], *numbers)
    tcp += struct.pack("!BBHHH", offset, flags, window, 0, 0) + options + data
    pseudo = addresses + struct.pack("!HH", frames.PROTOCOL_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, frames.PROTOCOL_TCP, 0)
    ip += addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return macs[0] + macs[1] + struct.pack("!H", frames.ETHERTYPE_IPV4) + ip + tcp


class FrameQueue(frames.Watcher):
    """A watcher that gives the frames one by one."""

    def next_frame(self, at, timeout_s):
        """The frame with number at; None if it has not come in time."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.frames) > at, timeout_s)
            return self.frames[at] if len(self.frames) > at else None


class Segment:
    """A TCP segment as it came."""

    def __init__(self, payload):
        header_len = (payload[0] & 15) * 4
        total_len = int.from_bytes(payload[2:4], "big")
        tcp = payload[header_len:total_len]
        self.source_port, self.destination_port, self.seq, self.ack = struct.unpack(
            "!HHII", tcp[:12]
        )
        self.flags = tcp[13]
        self.window = int.from_bytes(tcp[14:16], "big")
        self.data = tcp[(tcp[12] >> 4) * 4 :]


class RawConnection:
    """A connection of an address that the kernel does not have, so only this answers for it. Has
    what a TlsPeer needs of a socket: recv, sendall and close."""

    def __init__(
        self,
        queue,
        server_ip,
        server_mac,
        server_port,
        timeout_s=10.0,
        port=None,
        seq=None,
        last_ack_brings=b"",
        window=WINDOW,
    ):  # pylint: disable=too-many-arguments
        """last_ack_brings: data with the ACK that ends the TCP handshake, not counted as sent.
        window: what each segment offers; a test may change it later."""
        self.queue = queue
        self.server = (server_ip, server_port)
        self.server_mac = frames.mac_bytes(server_mac)
        self.timeout_s = timeout_s
        self.window = window
        self.port = port or random.randrange(20000, 60000)
        self.seq = seq or random.randrange(1 << 31)
        self.seen = 0  # the server's next byte
        self.acked = 0  # what we last said of it
        self.acknowledges = True
        self.received = bytearray()
        self._at = len(queue.all_frames())  # frames looked at
        self._last_ack = 0  # what the server said of our bytes
        self._edge = 0  # up to where it has room for them
        self._heard = 0  # segments
        self._ended = False
        self._connect(last_ack_brings)

    # ---- Sending

    def _send(self, flags, data=b"", options=b""):
        source, numbers = (PEER_IP, self.port), (self.seq, self.acked)
        macs = (self.server_mac, PEER_MAC)
        self.queue.send(
            tcp_frame(macs, source, self.server, numbers, flags, data, options, self.window)
        )

    def _answer_arp(self, frame):
        operation = int.from_bytes(frame.payload[6:8], "big")
        if operation == frames.ARP_REQUEST and frame.payload[24:28] == inet_aton(PEER_IP):
            asker = frames.mac_bytes(frame.source)
            reply = frames.arp(
                frames.ARP_REPLY, PEER_MAC, PEER_IP, self.server[0], asker, destination=asker
            )
            self.queue.send(reply)

    # ---- Receiving

    def _take(self, segment):
        if segment.flags & RST:
            raise ConnectionResetError("the server sent RST")
        self._heard += 1
        self._last_ack = segment.ack
        self._edge = (segment.ack + segment.window) & 0xFFFFFFFF
        if segment.flags & SYN:
            self.seen = self.acked = (segment.seq + 1) & 0xFFFFFFFF
            return
        if segment.seq != self.seen:
            return  # a retransmission
        self.received += segment.data
        self.seen = (self.seen + len(segment.data)) & 0xFFFFFFFF
        if segment.flags & FIN:
            self._ended = True
            self.seen = (self.seen + 1) & 0xFFFFFFFF
        if self.acknowledges and self.acked != self.seen:
            self.acknowledge()

    def _is_ours(self, frame):
        return (
            frame.is_tcp
            and frame.source_ip == self.server[0]
            and Segment(frame.payload).destination_port == self.port
        )

    def _wait(self, condition, what, timeout_s=None):
        """Takes frames as they come until the condition holds."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no {what} within {self.timeout_s:.0f} s")
            frame = self.queue.next_frame(self._at, left)
            if frame is None:
                continue
            self._at += 1
            if frame.ethertype == frames.ETHERTYPE_ARP:
                self._answer_arp(frame)
            elif self._is_ours(frame):
                self._take(Segment(frame.payload))

    def _connect(self, last_ack_brings):
        self._send(SYN, options=SYN_OPTIONS)
        self.seq += 1
        self._wait(lambda: self.seen != 0, "SYN-ACK")
        self._send(ACK, last_ack_brings)

    # ---- What a test calls

    def acknowledge(self):
        """Acknowledges all that has come."""
        self.acked = self.seen
        self._send(ACK)

    def miss_first(self, data):
        """Sends data with a SACK option: all has come but the first segment not acknowledged."""
        block = struct.pack("!II", (self.acked + MSS) & 0xFFFFFFFF, self.seen)
        self._send(PSH | ACK, data, options=struct.pack("!BBBB", 1, 1, 5, 10) + block)
        self.seq = (self.seq + len(data)) & 0xFFFFFFFF

    def wait_again(self, at):
        """Waits until the server sends its first segment that is not acknowledged once more; looks
        at what has come since the frame with number at."""
        while frame := self.queue.next_frame(at, self.timeout_s):
            at += 1
            if self._is_ours(frame) and Segment(frame.payload).seq == self.acked:
                return
        raise TimeoutError(f"nothing was sent again within {self.timeout_s:.0f} s")

    def wait_received(self, count):
        """Waits until count bytes have come that recv has not taken."""
        self._wait(lambda: len(self.received) >= count, f"{count} bytes")

    def recv(self, limit):
        self._wait(lambda: self.received or self._ended, "data")
        data = bytes(self.received[:limit])
        del self.received[:limit]
        return data

    def sendall(self, data):
        for at in range(0, len(data), 1460):
            piece = data[at : at + 1460]
            self._send(PSH | ACK, piece)
            self.seq = (self.seq + len(piece)) & 0xFFFFFFFF

    def send_copy(self, count):
        """As if the last bytes were sent once more: their numbers, but not what they were."""
        self.seq -= count
        self._send(PSH | ACK, bytes(count))
        self.seq += count

    def wait_acknowledged(self):
        """Waits until the server has acknowledged all that was sent."""
        self._wait(lambda: self._last_ack == self.seq, "acknowledgement")

    def room(self):
        """How much more the server is willing to receive, by its last word."""
        return (self._edge - self.seq) & 0xFFFFFFFF

    def wait_room(self, count):
        """Waits until the server is willing to receive so much."""
        self._wait(lambda: self.room() >= count, f"room for {count} bytes")

    def send_ahead(self, gap, data, fin=False):
        """Sends what comes gap bytes later."""
        self.seq += gap
        self._send(ACK | PSH | (FIN if fin else 0), data)
        self.seq -= gap

    def probe(self):
        """Sends a byte for which there may be no room, and waits until the server says anything."""
        heard = self._heard
        self._send(ACK, b"?")
        self._wait(lambda: self._heard > heard, "answer")

    def wait_quiet(self, seconds):
        """Takes what comes until nothing has come for so long."""
        while True:
            try:
                self._wait(lambda at=self._at: self._at > at, "frame", seconds)
            except TimeoutError:
                return

    def finish(self):
        """Ends our side with FIN, and waits until the server has taken it."""
        self._send(FIN | ACK)
        self.seq += 1
        self._wait(lambda: self._last_ack == self.seq, "acknowledgement of our FIN")

    def close(self):
        """Goes away with RST."""
        self._send(RST | ACK)
