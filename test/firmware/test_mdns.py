"""Does the firmware answer for its name on the segment, for nobody else's, and stand what is sent there?"""

import struct
import time

import dhcp
import harness
import ip6
import mdns
import settings
import testcerts
from netns import ip
from tlspeer import TlsPeer, connect

SERVICE = "_tls-echo._tcp.local"
ALL_TYPES = "_services._dns-sd._udp.local"
REVERSE = "2.0.18.198.in-addr.arpa"
OTHER_IP, SECOND_IP = "198.18.0.77", "198.18.0.51"
BEYOND_IP = "198.19.0.1"  # of another network than the server's
OPT_HOST_NAME = 12  # RFC 2132 section 3.14


class MdnsTestCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.make_wire()
        self.host = mdns.Host(self.wire.interface)
        self.addCleanup(self.host.close)

    def start(self, *args):
        return self.start_server(self.wire, "--mdns", "on", *args)

    def start_announced(self, *args, name="tls-echo.local"):
        server = self.start(*args)
        server.wait_event("mdns", 20, name=name)
        return server

    def check_echo_at(self, address, port=settings.PORT):
        with TlsPeer(connect(address, port), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"found by name"), b"found by name")
            peer.close_cleanly()

    def names_of(self, messages):
        return {record.name for m in messages if m.is_response for record in m.answers}


class Answers(MdnsTestCase):
    def test_a_client_finds_the_service(self):
        """From the types to its type, its name, its host and port, and the echo."""
        server = self.start_announced("--port", "9443")
        types = self.host.ask(ALL_TYPES, mdns.PTR).find(ALL_TYPES, mdns.PTR)
        self.assertEqual(types, [SERVICE])
        instance = self.host.ask(SERVICE, mdns.PTR).find(SERVICE, mdns.PTR)
        self.assertEqual(instance, [f"tls-echo.{SERVICE}"])
        ((port, host),) = self.host.ask(instance[0], mdns.SRV).find(instance[0], mdns.SRV)
        self.assertEqual((port, host), (9443, "tls-echo.local"))
        answer = self.host.ask(host, mdns.A)
        self.assertEqual(answer.find(host, mdns.A), [settings.SERVER_IP])
        (record,) = answer.records(host, mdns.A)
        self.assertEqual((record.flush, record.ttl), (True, 120))
        text = self.host.ask(instance[0], mdns.TXT).find(instance[0], mdns.TXT)
        self.assertEqual(text, [b"\x09txtvers=1"])
        back = self.host.ask(REVERSE, mdns.PTR).find(REVERSE, mdns.PTR)
        self.assertEqual(back, [host])
        self.check_echo_at(settings.SERVER_IP, port)
        self.check_stopped(server)

    def test_probed_thrice_then_announced_twice(self):
        """RFC 6762 section 8.1 and 8.3."""
        server = self.start_announced()

        def announces(message):
            return message.is_response and message.find("tls-echo.local", mdns.A)

        harness.wait_until(lambda: len(self.host.find(announces)) == 2, "second announcement")
        probes = self.host.find(lambda m: m.is_probe)
        self.assertEqual(len(probes), 3)
        for probe in probes:
            self.assertIn(("tls-echo.local", mdns.ANY), probe.questions)
            self.assertIn(settings.SERVER_IP, [r.data for r in probe.proposed])
        self.check_stopped(server)

    def test_a_resolver_that_knows_no_mdns(self):
        """RFC 6762 section 6.7: it asks from a port of its own, and is answered there like by DNS."""
        server = self.start_announced("--hostname", "Kitchen-1", name="Kitchen-1.local")
        asked = mdns.query(mdns.question("kitchen-1.local", mdns.A), number=4711)
        with mdns.ask_privately(asked) as sock:
            data, peer = sock.recvfrom(4096)
        answer = mdns.parse(data, *peer)
        self.assertEqual(struct.unpack("!H", data[:2]), (4711,))
        self.assertEqual(answer.questions, [("Kitchen-1.local", mdns.A)])
        self.assertEqual([(r.data, r.ttl, r.flush) for r in answer.answers],
                         [(settings.SERVER_IP, 10, False)])
        self.check_stopped(server)

    def test_off_unless_asked_for(self):
        server = self.start_server(self.wire)
        with mdns.ask_privately(mdns.query(mdns.question("tls-echo.local", mdns.A))):
            self.host.send(mdns.query(mdns.question(SERVICE, mdns.PTR)))
            self.check_echo_at(settings.SERVER_IP)
        self.check_stopped(server)
        own = [m for m in self.host.messages if m.source != settings.KERNEL_IP]
        self.assertEqual(own, [])
        self.assertEqual(server.find_events("mdns"), [])


