"""Does the package's helper give the server an interface of its own, beside a board's network, and
take it back?"""

import json
import os
import socket
import tempfile

import debian
import frames
import harness
import netns
import settings
import testcerts
from firmware import Firmware
from netns import ip
from tlspeer import TlsPeer, connect

INTERFACE = "tls-echo0"


# A file system of its own for /run, where ip(8) keeps the names of namespaces: the machine's own
# must not know of them. What follows runs in it for as long as the server does.
SESSION = """
mount -t tmpfs tmpfs /run
"$0" up "$1" "$2"
shift 2
exec nsenter --net=/run/netns/tls-echo "$@"
"""


class Board(harness.TestCase):
    """The test's namespace is a board: it has eth0, and a peer on its cable."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = os.path.join(tempfile.mkdtemp(prefix="tls-echo-"), "root")
        cls.addClassCleanup(debian.run, "rm", "-rf", os.path.dirname(cls.root))
        debian.unpack(debian.package(), cls.root)
        cls.helper = os.path.join(cls.root, "usr/libexec/tls-echo/netif")
        cls.conf = os.path.join(cls.root, "etc/tls-echo.conf")

    def start(self, kind, parent):
        """The server as its unit starts it, once the helper has made the interface."""
        program = os.path.join(self.root, "usr/bin/tls-echo-server")
        args = ["--config", self.conf, "--ip", f"{settings.SERVER_IP}/24"]
        session = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", SESSION]
        server = Firmware(
            program,
            [*args, "--certs", testcerts.blob("good")],
            runner=[*session, self.helper, kind, parent, *settings.RUNNER],
        )
        self.own(server).wait_event("listening", 20)
        return server

    def inside(self, server, *words, status=0):
        """Runs a command where the server's namespace has a name."""
        return debian.run("nsenter", f"--mount=/proc/{server.pid}/ns/mnt", *words, status=status)

    def make_cable(self, board_end):
        """A cable to a peer; the peer's end is what the test's own connections go through."""
        ip("link", "add", "peer0", "type", "veth", "peer", "name", board_end)
        self.addCleanup(ip, "link", "del", "peer0")
        for end in ("peer0", board_end):
            ip("link", "set", end, "addrgenmode", "none", "up")

    def echo(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            data = bytes(range(256)) * 256
            self.assertEqual(peer.echo(data), data)
            peer.close_cleanly()

    def check_alone(self, server):
        """In its namespace there is nothing but its interface, and the kernel has no address."""
        words = ("ip", "-n", "tls-echo", "-json", "address", "show")
        links = {link["ifname"]: link for link in json.loads(self.inside(server, *words))}
        self.assertEqual(set(links), {"lo", INTERFACE})
        self.assertEqual([link["addr_info"] for link in links.values()], [[], []])
        self.assertEqual(server.find_events("net_up")[0]["mac"], links[INTERFACE]["address"])
        return links[INTERFACE]

    def test_macvlan_beside_the_boards_own_address(self):
        """The peer reaches both; what the board's kernel is sent is not for the server."""
        self.make_cable("eth0")
        ip("address", "add", f"{settings.KERNEL_IP}/24", "dev", "peer0")
        server = self.start("macvlan", "eth0")
        link = self.check_alone(server)
        self.echo()
        watcher = frames.Watcher("peer0")
        self.addCleanup(watcher.close)
        question = frames.arp(
            frames.ARP_REQUEST,
            frames.mac_bytes(frames.mac_of("peer0")),
            settings.KERNEL_IP,
            settings.SERVER_IP,
        )
        watcher.send(question)
        self.echo()
        own = socket.inet_aton(settings.SERVER_IP)
        answers = {frame.source for frame in watcher.all_frames() if frame.payload[14:18] == own}
        self.assertEqual(answers, {link["address"]})
        self.check_stopped(server)

    def test_bridge_that_the_board_itself_uses(self):
        ip("link", "add", "br0", "type", "bridge")
        self.addCleanup(ip, "link", "del", "br0")
        ip("link", "set", "br0", "addrgenmode", "none", "up")
        ip("address", "add", f"{settings.KERNEL_IP}/24", "dev", "br0")
        server = self.start("bridge", "br0")
        self.check_alone(server)
        self.echo()
        self.check_stopped(server)

    def test_interface_that_is_taken_away(self):
        """The server says so and lives on, as with a cable that is pulled."""
        self.make_cable("eth0")
        server = self.start("macvlan", "eth0")
        self.inside(server, self.helper, "down")
        self.assertEqual(server.wait_event("net_down")["reason"], "removed")
        self.assertNotIn("tls-echo", self.inside(server, "ip", "netns", "list"))
        self.inside(server, self.helper, "down")
        self.assertEqual(server.stop(), 0)

    def test_what_it_cannot_do_leaves_nothing_behind(self):
        self.make_cable("eth0")
        server = self.start("macvlan", "eth0")
        for words, reason in (
            (("up", "macvlan", "none0"), "there is no interface none0"),
            (("up", "bridge", "eth0"), "eth0 is no bridge"),
        ):
            said = self.inside(server, self.helper, *words, status=1)
            self.assertIn(reason, said)
        self.assertEqual(self.inside(server, "ip", "netns", "list"), "")
        for words in ((), ("up",), ("up", "macvlan"), ("up", "tap", "eth0"), ("down", "x")):
            self.assertIn("netif up macvlan", self.inside(server, self.helper, *words, status=64))
        server.stop()

    def test_address_is_the_same_each_time(self):
        self.make_cable("eth0")
        if not os.path.exists("/etc/machine-id") or os.path.getsize("/etc/machine-id") == 0:
            self.skipTest("this machine has no id")
        macs = set()
        for _time in range(2):
            server = self.start("macvlan", "eth0")
            macs.add(server.find_events("net_up")[0]["mac"])
            server.stop()
        (mac,) = macs
        self.assertRegex(mac, "^02:")


if __name__ == "__main__":
    harness.main()
