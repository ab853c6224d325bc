"""Does the firmware speak IPv6: get addresses, listen, connect, and stand what the segment throws at
it?"""

import socket
import struct

import frames
import harness
import ip6
import settings
import testcerts
from ip6 import CLIENT_IP6, KERNEL_IP6, SERVER_IP6
from netns import ip
from servers import tls_listener
from services import DNS_AAAA, DnsServer
from tlspeer import TlsPeer, connect, name_of, serve_echo

USAGE, NO_CONNECTION, DEADLINE, UNTRUSTED, CONFIG = 64, 69, 75, 77, 78
STRANGER = bytes([2, 0, 0, 0, 0, 7])
PREFIX, OTHER_PREFIX = "2001:db8:aa::", "2001:db8:bb::"
OFF_LINK = "2001:db8:9::1"


class Ip6TestCase(harness.TestCase):
    """A wire whose kernel side speaks IPv6, too."""

    wire_kind = None

    def setUp(self):
        super().setUp()
        if not ip6.available():
            self.skipTest("this kernel has no IPv6")
        self.wire = self.make_wire(self.wire_kind)
        ip6.add_address(self.wire, KERNEL_IP6)
        ip6.add_address(self.wire, ip6.ROUTER)
        self.router = ip6.Router(self.wire)
        self.addCleanup(self.router.close)

    def start(self, *args):
        """A server with the static address; waits until that is there."""
        server = self.start_server(self.wire, "--ip6", f"{SERVER_IP6}/64", *args)
        server.wait_event("net_up", ip=f"{SERVER_IP6}/64")
        return server

    def start_auto(self, *options, **more):
        """A server that hears a router; returns it and its address."""
        server = self.start_server(self.wire, "--ip6", "auto", "--log-level", "debug")
        return server, self.advertise(server, *options, **more)

    def advertise(self, server, *options, **more):
        """Sends an advertisement, and returns the server's address for it."""
        server.wait_event("net_up", 20, ip=_is_link_local)
        self.router.advertise(*(options or [ip6.prefix_option(PREFIX)]), **more)
        return _address(server.wait_event("net_up", ip=_is_global6))

    def wait_solicit(self, program):
        """Until it asks for routers."""
        mac = program.wait_event("net_up")["mac"]
        return self.router.wait_frame(
            lambda f: f.source == mac and ip6.is_icmp(f, ip6.ROUTER_SOLICIT)
        )

    def open_session(self, address):
        peer = TlsPeer(connect(address), testcerts.client_context())
        self.addCleanup(peer.sock.close)
        return peer.handshake()

    def check_echo_at(self, address):
        with TlsPeer(connect(address), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"over six"), b"over six")
            peer.close_cleanly()

    def serve(self, address):
        echo = tls_listener(testcerts.server_context(), serve_echo, ip=address)
        self.addCleanup(echo.close)
        return echo


def _address(event):
    return event["ip"].split("/")[0]


def _is_link_local(text):
    return text.startswith("fe80:")


def _is_global6(text):
    return text.startswith("2001:db8:")


def _knock(source):
    """Connects from this address and leaves, whatever the server says. Returns the name it saw."""
    with socket.socket(socket.AF_INET6) as sock:
        sock.settimeout(10)
        sock.bind((source, 0))
        try:
            sock.connect((SERVER_IP6, settings.PORT))
        except ConnectionResetError:
            pass
        return name_of(sock)


