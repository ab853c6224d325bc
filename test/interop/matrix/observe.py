"""What a session looks like on the wire: who said hello how, and the length of each record."""

import socket
import struct
import threading

import hello

ETH_P_ALL = 3
ETH_HEADER_LEN = 14
RECORD_HEADER_LEN = 5
ALERT, HANDSHAKE, DATA = 21, 22, 23
# SHA-256 of "HelloRetryRequest", in place of a ServerHello's random (RFC 8446 section 4.1.3).
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class _Direction:
    """The bytes of one direction of a TCP connection, put in order by sequence number."""

    def __init__(self, first_seq):
        self._next = first_seq
        self._early = {}
        self.data = bytearray()

    def add(self, seq, payload):
        self._early[seq] = payload
        while self._take():
            pass

    def _take(self):
        for seq, payload in self._early.items():
            behind = (self._next - seq) & 0xFFFFFFFF
            if behind <= len(payload):
                del self._early[seq]
                self.data += payload[behind:]
                self._next = (self._next + len(payload) - behind) & 0xFFFFFFFF
                return True
        return False

    def records(self):
        """All whole records, as (type, body)."""
        at = 0
        while at + RECORD_HEADER_LEN <= len(self.data):
            kind, _version, length = struct.unpack_from("!BHH", self.data, at)
            at += RECORD_HEADER_LEN
            if at + length > len(self.data):
                return
            yield kind, bytes(self.data[at : at + length])
            at += length


class Observer:
    """Watches one interface from its making to close(). port: the TLS server's."""

    def __init__(self, interface, port):
        self._port = port
        self._directions = {}
        self._order = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((interface, 0))
        self._socket.settimeout(0.05)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while True:
            last_round = self._stop.is_set()
            try:
                while True:
                    self._take_frame(self._socket.recv(1 << 17))
            except (TimeoutError, OSError):
                if last_round:
                    return

    def _take_frame(self, frame):
        if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
            return
        ip = frame[ETH_HEADER_LEN:]
        tcp = ip[(ip[0] & 15) * 4 : struct.unpack_from("!H", ip, 2)[0]]
        source, target, seq = struct.unpack_from("!HHI", tcp)
        if self._port not in (source, target):
            return
        key = (source, target)
        with self._lock:
            if tcp[13] & 2:  # SYN
                self._directions[key] = _Direction((seq + 1) & 0xFFFFFFFF)
                self._order.append(key)
            elif key in self._directions:
                self._directions[key].add(seq, tcp[(tcp[12] >> 4) * 4 :])

    def close(self):
        """Takes what the interface has still to show; nothing comes later. May be called again."""
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _records(self, to_server, connection):
        with self._lock:
            keys = [key for key in self._order if (key[1] == self._port) == to_server]
            return list(self._directions[keys[connection]].records()) if keys else []

    def offer(self, connection=-1):
        """The first ClientHello of that connection."""
        for kind, body in self._records(True, connection):
            if kind == HANDSHAKE:
                return hello.parse_client_hello(body)
        raise AssertionError("no ClientHello on the wire")

    def was_retried(self, connection=-1):
        """Whether a HelloRetryRequest came."""
        return any(
            kind == HANDSHAKE and body[6:38] == RETRY_RANDOM
            for kind, body in self._records(False, connection)
        )

    def count_small_records(self, to_server, longest, connection=-1):
        """Records of application data that are no longer than that, protection included."""
        records = self._records(to_server, connection)
        return sum(kind == DATA and len(body) <= longest for kind, body in records)

    def client_ended(self, connection=-1):
        """Whether the client's last whole record so far is as long as an alert: close_notify."""
        records = self._records(True, connection)
        if not records:
            return False
        kind, body = records[-1]
        # TLS 1.3 hides the type; an alert is 2 bytes, and 1 byte of type and 16 of tag come on top.
        return kind == ALERT or (kind == DATA and len(body) == 19)
