"""Does the firmware get its address by DHCP, names by DNS, and notice when its address is taken?"""

import itertools

import dhcp
import frames
import harness
import services
import settings
import testcerts
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

CONFIG, NO_CONNECTION, DEADLINE = 78, 69, 75
STRANGER = bytes([2, 0, 0, 0, 0, 7])


class Dhcp(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()

    def lease(self, address):
        server = dhcp.DhcpServer(self.wire.interface, address)
        self.addCleanup(server.close)
        return server

    def test_server_takes_its_lease_and_serves_there(self):
        leases = self.lease("198.18.0.50")
        server = self.own(harness.new_server(self.wire, "--ip", "dhcp"))
        listening = server.wait_event("listening", 30)
        self.assertEqual(listening["ip"], "198.18.0.50")
        self.assertEqual(server.find_events("net_up")[0]["ip"], "198.18.0.50/24")
        kinds = [kind for kind, _again in itertools.groupby(leases.kinds())]
        self.assertEqual(kinds[:2], [dhcp.DISCOVER, dhcp.REQUEST])
        with TlsPeer(connect("198.18.0.50"), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"leased"), b"leased")
        self.check_stopped(server)

    def test_client_uses_the_lease_and_its_dns_server(self):
        self.lease("198.18.0.51")
        dns = services.DnsServer({"echo.test": settings.KERNEL_IP})
        self.addCleanup(dns.close)
        echo = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(echo.close)
        client = self.start_client(self.wire, "--ip", "dhcp", host=f"echo.test:{echo.port}")
        self.check_exit(client, 0, 30)
        self.assertEqual(dns.asked[0], "echo.test")

    def test_client_without_a_dhcp_server_ends_at_its_deadline(self):
        args = ["--ip", "dhcp", "--connect-timeout", "1500"]
        client = self.start_client(self.wire, *args)
        self.check_exit(client, DEADLINE, 15)
        self.assertEqual(client.find_events("deadline")[0]["phase"], "address")


class Names(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()

    def dns(self, records):
        server = services.DnsServer(records)
        self.addCleanup(server.close)
        return server

    def test_host_is_asked_of_the_dns_server(self):
        """The certificate must have the name typed, when no --server-name says otherwise."""
        dns = self.dns({settings.SERVER_NAME: settings.KERNEL_IP})
        echo = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(echo.close)
        host = f"{settings.SERVER_NAME}:{echo.port}"
        client = self.start_client(self.wire, "--dns", settings.KERNEL_IP, host=host)
        self.check_exit(client, 0, 30)
        self.assertIn(settings.SERVER_NAME, dns.asked)

    def test_name_that_does_not_exist(self):
        self.dns({})
        client = self.start_client(
            self.wire, "--dns", settings.KERNEL_IP, host="no-such-name.test"
        )
        self.check_exit(client, NO_CONNECTION, 15)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "not_found")

    def test_no_dns_server_known(self):
        client = self.start_client(self.wire, host="no-server-asked.test")
        self.check_exit(client, NO_CONNECTION, 15)
        self.assertEqual(client.find_events("connect_failed")[0]["reason"], "not_found")

    def test_dns_server_that_is_silent(self):
        """The connect deadline holds for the name as well."""
        args = ["--dns", "198.18.0.99", "--connect-timeout", "1000"]
        client = self.start_client(self.wire, *args, host="never-answered.test")
        self.check_exit(client, DEADLINE, 15)
        self.assertEqual(client.find_events("deadline")[0]["phase"], "resolve")


class Conflict(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()

    def test_address_already_taken(self):
        """The kernel has the address: it answers the ARP probe."""
        self.wire.add_address(settings.SERVER_IP)
        server = self.own(harness.new_server(self.wire))
        self.check_exit(server, CONFIG, 20)
        conflict = server.find_events("net_conflict")[0]
        self.assertEqual(conflict["ip"], settings.SERVER_IP)
        self.assertEqual(server.find_events("listening"), [])
        shutdown = server.find_events("shutdown")[0]
        self.assertEqual((shutdown["status"], shutdown.level), ("78", "ERROR"))

    def test_client_whose_address_is_taken(self):
        self.wire.add_address(settings.CLIENT_IP)
        client = self.start_client(self.wire)
        self.check_exit(client, CONFIG, 20)
        self.assertEqual(client.find_events("net_conflict")[0]["ip"], settings.CLIENT_IP)

    def test_address_that_another_host_claims_later(self):
        """The server defends it, at most once in 10 s, and goes on: a forged ARP packet cannot stop
        it (RFC 5227 section 2.4, the third way)."""
        server = self.start_server(self.wire)
        watcher = frames.Watcher(self.wire.interface)
        self.addCleanup(watcher.close)
        mac = server.find_events("net_up")[0]["mac"]
        claim = frames.arp(frames.ARP_REQUEST, STRANGER, settings.SERVER_IP, settings.SERVER_IP)
        watcher.send(claim)
        conflict = server.wait_event("net_conflict")
        self.assertEqual((conflict["mac"], conflict.level), (frames.mac_text(STRANGER), "WARN"))
        defence = watcher.wait_frame(
            lambda f: f.source == mac and f.ethertype == frames.ETHERTYPE_ARP, 10
        )
        self.assertEqual(defence.destination, frames.mac_text(frames.BROADCAST))
        for _round in range(5):
            watcher.send(claim)
        kernel_mac = frames.mac_bytes(frames.mac_of(self.wire.interface))
        watcher.send(
            frames.arp(frames.ARP_REQUEST, kernel_mac, settings.KERNEL_IP, settings.SERVER_IP)
        )
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"still here"), b"still here")
            peer.close_cleanly()
        self.assertEqual(len(server.find_events("net_conflict")), 1)
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
