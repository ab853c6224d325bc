"""Ethernet frames: watches a wire, and puts frames of a test's own on it."""

import json
import socket
import struct
import threading
from dataclasses import dataclass

from netns import ip

ETH_P_ALL = 3
ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
PROTOCOL_TCP = 6
ARP_REQUEST, ARP_REPLY = 1, 2
BROADCAST = bytes([0xFF] * 6)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return ":".join(f"{byte:02x}" for byte in data)


def mac_of(interface):
    """The kernel's own address on an interface."""
    return json.loads(ip("-json", "link", "show", "dev", interface))[0]["address"]


@dataclass
class Frame:
    destination: str
    source: str
    ethertype: int
    payload: bytes

    @property
    def is_tcp(self):
        return self.ethertype == ETHERTYPE_IPV4 and self.payload[9] == PROTOCOL_TCP

    @property
    def source_ip(self):
        return socket.inet_ntoa(self.payload[12:16])

    @property
    def destination_ip(self):
        return socket.inet_ntoa(self.payload[16:20])

    def announces(self, ip_text):
        """True for a gratuitous ARP packet of this address (RFC 5227 section 2.3)."""
        address = socket.inet_aton(ip_text)
        claim = self.payload[14:18] == address and self.payload[24:28] == address
        return self.ethertype == ETHERTYPE_ARP and claim


def parse(data):
    return Frame(
        mac_text(data[0:6]), mac_text(data[6:12]), int.from_bytes(data[12:14], "big"), data[14:]
    )


def arp(operation, sender_mac, sender_ip, target_ip, target_mac=bytes(6), destination=BROADCAST):
    """One ARP frame (RFC 826)."""
    head = destination + sender_mac + struct.pack("!H", ETHERTYPE_ARP)
    body = struct.pack("!HHBBH", 1, ETHERTYPE_IPV4, 6, 4, operation)
    body += sender_mac + socket.inet_aton(sender_ip) + target_mac + socket.inet_aton(target_ip)
    return (head + body).ljust(60, b"\0")


class Watcher:
    """On the kernel's end of a wire: sees and sends whole frames."""

    def __init__(self, interface):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(0.1)
        self.frames = []
        self._changed = threading.Condition()
        self._stop = False
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        while not self._stop:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            with self._changed:
                self.frames.append(parse(data))
                self._changed.notify_all()

    def wait_frame(self, wanted, timeout_s):
        """The first frame for which wanted(frame) holds."""
        with self._changed:
            if not self._changed.wait_for(lambda: any(map(wanted, self.frames)), timeout_s):
                raise AssertionError("no such frame was seen")
            return next(filter(wanted, self.frames))

    def all_frames(self):
        with self._changed:
            return list(self.frames)

    def send(self, data):
        self._socket.send(data)

    def close(self):
        self._stop = True
        self._thread.join(5)
        self._socket.close()
