"""DNS, SNTP and ping on the kernel's side of the wire, as small as a test needs them."""

import ipaddress
import socket
import struct
import threading
import time

import settings


class _Service:
    """Answers datagrams in a thread until it is closed."""

    def __init__(self, sock):
        self._socket = sock
        self._stop = False
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._stop:
            try:
                data, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.answer(data, peer)

    def answer(self, data, peer):
        raise NotImplementedError

    def close(self):
        self._stop = True
        self._thread.join(5)
        self._socket.close()


DNS_A, DNS_AAAA = 1, 28


class DnsServer(_Service):
    """Knows the addresses it is given, one or several a name; any other name does not exist (RFC
    1035). Questions of the types in silent get no answer. It listens at ip, of either family."""

    def __init__(self, records, ip=settings.KERNEL_IP, silent=()):
        self._records = records
        self._silent = silent
        self.asked = []
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((ip, 53))
        super().__init__(sock)

    def _addresses(self, name, kind):
        """What there is of this type; None if there is no such name at all."""
        known = self._records.get(name)
        if known is None:
            return None
        known = [known] if isinstance(known, str) else known
        return [ip for ip in known if (":" in ip) == (kind == DNS_AAAA)]

    def answer(self, data, peer):
        name, end = _question_name(data)
        kind = struct.unpack("!H", data[end : end + 2])[0]
        self.asked.append(name)
        if kind in self._silent:
            return
        addresses = self._addresses(name, kind)
        flags = 0x8183 if addresses is None else 0x8180
        reply = data[0:2] + struct.pack("!HHHHH", flags, 1, len(addresses or []), 0, 0)
        reply += data[12 : end + 4]
        for ip in addresses or []:
            address = ipaddress.ip_address(ip).packed
            reply += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(address)) + address
        self._socket.sendto(reply, peer)


def _question_name(data):
    labels = []
    at = 12
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("ascii"))
        at += 1 + data[at]
    return ".".join(labels), at + 1


S_1900_TO_1970 = 2208988800  # RFC 5905 figure 4

# How a question is answered: what of a good answer is another thing. None: not at all.
GOOD = {}
SILENT = None
NOT_SYNCHRONIZED = {"leap": 3}
NOT_OURS = {"originate": bytes(8)}
MALFORMED = {"mode": 5}
IN_1980 = {"unix_s": 315532800}
TWICE = {"times": 2}


def kiss(code):
    """The server does not want to be asked, and says so by this code."""
    return {"stratum": 0, "leap": 3, "reference": code.encode("ascii")}


class SntpServer(_Service):
    """Says that it is unix_s, and goes on from there (RFC 5905). answers: how the first question is
    answered, the second, ..., the last one for all that follow. questions: what came."""

    def __init__(self, unix_s, *answers):
        self._unix_s = unix_s - time.monotonic()
        self._answers = list(answers) or [GOOD]
        self.questions = []
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((settings.KERNEL_IP, 123))
        super().__init__(sock)

    def answer(self, data, peer):
        how = self._answers[min(len(self.questions), len(self._answers) - 1)]
        self.questions.append(data)
        if how is None:
            return
        for _ in range(how.get("times", 1)):
            self._socket.sendto(self._reply(data, how), peer)

    def _reply(self, question, how):
        unix_s = how.get("unix_s", self._unix_s + time.monotonic())
        seconds = (int(unix_s) + S_1900_TO_1970) % (1 << 32)
        now = struct.pack("!II", seconds, int(unix_s % 1 * (1 << 32)))
        first = how.get("leap", 0) << 6 | 4 << 3 | how.get("mode", 4)
        head = struct.pack("!BBbb", first, how.get("stratum", 2), 6, -20)
        roots = struct.pack("!II", 1 << 8, 1 << 8)  # 1/256 s each
        reference = how.get("reference", b"\xc6\x12\0\1")
        originate = how.get("originate", question[40:48])
        return head + roots + reference + now + originate + now + now


def ping(ip, timeout_s=5.0):
    """One ICMP echo with 56 bytes of data; True if the same came back (RFC 792)."""
    head = struct.pack("!BBHHH", 8, 0, 0, 0x4543, 1)
    data = bytes(range(56))
    packet = head[:2] + struct.pack("!H", _checksum(head + data)) + head[4:] + data
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.settimeout(timeout_s)
        sock.connect((ip, 0))
        sock.send(packet)
        answer = sock.recv(2048)[20:]
    return answer[0] == 0 and answer[4:] == packet[4:]


def _checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return 0xFFFF & ~(total + (total >> 16))