class Server(Ip6TestCase):
    def test_one_listener_for_both_families(self):
        server = self.start()
        for address in (SERVER_IP6, settings.SERVER_IP):
            with TlsPeer(connect(address), testcerts.client_context()) as peer:
                self.assertEqual(peer.handshake().echo(b"hello"), b"hello")
                server.wait_event("accepted", peer=name_of(peer.sock))
                peer.close_cleanly()
        self.assertEqual(len(server.find_events("listening")), 1)
        self.check_stopped(server)

    def test_a_megabyte(self):
        server = self.start()
        data = bytes(range(256)) * 4096
        with TlsPeer(connect(SERVER_IP6), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().exchange(data), data)
            peer.close_cleanly()
        self.check_stopped(server)

    def test_link_local_address(self):
        server = self.start_server(self.wire, "--log-level", "debug")
        address = _address(server.wait_event("net_up", ip=_is_link_local))
        self.check_echo_at(f"{address}%{self.wire.interface}")
        self.check_stopped(server)

    def test_rate_limit_counts_a_network_as_one(self):
        """A host has 2^64 addresses to come from: all of one /64 are one peer. IPv4 is another."""
        server = self.start("--rate-limit", "1")
        sources = (KERNEL_IP6, KERNEL_IP6 + ":ffff")
        ip6.add_address(self.wire, sources[1])
        names = [_knock(sources[attempt % 2]) for attempt in range(20)]
        server.wait_event("refused", reason="rate_limit", peer=names[-1])
        refused = {event["peer"] for event in server.find_events("refused")}
        self.assertTrue(refused & set(names[0::2]))
        self.assertTrue(refused & set(names[1::2]))
        self.check_echo_at(settings.SERVER_IP)
        self.check_stopped(server)

    def test_address_that_another_host_has(self):
        ip6.add_address(self.wire, SERVER_IP6)
        server = self.own(harness.new_server(self.wire, "--ip6", f"{SERVER_IP6}/64"))
        self.check_exit(server, CONFIG, 20)
        conflict = server.find_events("net_conflict")[0]
        self.assertEqual((conflict["ip"], conflict.level), (SERVER_IP6, "ERROR"))

    def test_off(self):
        """Not one IPv6 packet leaves it, and none is answered."""
        server = self.start_server(self.wire, "--ip6", "off")
        mac = server.find_events("net_up")[0]["mac"]
        target = "fe80::ff:fe00:2"
        self.router.send(ip6.neighbor_solicit(self.router.mac, ip6.ROUTER, target))
        self.router.advertise(ip6.prefix_option(PREFIX))
        for _round in range(2):
            self.check_echo_at(settings.SERVER_IP)
        self.check_stopped(server)
        sent = [f for f in self.router.all_frames() if f.source == mac]
        self.assertEqual([f for f in sent if f.ethertype == ip6.ETHERTYPE_IPV6], [])
        self.assertNotEqual(sent, [])

    def test_link_that_goes_and_comes(self):
        server = self.start()
        peer = self.open_session(SERVER_IP6)
        ip("link", "set", self.wire.interface, "down")
        server.wait_event("net_down")
        since = server.mark()
        ip("link", "set", self.wire.interface, "up")
        ip6.add_address(self.wire, KERNEL_IP6)  # the kernel has dropped it
        server.wait_event("net_up", since=since, ip=f"{SERVER_IP6}/64")
        self.assertEqual(peer.echo(b"the same session"), b"the same session")
        peer.close_cleanly()
        self.check_stopped(server)


class OnVeth(Server):
    """The same where the frames come through a packet socket: it has to ask for multicast ones, and
    to finish checksums."""

    wire_kind = "packet"


