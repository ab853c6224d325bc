"""IPv6 on the kernel's side of the wire: addresses, router advertisements, and packets of a test's own
(RFC 8200, RFC 4861)."""

import ipaddress
import os
import struct

import frames
from netns import ip

KERNEL_IP6 = "2001:db8::1"
SERVER_IP6 = "2001:db8::2"
CLIENT_IP6 = "2001:db8::3"
ROUTER = "fe80::1"

ETHERTYPE_IPV6 = 0x86DD
ICMPV6, HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 58, 0, 43, 44, 60
UNREACHABLE, TOO_BIG, ECHO_REQUEST, ECHO_REPLY = 1, 2, 128, 129
ROUTER_SOLICIT, ROUTER_ADVERT, NEIGHBOR_SOLICIT, NEIGHBOR_ADVERT = 133, 134, 135, 136
ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"


def available():
    """True if this kernel speaks IPv6 in the test's namespace."""
    return os.path.exists("/proc/net/if_inet6")


def add_address(wire, address):
    """Gives the kernel's side an address, at once."""
    ip("-6", "address", "add", f"{address}/64", "dev", wire.interface, "nodad")


def packed(address):
    return ipaddress.IPv6Address(address).packed


def text(data):
    return str(ipaddress.IPv6Address(data))


def group_mac(address):
    """The hardware address of a multicast group (RFC 2464 section 7)."""
    return b"\x33\x33" + packed(address)[12:]


def solicited_node(address):
    """RFC 4291 section 2.7.1."""
    return text(packed("ff02::1:ff00:0")[:13] + packed(address)[13:])


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF & ~total


def packet(source, destination, next_header, payload, hops=255):
    head = struct.pack("!IHBB", 6 << 28, len(payload), next_header, hops)
    return head + packed(source) + packed(destination) + payload


def icmp(source, destination, kind, body, code=0, hops=255):
    """A whole packet; body is what follows the checksum."""
    pseudo = packed(source) + packed(destination) + struct.pack("!II", len(body) + 4, ICMPV6)
    message = struct.pack("!BBH", kind, code, 0) + body
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    return packet(source, destination, ICMPV6, message, hops)


def frame(source_mac, destination_mac, ip_packet):
    return destination_mac + source_mac + struct.pack("!H", ETHERTYPE_IPV6) + ip_packet


def to_all(source_mac, group, ip_packet):
    return frame(source_mac, group_mac(group), ip_packet)


# ---- Router advertisements -----------------------------------------------------------------------


def link_address_option(mac, kind=1):
    return bytes([kind, 1]) + mac


def prefix_option(prefix, valid_s=3600, preferred_s=None):
    """On-link, and for addresses."""
    preferred_s = valid_s if preferred_s is None else preferred_s
    head = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, valid_s, preferred_s, 0)
    return head + packed(prefix)


def dns_option(address, lifetime_s=3600):
    """RFC 8106 section 5.1."""
    return struct.pack("!BBHI", 25, 3, 0, lifetime_s) + packed(address)


def router_advert(mac, options=b"", lifetime_s=1800, source=ROUTER, hops=255):
    body = struct.pack("!BBHII", 64, 0, lifetime_s, 0, 0)
    body += link_address_option(mac) + options
    return to_all(mac, ALL_NODES, icmp(source, ALL_NODES, ROUTER_ADVERT, body, hops=hops))


# ---- Neighbours ----------------------------------------------------------------------------------


def neighbor_solicit(mac, source, target):
    body = bytes(4) + packed(target) + link_address_option(mac)
    group = solicited_node(target)
    return to_all(mac, group, icmp(source, group, NEIGHBOR_SOLICIT, body))


def neighbor_advert(mac, target):
    """To all: as the answer to duplicate address detection, or as a change of hardware address."""
    body = struct.pack("!I", 0x20000000) + packed(target) + link_address_option(mac, 2)
    return to_all(mac, ALL_NODES, icmp(target, ALL_NODES, NEIGHBOR_ADVERT, body))


def is_icmp(seen, kind):
    """True if the frame seen is this ICMPv6 message."""
    return (
        seen.ethertype == ETHERTYPE_IPV6 and seen.payload[6] == ICMPV6 and seen.payload[40] == kind
    )


def source_of(seen):
    return text(seen.payload[8:24])


class Router:
    """Sends advertisements from the kernel's side of a wire when told to."""

    def __init__(self, wire):
        self._watcher = frames.Watcher(wire.interface)
        self.mac = frames.mac_bytes(frames.mac_of(wire.interface))

    def advertise(self, *options, **more):
        self._watcher.send(router_advert(self.mac, b"".join(options), **more))

    def send(self, data):
        self._watcher.send(data)

    def wait_frame(self, wanted, timeout_s=10.0):
        return self._watcher.wait_frame(wanted, timeout_s)

    def all_frames(self):
        return self._watcher.all_frames()

    def close(self):
        self._watcher.close()
