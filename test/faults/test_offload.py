"""Is every byte right where the kernel cuts, joins and sums segments for the firmware, and where it may
not: also over a wire that loses single segments and whole bursts, and with a small MTU?"""

import array
import fcntl
import os
import socket
import struct
import unittest

import frames
import harness
import ip6
import settings
import testcerts
import wire
from badnet import Relay
from firmware import Firmware
from netns import ip
from tlspeer import TlsPeer, connect

DEBUG = ("--log-level", "debug")
SIZE = 512 << 10
LOSSY = {"loss": 2, "reorder": 5, "delay": 5}
TIMEOUT_S = 120
LONGEST_SEGMENT = 1500
SMALL_MTU = 700


SIOCETHTOOL, ETHTOOL_GTSO, ETHTOOL_STSO = 0x8946, 0x1E, 0x1F


def _ask_ethtool(interface, command, number=0):
    value = array.array("I", [command, number])
    request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)
    return value[1]


def cut_segments(interface):
    """The interface takes no joined segments any more, as a simple network card: the kernel cuts them."""
    _ask_ethtool(interface, ETHTOOL_STSO)


def cuts_itself(interface):
    """True if it takes joined segments."""
    return _ask_ethtool(interface, ETHTOOL_GTSO) == 1


class OffloadTestCase(harness.TestCase):
    def start(self, made_wire, *args, is_on=True):
        server = self.start_server(made_wire, *DEBUG, *args)
        self.assertEqual(server.find_events("link")[0]["offload"], "on" if is_on else "off")
        return server

    def echo(self, server, size=SIZE, host=settings.SERVER_IP):
        data = os.urandom(size)
        with TlsPeer(connect(host, timeout_s=TIMEOUT_S), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertTrue(peer.exchange(data) == data, "the echo differs")
            self.assertEqual(peer.close_cleanly(), b"")
        closed = server.wait_event("closed", 30)
        self.assertEqual(closed["reason"], "clean")


class OneWire:
    """On each kind of netif that can have it. can_have: so in this run."""

    kind = None
    can_have = True

    def setUp(self):
        super().setUp()
        if self.kind == "tap" and not wire.tap_usable():
            self.skipTest("this user may not open /dev/net/tun")
        self.wire = self.make_wire(self.kind)

    def longest(self, *args, is_on=True):
        """The longest packets with TCP that an echo takes, to the firmware and from it."""
        watcher = frames.Watcher(self.wire.interface)
        self.addCleanup(watcher.close)
        server = self.start(self.wire, *args, is_on=is_on)
        self.echo(server)
        self.check_stopped(server)
        tcp = [frame for frame in watcher.all_frames() if frame.is_tcp]
        return [
            max(len(frame.payload) for frame in tcp if frame.destination_ip == there)
            for there in (settings.SERVER_IP, settings.KERNEL_IP)
        ]

    def test_segments_come_and_go_joined(self):
        for longest in self.longest(is_on=self.can_have):
            if self.can_have:
                self.assertGreater(longest, LONGEST_SEGMENT)

    def test_off_means_what_is_on_a_wire(self):
        """Of what the firmware sends; what comes to a packet socket is the other's decision."""
        to_firmware, from_firmware = self.longest("--offload", "off", is_on=False)
        self.assertLessEqual(from_firmware, LONGEST_SEGMENT)
        if self.kind == "tap":
            self.assertLessEqual(to_firmware, LONGEST_SEGMENT)

    def test_off_after_a_program_that_had_it_and_was_killed(self):
        """A TAP device remembers."""
        server = self.start(self.wire, is_on=self.can_have)
        self.echo(server)
        server.kill()
        self.echo(self.start(self.wire, "--offload", "off", is_on=False))

    def test_device_is_left_as_it_was_found(self):
        """The next program may not know of offload."""
        server = self.start(self.wire, is_on=self.can_have)
        if self.kind == "tap":
            self.assertTrue(cuts_itself(self.wire.interface))
            self.check_stopped(server)
            self.assertFalse(cuts_itself(self.wire.interface))

    def test_small_mtu(self):
        ip("link", "set", self.wire.interface, "mtu", str(SMALL_MTU))
        self.echo(self.start(self.wire, is_on=self.can_have))

    def test_ip6(self):
        if not ip6.available():
            self.skipTest("this kernel has no IPv6")
        ip6.add_address(self.wire, ip6.KERNEL_IP6)
        server = self.start(self.wire, "--ip6", f"{ip6.SERVER_IP6}/64", is_on=self.can_have)
        server.wait_event("net_up", ip=f"{ip6.SERVER_IP6}/64")
        self.echo(server, host=ip6.SERVER_IP6)


class Tap(OneWire, OffloadTestCase):
    kind = "tap"


class Packet(OneWire, OffloadTestCase):
    """The emulator knows no such option for packet sockets: there the firmware goes without."""

    kind = "packet"
    can_have = not settings.EMULATED


class LossyWire(OffloadTestCase):
    """kernel - veth - relay - veth - firmware: what the firmware sends is cut before the relay."""

    def make_lossy_wire(self, segments, **bad):
        """segments: the kernel's are cut, too. Else whole bursts are lost, and arrive."""
        self.test_wire = wire.Wire("packet", segments=segments)
        self.addCleanup(self.test_wire.close)
        ip("link", "add", "relayed", "type", "veth", "peer", "name", "firmware")
        for interface in ("relayed", "firmware"):
            ip("link", "set", interface, "addrgenmode", "none", "mtu", "65535", "up")
        cut_segments("firmware")
        self.addCleanup(ip, "link", "del", "relayed")
        relay = self.own(Relay(self.test_wire.netif, "packet:relayed", **bad))
        self.test_wire.netif = "packet:firmware"
        return relay

    def check_byte_exact(self, segments):
        relay = self.make_lossy_wire(segments, **LOSSY)
        patience = ("--handshake-timeout", "30000")
        server = self.start(self.test_wire, *patience, is_on=not settings.EMULATED)
        self.echo(server)
        for lane in ("a_to_b", "b_to_a"):
            stats = relay.stats(lane)
            self.assertGreater(int(stats["lost"]), 0, lane)
            if segments or lane == "b_to_a":
                self.assertLessEqual(int(stats["bytes"]) / int(stats["frames"]), 1514)
        self.check_stopped(server)

    def test_segments_are_lost(self):
        self.check_byte_exact(segments=True)

    def test_bursts_are_lost(self):
        self.check_byte_exact(segments=False)


class Bridged(OffloadTestCase):
    """The far side of a bridge takes no long frames: the kernel cuts what a TAP brings."""

    @unittest.skipUnless(wire.tap_usable(), "this user may not open /dev/net/tun")
    def test_tap_in_a_bridge(self):
        self.test_wire = wire.Wire("packet", segments=True)
        self.addCleanup(self.test_wire.close)
        far = self.test_wire.netif.removeprefix("packet:")
        ip("tuntap", "add", "dev", "bridged", "mode", "tap")
        ip("link", "add", "bridge", "type", "bridge")
        cut_segments(far)
        for interface in ("bridged", far):
            ip("link", "set", interface, "master", "bridge", "addrgenmode", "none", "up")
        ip("link", "set", "bridge", "addrgenmode", "none", "up")
        self.test_wire.netif = "tap:bridged"
        watcher = frames.Watcher(self.test_wire.interface)
        self.addCleanup(watcher.close)
        server = self.start(self.test_wire)
        self.echo(server)
        sent = [f for f in watcher.all_frames() if f.is_tcp and f.source_ip == settings.SERVER_IP]
        self.assertLessEqual(max(len(frame.payload) for frame in sent), LONGEST_SEGMENT)
        self.check_stopped(server)


class Refused(OffloadTestCase):
    def test_a_stream_has_none(self):
        path = os.path.join(self.make_folder(), "wire")
        server = self.own(
            Firmware("tls-echo-server", [*DEBUG, "--netif", f"stream:listen={path}", "--ip",
                                         f"{settings.SERVER_IP}/{settings.PREFIX_LEN}"])
        )  # fmt: skip
        self.assertEqual(server.wait_event("link")["offload"], "off")


if __name__ == "__main__":
    harness.main()