class Routers(Ip6TestCase):
    def test_address_for_each_prefix(self):
        """Solicited, checked for duplicates, and made so that nobody can tell the board by it."""
        server, first = self.start_auto()
        mac = self.wait_solicit(server).source
        self.router.wait_frame(
            lambda f: f.source == mac
            and ip6.is_icmp(f, ip6.NEIGHBOR_SOLICIT)
            and f.payload[48:64] == ip6.packed(first)
        )
        since = server.mark()
        self.router.advertise(ip6.prefix_option(OTHER_PREFIX))
        second = _address(server.wait_event("net_up", since=since, ip=_is_global6))
        link_local = _address(server.find_events("net_up", ip=_is_link_local)[0])
        halves = [ip6.packed(address)[8:] for address in (first, second, link_local)]
        self.assertEqual(len(set(halves)), 3)
        burnt_in = frames.mac_bytes(mac)
        for half in halves:
            self.assertNotEqual(half[3:5], b"\xff\xfe")
            self.assertNotIn(burnt_in[3:], half)
        for address, prefix in ((first, PREFIX), (second, OTHER_PREFIX)):
            self.assertEqual(ip6.packed(address)[:8], ip6.packed(prefix)[:8])
            ip6.add_address(self.wire, f"{prefix}1")
            self.check_echo_at(address)
        self.check_stopped(server)

    def test_address_is_stable(self):
        server, first = self.start_auto()
        self.check_stopped(server)
        server, second = self.start_auto()
        self.assertEqual(first, second)
        self.check_stopped(server)

    def test_address_that_another_host_has_is_replaced(self):
        server, first = self.start_auto()
        self.check_stopped(server)
        ip6.add_address(self.wire, first)
        server, second = self.start_auto()
        self.assertNotEqual(first, second)
        self.assertEqual(ip6.packed(first)[:8], ip6.packed(second)[:8])
        conflict = server.find_events("net_conflict")[0]
        self.assertEqual((conflict["ip"], conflict.level), (first, "WARN"))
        self.check_stopped(server)

    def test_lifetime_ends(self):
        """The address goes, its sessions with it; the rest stays."""
        server, address = self.start_auto(ip6.prefix_option(PREFIX, 6))
        ip6.add_address(self.wire, f"{PREFIX}1")
        peer = self.open_session(address)
        down = server.wait_event("net_down", 15, reason="lifetime_over")
        self.assertEqual(down["ip"], address)
        server.wait_event("closed", reason="reset")
        with self.assertRaises(ConnectionResetError):
            while peer.sock.recv(4096):
                pass
        self.check_echo_at(settings.SERVER_IP)
        self.check_stopped(server)

    def test_serves_without_ipv4(self):
        """No DHCP server answers: the router's address is enough."""
        server = self.own(
            harness.new_server(self.wire, "--ip", "dhcp", "--log-level", "debug")
        )
        address = self.advertise(server)
        self.assertEqual(server.wait_event("listening")["ip"], address)
        ip6.add_address(self.wire, f"{PREFIX}1")
        self.check_echo_at(address)
        self.check_stopped(server)

    def test_static_address_makes_no_others(self):
        """But the router is the way out of the segment."""
        server = self.start("--stats-interval", "1")
        self.wait_solicit(server)
        self.router.advertise(ip6.prefix_option(PREFIX))
        ip6.add_address(self.wire, OFF_LINK)  # behind the router, which is the same kernel
        since = server.mark()
        with socket.create_connection((SERVER_IP6, settings.PORT), 10, (OFF_LINK, 0)) as sock:
            with TlsPeer(sock, testcerts.client_context()) as peer:
                self.assertEqual(peer.handshake().echo(b"from afar"), b"from afar")
                peer.close_cleanly()
        for _second in range(4):  # an address would take three
            since = server.events.index(server.wait_event("stats", since=since)) + 1
        ups = [event["ip"] for event in server.find_events("net_up")]
        self.assertEqual(ups, ["198.18.0.2/24", f"{SERVER_IP6}/64"])
        self.check_stopped(server)


class Client(Ip6TestCase):
    def client(self, *args, host, own=f"{CLIENT_IP6}/64", **more):
        return self.start_client(self.wire, "--ip6", own, *args, host=host, **more)

    def test_literal_with_and_without_port(self):
        """The address itself must stand in the certificate, when no name is given."""
        ip6.add_address(self.wire, SERVER_IP6)
        echo = self.serve(SERVER_IP6)
        client = self.client("--server-name", SERVER_IP6, host=f"[{SERVER_IP6}]:{echo.port}")
        self.check_exit(client, 0, 20)
        peer = client.find_events("handshake_ok")[0]["peer"]
        self.assertEqual(peer, f"[{SERVER_IP6}]:{echo.port}")
        client = self.client("--port", str(echo.port), host=SERVER_IP6)
        self.check_exit(client, 0, 20)

    def test_address_that_the_certificate_has_not(self):
        echo = tls_listener(
            testcerts.server_context(), serve_echo, expected_errors=(OSError,), ip=KERNEL_IP6
        )
        self.addCleanup(echo.close)
        client = self.client("--server-name", KERNEL_IP6, host=f"[{KERNEL_IP6}]:{echo.port}")
        self.check_exit(client, UNTRUSTED, 20)
        failed = client.find_events("handshake_failed")[0]
        self.assertEqual(failed["verify"], "wrong_name")

    def test_host_is_the_name(self):
        ip6.add_address(self.wire, SERVER_IP6)
        echo = self.serve(SERVER_IP6)
        args = ["--netif", self.wire.netif, "--ip", f"{settings.CLIENT_IP}/24"]
        args += ["--ip6", f"{CLIENT_IP6}/64", "--certs", testcerts.blob()]
        client = self.own(
            harness.Firmware("tls-echo-client", [*args, f"[{SERVER_IP6}]:{echo.port}"])
        )
        self.check_exit(client, 0, 20)

    def test_nobody_there(self):
        client = self.client("--connect-timeout", "20000", host="[2001:db8::99]")
        self.check_exit(client, NO_CONNECTION, 20)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "unreachable")

    def test_no_router(self):
        client = self.client("--connect-timeout", "20000", host=f"[{OFF_LINK}]")
        self.check_exit(client, NO_CONNECTION, 20)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "unreachable")

    def test_refused(self):
        client = self.client(host=f"[{KERNEL_IP6}]:9")
        self.check_exit(client, NO_CONNECTION, 20)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "refused")

    def test_no_address_in_time(self):
        """No router: an IPv6 host has to wait for an address that does not come."""
        client = self.client("--connect-timeout", "1500", host=f"[{KERNEL_IP6}]", own="auto")
        self.check_exit(client, DEADLINE, 20)
        self.assertEqual(client.find_events("deadline")[0]["phase"], "address")

    def test_off(self):
        client = self.client(host=f"[{KERNEL_IP6}]", own="off")
        self.check_exit(client, USAGE)
        self.assertIn("--ip6 is off", client.log())


