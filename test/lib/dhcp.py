"""A DHCP server on the kernel's side of the wire, whose every answer a test decides (RFC 2131)."""

import ipaddress
import socket
import struct
import threading
from dataclasses import dataclass

import settings

SERVER_PORT, CLIENT_PORT = 67, 68
MAGIC = bytes.fromhex("63825363")
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = 1, 2, 3, 4, 5, 6, 7
OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_NTP, OPT_REQUESTED_IP, OPT_LEASE, OPT_TYPE, OPT_SERVER, OPT_END = (
    1,
    3,
    6,
    42,
    50,
    51,
    53,
    54,
    255,
)
BROADCAST = "255.255.255.255"
IP_PKTINFO, IN_PKTINFO_LEN = 8, 12  # ip(7); Python 3.11 has no name for it

HONEST = {DISCOVER: OFFER, REQUEST: ACK}
SILENT = {}
REFUSING = {DISCOVER: OFFER, REQUEST: NAK}


def _option(number, data):
    return bytes([number, len(data)]) + data


def _parse_options(data):
    options = {}
    at = 240
    while at < len(data) and data[at] != OPT_END:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


@dataclass
class Message:
    """What a client sent, and to which address."""

    kind: int
    sent_to: str
    client_ip: str
    options: dict

    def option_ip(self, number):
        """An option that is an address; None if it is not there."""
        data = self.options.get(number)
        return socket.inet_ntoa(data) if data else None


def _parse(data, sent_to):
    options = _parse_options(data)
    return Message(options.get(OPT_TYPE, b"\0")[0], sent_to, socket.inet_ntoa(data[12:16]), options)


def _target(ancillary):
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            return socket.inet_ntoa(data[8:12])
    return ""


class DhcpServer:
    """Leases one address to whoever asks. lease_ip, lease_s, server_ip, ntp_ip (None: no time server)
    and answers (which kind of message is answered by which) may be changed at any time; messages is
    what came."""

    def __init__(self, interface, lease_ip, lease_s=3600):
        self.lease_ip, self.lease_s, self.answers = lease_ip, lease_s, HONEST
        self.server_ip = settings.KERNEL_IP
        self.ntp_ip = None
        self.messages = []
        self._changed = threading.Condition()
        self._stop = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self._socket.bind(("", SERVER_PORT))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def kinds(self):
        with self._changed:
            return [message.kind for message in self.messages]

    def mark(self):
        """Where the messages end now: give it as since to look only at what comes later."""
        with self._changed:
            return len(self.messages)

    def wait_message(self, kind, timeout_s=10.0, since=0):
        """The first message of this kind; waits for it if it has not come."""

        def found():
            return next((m for m in self.messages[since:] if m.kind == kind), None)

        with self._changed:
            if not self._changed.wait_for(found, timeout_s * settings.PATIENCE):
                raise AssertionError(f"no DHCP message of kind {kind} came")
            return found()

    def close(self):
        self._stop = True
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while not self._stop:
            try:
                data, ancillary, _flags, _peer = self._socket.recvmsg(
                    4096, socket.CMSG_SPACE(IN_PKTINFO_LEN)
                )
            except TimeoutError:
                continue
            message = _parse(data, _target(ancillary))
            answer = self.answers.get(message.kind)
            if answer:
                self._socket.sendto(self._reply(data, answer), (BROADCAST, CLIENT_PORT))
            with self._changed:
                self.messages.append(message)
                self._changed.notify_all()

    def _reply(self, request, kind):
        server = socket.inet_aton(self.server_ip)
        lease = bytes(4) if kind == NAK else socket.inet_aton(self.lease_ip)
        head = bytes([2, 1, 6, 0]) + request[4:8] + request[8:12] + bytes(4)
        head += lease + server + bytes(4) + request[28:44] + bytes(192)
        options = _option(OPT_TYPE, bytes([kind])) + _option(OPT_SERVER, server)
        if kind != NAK:
            options += self._lease_options(server)
        return head + MAGIC + options + bytes([OPT_END])

    def _lease_options(self, server):
        mask = ipaddress.ip_network(f"0.0.0.0/{settings.PREFIX_LEN}").netmask.packed
        ntp = _option(OPT_NTP, socket.inet_aton(self.ntp_ip)) if self.ntp_ip else b""
        return (
            _option(OPT_LEASE, struct.pack("!I", self.lease_s))
            + _option(OPT_MASK, mask)
            + _option(OPT_ROUTER, server)
            + _option(OPT_DNS, server)
            + ntp
        )
