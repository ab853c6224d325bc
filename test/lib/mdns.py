"""Multicast DNS on the kernel's side of the wire (RFC 6762): asks, listens, and can be a host that has a
name already."""

import ipaddress
import socket
import struct
import threading
from dataclasses import dataclass, field

import ip6
import settings

PORT = 5353
GROUP, GROUP6 = "224.0.0.251", "ff02::fb"
A, PTR, TXT, AAAA, SRV, ANY = 1, 12, 16, 28, 33, 255
RESPONSE, AUTHORITATIVE, TRUNCATED = 0x8000, 0x0400, 0x0200
CLASS_IN, FLUSH = 1, 0x8000  # of the class: the answer is all there is (RFC 6762 section 10.2)

# RFC 6762 section 5.2: a question without an answer is asked again after a second.
ASK_AGAIN_S = 1.0


@dataclass
class Record:
    name: str
    kind: int
    flush: bool
    ttl: int
    data: object  # an address, a name, (port, name) of SRV, else bytes


@dataclass
class Message:
    source: str
    destination: str
    flags: int
    questions: list = field(default_factory=list)  # (name, kind)
    answers: list = field(default_factory=list)
    proposed: list = field(default_factory=list)  # of a probe: its authority section
    additional: list = field(default_factory=list)

    @property
    def is_response(self):
        return bool(self.flags & RESPONSE)

    @property
    def is_probe(self):
        return not self.is_response and bool(self.proposed)

    def records(self, name, kind):
        """All answers of this name and type."""
        return [r for r in self.answers if (r.name, r.kind) == (name, kind)]

    def find(self, name, kind):
        """What they say."""
        return [record.data for record in self.records(name, kind)]


def encode_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def question(name, kind):
    return encode_name(name) + struct.pack("!HH", kind, CLASS_IN)


def address_record(name, address, ttl=120):
    data = ipaddress.ip_address(address).packed
    kind = A if len(data) == 4 else AAAA
    head = struct.pack("!HHIH", kind, CLASS_IN | FLUSH, ttl, len(data))
    return encode_name(name) + head + data


def query(*questions, flags=0, number=0):
    return struct.pack("!HHHHHH", number, flags, len(questions), 0, 0, 0) + b"".join(questions)


def response(*records):
    head = struct.pack("!HHHHHH", 0, RESPONSE | AUTHORITATIVE, 0, len(records), 0, 0)
    return head + b"".join(records)


def _read_name(data, at):
    """The name, and where it ends; follows pointers (RFC 1035 section 4.1.4)."""
    parts, end = [], None
    while data[at]:
        if data[at] >= 0xC0:
            end = end or at + 2
            at = struct.unpack("!H", data[at : at + 2])[0] & 0x3FFF
            continue
        parts.append(data[at + 1 : at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(parts), end or at + 1


def _read_data(data, at, kind, data_len):
    if kind in (A, AAAA):
        return str(ipaddress.ip_address(data[at : at + data_len]))
    if kind == PTR:
        return _read_name(data, at)[0]
    if kind == SRV:
        return struct.unpack("!H", data[at + 4 : at + 6])[0], _read_name(data, at + 6)[0]
    return data[at : at + data_len]


def _read_records(data, at, count):
    records = []
    for _number in range(count):
        name, at = _read_name(data, at)
        kind, klass, ttl, data_len = struct.unpack("!HHIH", data[at : at + 10])
        at += 10
        content = _read_data(data, at, kind, data_len)
        records.append(Record(name, kind, bool(klass & FLUSH), ttl, content))
        at += data_len
    return records, at


def parse(data, source, destination):
    flags, *counts = struct.unpack("!HHHHH", data[2:12])
    message, at = Message(source, destination, flags), 12
    for _number in range(counts[0]):
        name, at = _read_name(data, at)
        message.questions.append((name, struct.unpack("!H", data[at : at + 2])[0]))
        at += 4
    message.answers, at = _read_records(data, at, counts[1])
    message.proposed, at = _read_records(data, at, counts[2])
    message.additional, at = _read_records(data, at, counts[3])
    return message


def _group_socket(interface, address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    member = socket.inet_aton(GROUP) + socket.inet_aton(address)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sock.bind(("", PORT))
    return sock


def _group_socket6(interface):
    index = socket.if_nametoindex(interface)
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    member = ip6.packed(GROUP6) + struct.pack("@I", index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    sock.bind(("::", PORT))
    return sock


class Host:
    """Hears all that is sent to the group, and answers for the names in claims ({name: address})."""

    def __init__(self, interface, use_ip6=False):
        self.claims = {}
        self.messages = []
        self._changed = threading.Condition()
        self._stop = False
        self._use_ip6 = use_ip6
        self._socket = (
            _group_socket6(interface) if use_ip6 else _group_socket(interface, settings.KERNEL_IP)
        )
        self._group = (GROUP6 if use_ip6 else GROUP, PORT)
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        self._stop = True
        self._thread.join(5)
        self._socket.close()

    def send(self, data):
        self._socket.sendto(data, self._group)

    def mark(self):
        """Where the messages end now: give it as since to look only at what comes later."""
        with self._changed:
            return len(self.messages)

    def find(self, wanted, since=0):
        with self._changed:
            return [message for message in self.messages[since:] if wanted(message)]

    def wait(self, wanted, timeout_s=10.0, since=0):
        """The first message for which wanted(message) holds."""

        def found():
            return next((m for m in self.messages[since:] if wanted(m)), None)

        with self._changed:
            if not self._changed.wait_for(found, timeout_s * settings.PATIENCE):
                raise AssertionError("no such mDNS message came")
            return found()

    def ask(self, name, kind):
        """Asks until somebody answers, or announces just that; returns the message."""
        since = self.mark()
        for _attempt in range(20):
            self.send(query(question(name, kind)))
            try:
                return self.wait(lambda m: m.find(name, kind), ASK_AGAIN_S, since)
            except AssertionError:
                pass
        raise AssertionError(f"nobody answers for {name}")

    def _listen(self):
        while not self._stop:
            try:
                data, peer = self._socket.recvfrom(9000)
            except TimeoutError:
                continue
            message = parse(data, peer[0], self._group[0])
            self._defend(message)
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()

    def _defend(self, message):
        """RFC 6762 section 8.1: whoever probes for a name of ours is told."""
        for name, _kind in message.questions:
            if name in self.claims:
                self.send(response(address_record(name, self.claims[name])))


def ask_privately(data, source=settings.KERNEL_IP):
    """A socket that has sent this from a port of its own (RFC 6762 section 6.7)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    interface = socket.inet_aton(settings.KERNEL_IP)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    sock.settimeout(10 * settings.PATIENCE)
    sock.bind((source, 0))
    sock.sendto(data, (GROUP, PORT))
    return sock


def count_waiting(sock):
    """How many datagrams have come that nobody has read."""
    count = 0
    sock.setblocking(False)
    while True:
        try:
            sock.recv(4096)
        except BlockingIOError:
            return count
        count += 1