class Names(Ip6TestCase):
    """The name has addresses of both families."""

    def setUp(self):
        super().setUp()
        self.context = testcerts.server_context()
        self.echo = self.serve_at("")

    def serve_at(self, address, port=0):
        echo = tls_listener(self.context, serve_echo, ip=address, port=port)
        self.addCleanup(echo.close)
        return echo

    def dns(self, *addresses, **more):
        server = DnsServer({"echo.test": list(addresses)}, **more)
        self.addCleanup(server.close)
        return server

    def client(self, *args, own=f"{CLIENT_IP6}/64", **more):
        args = ["--ip6", own, "--connect-timeout", "15000", *args]
        return self.start_client(self.wire, *args, host=f"echo.test:{self.echo.port}", **more)

    def check_reached(self, client, address):
        """It ends well, and its last session was with this one."""
        self.check_exit(client, 0, 30)
        peers = [event["peer"] for event in client.find_events("handshake_ok")]
        self.assertEqual(peers[-1].rsplit(":", 1)[0].strip("[]"), address)

    def connect_twice(self):
        """Its IPv6 address is there a moment after the IPv4 one, so the first session is over IPv4;
        the second one begins when both are there."""
        client = self.client("--dns", settings.KERNEL_IP, "--stdin", "--resume", stdin=True)
        client.wait_event("handshake_ok", 20)
        client.wait_event("net_up", ip=f"{CLIENT_IP6}/64")
        client.close_stdin()
        return client

    def test_ipv6_comes_first(self):
        self.serve_at(KERNEL_IP6, self.echo.port)
        self.dns(settings.KERNEL_IP, KERNEL_IP6)
        self.check_reached(self.connect_twice(), KERNEL_IP6)

    def test_ipv6_that_does_not_answer(self):
        """The other family is tried beside it, well before anybody gives up."""
        self.dns(settings.KERNEL_IP, "2001:db8::99")
        client = self.connect_twice()
        self.check_reached(client, settings.KERNEL_IP)
        closed = client.find_events("closed")[0].time_s
        again = client.find_events("handshake_ok")[1].time_s
        self.assertGreater(again - closed, 0.2)
        self.assertLess(again - closed, 1.5 * settings.PATIENCE)

    def test_ipv6_that_refuses(self):
        self.dns(settings.KERNEL_IP, KERNEL_IP6)
        self.check_reached(self.connect_twice(), settings.KERNEL_IP)

    def test_neither_answers(self):
        self.dns("198.18.0.99", "2001:db8::99")
        client = self.client("--dns", settings.KERNEL_IP)
        self.check_exit(client, NO_CONNECTION, 30)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "unreachable")

    def test_dns_server_that_knows_no_ipv6(self):
        """It does not even answer the question: the address that is known is used."""
        self.dns(settings.KERNEL_IP, silent=(DNS_AAAA,))
        self.check_reached(self.client("--dns", settings.KERNEL_IP), settings.KERNEL_IP)

    def test_name_with_ipv6_alone(self):
        """The client waits for its own IPv6 address."""
        self.serve_at(KERNEL_IP6, self.echo.port)
        self.dns(KERNEL_IP6)
        self.check_reached(self.client("--dns", settings.KERNEL_IP), KERNEL_IP6)

    def test_router_names_the_dns_server(self):
        """RFC 8106: no --dns, no DHCP."""
        self.serve_at(KERNEL_IP6, self.echo.port)
        self.dns(KERNEL_IP6, ip=KERNEL_IP6)
        client = self.client("--ip", "dhcp", "--log-level", "debug", own="auto")
        self.wait_solicit(client)
        self.router.advertise(ip6.prefix_option("2001:db8::"), ip6.dns_option(KERNEL_IP6))
        self.check_reached(client, KERNEL_IP6)