class OverIp6(harness.TestCase):
    def setUp(self):
        super().setUp()
        if not ip6.available():
            self.skipTest("this kernel has no IPv6")
        self.wire = self.make_wire()
        ip6.add_address(self.wire, ip6.KERNEL_IP6)
        ip6.add_address(self.wire, ip6.ROUTER)
        self.host = mdns.Host(self.wire.interface, use_ip6=True)
        self.addCleanup(self.host.close)

    def test_both_families_over_the_other_one(self):
        server = self.start_server(
            self.wire, "--mdns", "on", "--ip6", f"{ip6.SERVER_IP6}/64", "--log-level", "debug"
        )
        server.wait_event("net_up", 20, ip=f"{ip6.SERVER_IP6}/64")
        server.wait_event("mdns", 20)

        def is_complete(message):
            return ip6.SERVER_IP6 in message.find("tls-echo.local", mdns.AAAA)

        self.host.wait(is_complete, 20)
        answer = self.host.ask("tls-echo.local", mdns.AAAA)
        self.assertIn(ip6.SERVER_IP6, answer.find("tls-echo.local", mdns.AAAA))
        self.assertIn(settings.SERVER_IP, [r.data for r in answer.answers + answer.additional])
        self.check_stopped(server)

    def test_without_ip4(self):
        """No DHCP server answers; the name is there all the same."""
        server = self.own(harness.new_server(self.wire, "--mdns", "on", "--ip", "dhcp", "--ip6",
                                             f"{ip6.SERVER_IP6}/64"))
        server.wait_event("mdns", 20, name="tls-echo.local")
        answer = self.host.ask("tls-echo.local", mdns.AAAA)
        self.assertNotIn(mdns.A, [r.kind for r in answer.answers + answer.additional])
        self.check_stopped(server)


class Conflicts(MdnsTestCase):
    def test_name_that_another_host_has(self):
        self.host.claims = {"kitchen.local": OTHER_IP, "kitchen-2.local": OTHER_IP}
        server = self.start_announced("--hostname", "kitchen", name="kitchen-3.local")
        told = [(e["name"], e["next"], e.level) for e in server.find_events("mdns_conflict")]
        self.assertEqual(told, [("kitchen.local", "kitchen-2.local", "WARN"),
                                ("kitchen-2.local", "kitchen-3.local", "WARN")])
        instance = f"kitchen-3.{SERVICE}"
        service = self.host.ask(instance, mdns.SRV).find(instance, mdns.SRV)
        self.assertEqual(service, [(settings.PORT, "kitchen-3.local")])
        names = self.names_of(self.host.find(lambda m: True))
        self.assertFalse(names & {"kitchen.local", "kitchen-2.local"}, names)
        self.check_stopped(server)

    def test_another_host_takes_the_name_later(self):
        """Both ask anew, and who has the name keeps it (RFC 6762 section 9); sessions go on."""
        server = self.start_announced()
        peer = TlsPeer(connect(settings.SERVER_IP), testcerts.client_context())
        self.addCleanup(peer.sock.close)
        peer.handshake()
        self.host.claims = {"tls-echo.local": OTHER_IP}
        self.host.send(mdns.response(mdns.address_record("tls-echo.local", OTHER_IP)))
        server.wait_event("mdns", 20, name="tls-echo-2.local")
        self.assertEqual(peer.echo(b"still here"), b"still here")
        peer.close_cleanly()
        self.check_stopped(server)

    def test_a_forged_claim_takes_nothing(self):
        """Who does not answer when asked has no name."""
        server = self.start_announced()
        since = server.mark()
        self.host.send(mdns.response(mdns.address_record("tls-echo.local", OTHER_IP)))
        server.wait_event("mdns", 20, since=since, name="tls-echo.local")
        self.assertEqual(server.find_events("mdns_conflict"), [])
        self.check_stopped(server)


