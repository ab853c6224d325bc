"""Do the packets really go through the firmware's own IP stack, over each kind of netif?"""

import json
import socket
import unittest

import frames
import harness
import ip6
import services
import settings
import testcerts
import wire
from firmware import Firmware
from netns import ip
from tlspeer import TlsPeer, connect

ETHERTYPES = {frames.ETHERTYPE_IPV4, frames.ETHERTYPE_ARP, ip6.ETHERTYPE_IPV6}


def kernel_addresses():
    return {
        address["local"]
        for interface in json.loads(ip("-json", "address", "show"))
        for address in interface["addr_info"]
    }


class OnTheWire:
    """What holds on every kind of wire; setUpClass of the class that uses it starts the server."""

    def setUp(self):
        super().setUp()
        self.watcher = frames.Watcher(self.wire.interface)
        self.addCleanup(self.watcher.close)
        self.mac = self.server.find_events("net_up")[0]["mac"]
        self.kernel_mac = frames.mac_bytes(frames.mac_of(self.wire.interface))

    def echo(self, data):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(data), data)
            peer.close_cleanly()

    def test_tcp_comes_from_the_firmwares_own_mac_and_address(self):
        self.echo(b"hello")
        self.wait_server("closed", reason="clean")
        own = [frame for frame in self.watcher.all_frames() if frame.source == self.mac]
        tcp = [frame for frame in own if frame.is_tcp]
        self.assertGreater(len(tcp), 5)
        self.assertEqual({frame.source_ip for frame in tcp}, {settings.SERVER_IP})
        self.assertLessEqual({frame.ethertype for frame in own}, ETHERTYPES)

    def test_kernel_has_no_address_of_the_firmwares(self):
        self.assertNotIn(settings.SERVER_IP, kernel_addresses())
        macs = {link["address"] for link in json.loads(ip("-json", "link", "show"))}
        self.assertNotIn(self.mac, macs)
        with socket.socket() as sock, self.assertRaises(OSError):
            sock.bind((settings.SERVER_IP, 0))

    def test_arp_is_answered_with_its_mac(self):
        question = frames.arp(
            frames.ARP_REQUEST, self.kernel_mac, settings.KERNEL_IP, settings.SERVER_IP
        )
        self.watcher.send(question)
        answer = self.watcher.wait_frame(
            lambda frame: frame.ethertype == frames.ETHERTYPE_ARP and frame.source == self.mac, 5
        )
        self.assertEqual(answer.payload[6:8], b"\0\2")
        self.assertEqual(frames.mac_text(answer.payload[8:14]), self.mac)
        self.assertEqual(socket.inet_ntoa(answer.payload[14:18]), settings.SERVER_IP)

    def test_ping_is_answered(self):
        self.assertTrue(services.ping(settings.SERVER_IP))

    def test_other_addresses_and_macs_are_not_answered(self):
        """Broadcast and foreign frames go by; a frame to somebody else gets no answer."""
        seen = len(self.watcher.all_frames())
        question = frames.arp(
            frames.ARP_REQUEST, self.kernel_mac, settings.KERNEL_IP, "198.18.0.77"
        )
        self.watcher.send(question)
        self.echo(b"a question that is answered after the one that is not")
        later = self.watcher.all_frames()[seen:]
        arp = [f for f in later if f.source == self.mac and f.ethertype == frames.ETHERTYPE_ARP]
        other = socket.inet_aton("198.18.0.77")
        self.assertEqual([f for f in arp if f.payload[14:18] == other], [])

    def test_runt_and_garbage_frames_do_no_harm(self):
        mac = frames.mac_bytes(self.mac)
        head = mac + self.kernel_mac
        for payload in (
            b"\x08\x00",
            b"\x08\x00" + b"\x45" + bytes(13),
            b"\x08\x00" + b"\x4f" + b"\xff" * 200,
            b"\x08\x06" + bytes(3),
            b"\x86\xdd" + b"\xff" * 60,
            b"\xff\xff" + bytes(1486),
        ):
            self.watcher.send(head + payload)
        self.echo(bytes(100_000))

    def test_bulk_is_right_over_this_netif(self):
        """Large frames and checksums that the kernel leaves to the device."""
        data = bytes(range(256)) * 400
        for _round in range(3):
            self.echo(data)


class Tap(OnTheWire, harness.ServerTestCase):
    wire_kind = "tap"

    @classmethod
    def setUpClass(cls):
        if not wire.tap_usable():
            raise unittest.SkipTest("this user may not open /dev/net/tun")
        super().setUpClass()


class Packet(OnTheWire, harness.ServerTestCase):
    wire_kind = "packet"


class Macvlan(harness.ServerTestCase):
    """An interface beside a board's own, which lets in what is sent to its own address alone."""

    wire_kind = "macvlan"
    server_args = ("--mac", "interface")

    def test_firmware_has_the_interfaces_address(self):
        interface = self.wire.netif.removeprefix("packet:")
        net_up = self.server.find_events("net_up")[0]
        self.assertEqual(net_up["mac"], frames.mac_of(interface))

    def test_bulk_is_right(self):
        data = bytes(range(256)) * 400
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(data), data)
            peer.close_cleanly()


class NoSuchInterface(harness.TestCase):
    def test_address_of_no_interface_is_an_error(self):
        server = self.own(
            Firmware("tls-echo-server", ["--netif", "packet:none0", "--mac", "interface"])
        )
        self.assertEqual(server.wait_exit(), 71)
        failed = server.find_events("netif_failed")[0]
        self.assertIn("no such interface", failed["reason"])


if __name__ == "__main__":
    harness.main()