def _icmp4_unreachable(seen, code):
    """What a router says to the packet it saw (RFC 792)."""
    quoted = seen.payload[:28]
    body = bytes(4) + quoted
    message = struct.pack("!BBH", 3, code, 0) + body
    message = message[:2] + struct.pack("!H", ip6.checksum(message)) + message[4:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0)
    head += socket.inet_aton(settings.KERNEL_IP) + seen.payload[12:16]
    head = head[:10] + struct.pack("!H", ip6.checksum(head)) + head[12:]
    return head + message


class Unreachable(Ip6TestCase):
    """Routers that say so end a connect at once."""

    def answer_syn(self, client, wanted, make_answer):
        syn = self.router.wait_frame(wanted, 15 * settings.PATIENCE)
        source = frames.mac_bytes(syn.source)
        ethertype = struct.pack("!H", syn.ethertype)
        self.router.send(source + self.router.mac + ethertype + make_answer(syn))
        self.check_exit(client, NO_CONNECTION, 10)
        return client.find_events("connect_failed")[0]["reason"]

    def check_ip4(self, code, reason):
        args = ["--gateway", settings.KERNEL_IP, "--connect-timeout", "20000"]
        client = self.start_client(self.wire, *args, host="198.19.0.9")
        said = self.answer_syn(
            client,
            lambda f: f.is_tcp and f.destination_ip == "198.19.0.9",
            lambda syn: _icmp4_unreachable(syn, code),
        )
        self.assertEqual(said, reason)

    def test_ipv4_host(self):
        self.check_ip4(1, "unreachable")

    def test_ipv4_port(self):
        self.check_ip4(3, "refused")

    def check_ip6(self, code, reason):
        client = self.start_client(
            self.wire, "--ip6", "auto", "--connect-timeout", "20000", host=f"[{OFF_LINK}]"
        )

        self.wait_solicit(client)
        self.router.advertise(ip6.prefix_option(PREFIX))

        def is_syn(seen):
            return (
                seen.ethertype == ip6.ETHERTYPE_IPV6
                and seen.payload[6] == frames.PROTOCOL_TCP
                and ip6.text(seen.payload[24:40]) == OFF_LINK
            )

        def unreachable(syn):
            body = bytes(4) + syn.payload
            return ip6.icmp(ip6.ROUTER, ip6.source_of(syn), ip6.UNREACHABLE, body, code)

        self.assertEqual(self.answer_syn(client, is_syn, unreachable), reason)

    def test_ipv6_host(self):
        self.check_ip6(3, "unreachable")

    def test_ipv6_port(self):
        self.check_ip6(4, "refused")