class Life(MdnsTestCase):
    def test_new_lease_is_announced(self):
        leases = dhcp.DhcpServer(self.wire.interface, "198.18.0.50", 8)
        self.addCleanup(leases.close)
        server = self.start_announced("--ip", "dhcp", "--hostname", "lab-7", name="lab-7.local")
        leases.lease_ip = SECOND_IP
        server.wait_event("net_up", 15, ip=f"{SECOND_IP}/{settings.PREFIX_LEN}")

        def announces(message):
            return message.is_response and SECOND_IP in message.find("lab-7.local", mdns.A)

        harness.wait_until(lambda: len(self.host.find(announces)) == 2, "second announcement")
        asked = leases.wait_message(dhcp.DISCOVER)
        self.assertEqual(asked.options[OPT_HOST_NAME], b"lab-7")
        self.check_stopped(server)


class Hostile(MdnsTestCase):
    def test_nonsense(self):
        """Above all a record that says it goes on to where it began."""
        server = self.start_announced()
        head = struct.pack("!HHHHHH", 0, mdns.RESPONSE, 0, 0xFFFF, 0xFFFF, 0xFFFF)
        asks = struct.pack("!HHHHHH", 0, 0, 1, 0xFFFF, 0xFFFF, 0xFFFF)
        name = mdns.encode_name("tls-echo.local")
        round_again = name + struct.pack("!HHIH", mdns.PTR, 1, 120, 0x10000 - len(name) - 10)
        loop = b"\xc0\x0c"
        for start in (head, asks + mdns.question("tls-echo.local", mdns.ANY)):
            for body in (b"", name, loop, b"\x3f" * 600, loop * 700, *[round_again] * 20):
                self.host.send(start + body)
        for flags in (mdns.TRUNCATED, 0x7800, 0xFFFF):
            self.host.send(mdns.query(mdns.question("tls-echo.local", mdns.A), flags=flags))
        self.host.ask("tls-echo.local", mdns.A)
        self.check_echo_at(settings.SERVER_IP)
        self.check_stopped(server)

    def test_nobody_beyond_the_segment_is_answered(self):
        """Though there is a way to him, and the group is everybody's."""
        server = self.start_announced("--gateway", settings.KERNEL_IP)
        ip("address", "add", f"{BEYOND_IP}/32", "dev", self.wire.interface)
        asked = mdns.query(mdns.question("tls-echo.local", mdns.A))
        with mdns.ask_privately(asked, BEYOND_IP) as far, mdns.ask_privately(asked) as near:
            self.assertTrue(near.recv(4096))
            far.settimeout(0)
            with self.assertRaises(BlockingIOError):
                far.recv(4096)
        self.check_stopped(server)

    def test_flood(self):
        """Of 2,000 questions at once a hundred a second are looked at; sessions go on meanwhile."""
        server = self.start_announced()
        asked = mdns.query(mdns.question("tls-echo.local", mdns.A))
        begun_s = time.monotonic()
        with mdns.ask_privately(asked) as sock:
            self.assertTrue(sock.recv(4096))
            for _number in range(2000):
                sock.sendto(asked, (mdns.GROUP, mdns.PORT))
            self.check_echo_at(settings.SERVER_IP)
            seconds = time.monotonic() - begun_s
            answers = mdns.count_waiting(sock)
        self.assertGreater(answers, 0)
        self.assertLessEqual(answers, 100 * (seconds + 2))
        self.host.ask("tls-echo.local", mdns.A)
        self.check_stopped(server)

    def test_goodbye(self):
        """RFC 6762 section 10.1: all that was announced holds no longer."""
        server = self.start_announced()
        since = self.host.mark()
        self.check_stopped(server)
        instance = f"tls-echo.{SERVICE}"
        wanted = (("tls-echo.local", mdns.A), (instance, mdns.SRV), (SERVICE, mdns.PTR))

        def is_goodbye(message):
            records = [message.records(*one) for one in wanted]
            return all(found and found[0].ttl == 0 for found in records)

        self.host.wait(is_goodbye, since=since)

    def test_questions_in_parts_at_the_end(self):
        """The server ends while one waits for its other half."""
        server = self.start_announced()
        for _number in range(5):
            asked = mdns.question("tls-echo.local", mdns.A)
            self.host.send(mdns.query(asked, flags=mdns.TRUNCATED))
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