class Hostile(Ip6TestCase):
    """What anybody on the segment can send."""

    def setUp(self):
        super().setUp()
        self.server = self.start("--stats-interval", "1")
        self.mac = frames.mac_bytes(self.server.find_events("net_up")[0]["mac"])
        self.peer = self.open_session(SERVER_IP6)

    def check_alive(self):
        """The session, a new one, and IPv4."""
        self.assertEqual(self.peer.echo(b"still here"), b"still here")
        self.check_echo_at(SERVER_IP6)
        self.check_echo_at(settings.SERVER_IP)
        self.assertEqual(self.server.find_events("net_down"), [])
        self.check_stopped(self.server)

    def heap_used(self):
        since = self.server.mark()
        return int(self.server.wait_event("stats", since=since)["net_heap"])

    def ping(self, next_header=ip6.ICMPV6, wrap=lambda message: message):
        """An echo request behind headers; True if there is an answer to it, and not only to the
        plain one that follows."""
        for headers, number in (((next_header, wrap), 1), ((ip6.ICMPV6, lambda m: m), 2)):
            plain = ip6.icmp(KERNEL_IP6, SERVER_IP6, ip6.ECHO_REQUEST, struct.pack("!HH", 7, number))
            message = headers[1](plain[40:])
            self.router.send(
                ip6.frame(
                    self.router.mac,
                    self.mac,
                    ip6.packet(KERNEL_IP6, SERVER_IP6, headers[0], message),
                )
            )
        last = struct.pack("!HH", 7, 2)
        self.router.wait_frame(
            lambda f: ip6.is_icmp(f, ip6.ECHO_REPLY) and f.payload[44:48] == last
        )
        return any(
            ip6.is_icmp(f, ip6.ECHO_REPLY) and f.payload[44:48] == struct.pack("!HH", 7, 1)
            for f in self.router.all_frames()
        )

    def test_ping(self):
        self.assertTrue(self.ping())
        self.check_alive()

    def test_headers_that_nobody_needs(self):
        head = bytes([ip6.ICMPV6, 0])
        for kind, data in (
            (ip6.HOP_BY_HOP, head + b"\x01\x04" + bytes(4)),
            (ip6.DESTINATION, head + b"\x01\x04" + bytes(4)),
            (ip6.ROUTING, head + bytes(6)),
            (ip6.FRAGMENT, head + bytes(6)),
            (ip6.FRAGMENT, head + struct.pack("!HI", 1, 7)),
        ):
            with self.subTest(header=kind):
                self.assertFalse(self.ping(kind, lambda m, data=data: data + m))
        self.check_alive()

    def test_flood_of_routers(self):
        used = self.heap_used()
        for number in range(500):
            source = f"fe80::{number + 16:x}"
            mac = bytes([2, 7, 7, 7, number >> 8, number & 255])
            prefix = ip6.prefix_option(f"2001:db8:{number + 0x1000:x}::")
            self.router.send(ip6.router_advert(mac, prefix, source=source))
        self.assertLess(self.heap_used(), used + 10000)
        self.check_alive()

    def test_flood_of_neighbours(self):
        used = self.heap_used()
        for number in range(2000):
            source = f"2001:db8::1:{number + 16:x}"
            mac = bytes([2, 7, 7, 7, number >> 8, number & 255])
            self.router.send(ip6.neighbor_solicit(mac, source, SERVER_IP6))
        self.assertLess(self.heap_used(), used + 10000)
        self.check_alive()

    def test_advertisement_from_afar(self):
        """Not from this segment: its hop limit was counted down, or its source is no router's here."""
        option = ip6.prefix_option(PREFIX)
        self.check_stopped(self.server)
        self.server = self.start_server(self.wire, "--log-level", "debug")
        self.server.wait_event("net_up", ip=_is_link_local)
        self.router.advertise(option, hops=254)
        self.router.advertise(option, source=KERNEL_IP6)
        self.router.advertise(ip6.prefix_option(OTHER_PREFIX))
        up = self.server.wait_event("net_up", ip=_is_global6)
        self.assertTrue(up["ip"].startswith(OTHER_PREFIX[:-1]), up["ip"])
        self.check_stopped(self.server)

    def test_forged_duplicate(self):
        """An answer to a question that was not asked: the address stays."""
        self.router.send(ip6.neighbor_advert(STRANGER, SERVER_IP6))
        self.check_alive()
        self.assertEqual(self.server.find_events("net_conflict"), [])

    def test_path_that_takes_nothing(self):
        """RFC 8201 section 4: less than 1280 is to be ignored."""
        quoted = ip6.packet(SERVER_IP6, KERNEL_IP6, frames.PROTOCOL_TCP, bytes(20))
        for mtu in (0, 60, 61, 1279):
            body = struct.pack("!I", mtu) + quoted
            self.router.send(
                ip6.frame(
                    self.router.mac, self.mac, ip6.icmp(KERNEL_IP6, SERVER_IP6, ip6.TOO_BIG, body)
                )
            )
            with self.subTest(mtu=mtu):
                self.check_echo_at(SERVER_IP6)
        self.check_alive()


if __name__ == "__main__":
    harness.main()
