"""Does the firmware live with its lease: renewed, rebound, ended, refused, changed, or taken?"""

import dhcp
import frames
import harness
import settings
import testcerts
from netns import ip
from tlspeer import TlsPeer, connect

FIRST_IP, SECOND_IP = "198.18.0.50", "198.18.0.51"
OTHER_SERVER_IP = "198.18.0.9"
STRANGER = bytes([2, 0, 0, 0, 0, 7])
DAY_S = 86400


class Lease(harness.TestCase):
    """A server whose address comes from a DHCP server of ours."""

    lease_s = DAY_S
    wire_kind = None

    def setUp(self):
        super().setUp()
        self.wire = self.make_wire(self.wire_kind)
        self.dhcp = dhcp.DhcpServer(self.wire.interface, FIRST_IP, self.lease_s)
        self.addCleanup(self.dhcp.close)
        self.server = self.start_server(self.wire, "--ip", "dhcp")

    def open_session(self, address):
        peer = TlsPeer(connect(address), testcerts.client_context())
        self.addCleanup(peer.sock.close)
        peer.handshake()
        return peer

    def check_echo_at(self, address):
        with TlsPeer(connect(address), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"new lease"), b"new lease")
            peer.close_cleanly()

    def check_gone(self, peer):
        """The peer on the lost address is told at once, and so is the log."""
        self.server.wait_event("closed", reason="reset")
        with self.assertRaises(ConnectionResetError):
            while peer.sock.recv(4096):
                pass

    def wait_up(self, address, since=0, timeout_s=10.0):
        return self.server.wait_event(
            "net_up", timeout_s, since=since, ip=f"{address}/{settings.PREFIX_LEN}"
        )

    def check_never_down(self):
        self.assertEqual(self.server.find_events("net_down"), [])


class ShortLease(Lease):
    lease_s = 8

    def test_renewed_at_half_its_time_by_the_server_that_gave_it(self):
        peer = self.open_session(FIRST_IP)
        for _round in range(2):
            since = self.dhcp.mark()
            renewal = self.dhcp.wait_message(dhcp.REQUEST, since=since)
            self.assertEqual((renewal.sent_to, renewal.client_ip), (settings.KERNEL_IP, FIRST_IP))
        self.assertEqual(peer.echo(b"the same session"), b"the same session")
        peer.close_cleanly()
        self.check_never_down()
        self.check_stopped(self.server)
        self.assertEqual(self.dhcp.kinds()[-1], dhcp.RELEASE)

    def test_rebound_when_its_server_does_not_answer(self):
        """First a letter to the server, then a call to all; who answers is the server from then on."""
        peer = self.open_session(FIRST_IP)
        self.dhcp.answers = dhcp.SILENT
        self.wire.add_address(OTHER_SERVER_IP)
        since = self.dhcp.mark()
        renewal = self.dhcp.wait_message(dhcp.REQUEST, since=since)
        self.assertEqual(renewal.sent_to, settings.KERNEL_IP)
        since = self.dhcp.mark()
        self.dhcp.server_ip, self.dhcp.answers = OTHER_SERVER_IP, dhcp.HONEST
        rebinding = self.dhcp.wait_message(dhcp.REQUEST, since=since)
        self.assertEqual((rebinding.sent_to, rebinding.client_ip), (dhcp.BROADCAST, FIRST_IP))
        since = self.dhcp.mark()
        renewal = self.dhcp.wait_message(dhcp.REQUEST, since=since)
        self.assertEqual(renewal.sent_to, OTHER_SERVER_IP)
        self.assertEqual(peer.echo(b"the same session"), b"the same session")
        self.check_never_down()

    def test_ended_without_an_answer(self):
        """The address is given up, its sessions with it; the listener serves at the next one."""
        peer = self.open_session(FIRST_IP)
        self.dhcp.answers = dhcp.SILENT
        down = self.server.wait_event("net_down", 15, reason="lease_lost")
        self.assertEqual((down["ip"], down.level), (FIRST_IP, "WARN"))
        self.check_gone(peer)
        since = self.server.mark()
        self.dhcp.lease_ip, self.dhcp.answers = SECOND_IP, dhcp.HONEST
        self.wait_up(SECOND_IP, since)
        self.check_echo_at(SECOND_IP)
        self.assertEqual(len(self.server.find_events("listening")), 1)
        self.check_stopped(self.server)

    def test_refused_at_its_renewal(self):
        peer = self.open_session(FIRST_IP)
        self.dhcp.lease_ip, self.dhcp.answers = SECOND_IP, dhcp.REFUSING
        self.server.wait_event("net_down", 15, reason="lease_lost", ip=FIRST_IP)
        self.dhcp.answers = dhcp.HONEST
        self.check_gone(peer)
        self.wait_up(SECOND_IP, timeout_s=20)
        self.check_echo_at(SECOND_IP)
        self.check_stopped(self.server)

    def test_renewed_for_another_address(self):
        """Everybody hears of it, twice."""
        peer = self.open_session(FIRST_IP)
        watcher = frames.Watcher(self.wire.interface)
        self.addCleanup(watcher.close)
        self.dhcp.lease_ip = SECOND_IP
        self.server.wait_event("net_down", 15, reason="address_changed", ip=FIRST_IP)
        up = self.wait_up(SECOND_IP)
        self.check_gone(peer)
        self.check_echo_at(SECOND_IP)

        def announcements():
            return [f for f in watcher.all_frames() if f.announces(SECOND_IP)]

        harness.wait_until(lambda: len(announcements()) == 2, "second announcement")
        self.assertEqual({f.source for f in announcements()}, {up["mac"]})
        self.check_stopped(self.server)


class TakenAddress(harness.TestCase):
    def test_lease_that_another_host_uses_is_declined(self):
        """It is told to the server, by name, and not used for a moment."""
        wire = self.make_wire()
        leases = dhcp.DhcpServer(wire.interface, FIRST_IP)
        self.addCleanup(leases.close)
        wire.add_address(FIRST_IP)
        server = self.own(harness.new_server(wire, "--ip", "dhcp"))
        decline = leases.wait_message(dhcp.DECLINE, 15)
        leases.lease_ip = SECOND_IP
        self.assertEqual(decline.option_ip(dhcp.OPT_REQUESTED_IP), FIRST_IP)
        self.assertEqual(decline.option_ip(dhcp.OPT_SERVER), settings.KERNEL_IP)
        conflict = server.wait_event("net_conflict")
        self.assertEqual((conflict["ip"], conflict.level), (FIRST_IP, "WARN"))
        self.assertEqual(conflict["mac"], frames.mac_of(wire.interface))
        # RFC 2131 section 3.1: it asks again after 10 s.
        listening = server.wait_event("listening", 25)
        self.assertEqual(listening["ip"], SECOND_IP)
        self.assertEqual(len(server.find_events("net_up")), 1)
        self.check_stopped(server)

    def test_leased_address_that_another_host_claims_later(self):
        wire = self.make_wire()
        leases = dhcp.DhcpServer(wire.interface, FIRST_IP)
        self.addCleanup(leases.close)
        server = self.start_server(wire, "--ip", "dhcp")
        watcher = frames.Watcher(wire.interface)
        self.addCleanup(watcher.close)
        mac = server.find_events("net_up")[0]["mac"]
        watcher.send(frames.arp(frames.ARP_REQUEST, STRANGER, FIRST_IP, FIRST_IP))
        conflict = server.wait_event("net_conflict")
        self.assertEqual((conflict["mac"], conflict.level), (frames.mac_text(STRANGER), "WARN"))
        watcher.wait_frame(lambda f: f.source == mac and f.announces(FIRST_IP), 10)
        self.check_stopped(server)
        self.assertNotIn(dhcp.DECLINE, leases.kinds())


class OnVeth(Lease):
    """The firmware's end of a veth pair loses its carrier when the other end goes down."""

    wire_kind = "packet"

    def pull(self):
        since = self.server.mark()
        ip("link", "set", self.wire.interface, "down")
        down = self.server.wait_event("net_down", since=since)
        self.assertEqual(down["reason"], "no_carrier")
        return self.dhcp.mark()

    def put_back(self):
        since = self.server.mark()
        ip("link", "set", self.wire.interface, "up")
        return since


class PulledCable(OnVeth):
    def test_lease_is_confirmed_and_sessions_live_on(self):
        peer = self.open_session(FIRST_IP)
        asked = self.pull()
        since = self.put_back()
        self.wait_up(FIRST_IP, since)
        request = self.dhcp.wait_message(dhcp.REQUEST, since=asked)
        self.assertEqual(request.option_ip(dhcp.OPT_REQUESTED_IP), FIRST_IP)
        self.assertEqual(peer.echo(b"the same session"), b"the same session")
        peer.close_cleanly()
        self.check_stopped(self.server)

    def test_plugged_into_another_network(self):
        """Its server refuses the old address and gives another one."""
        peer = self.open_session(FIRST_IP)
        self.pull()
        self.dhcp.lease_ip, self.dhcp.answers = SECOND_IP, dhcp.REFUSING
        since = self.put_back()
        self.server.wait_event("net_down", reason="lease_lost", since=since)
        self.dhcp.answers = dhcp.HONEST
        self.wait_up(SECOND_IP, since, timeout_s=20)
        self.server.wait_event("closed", reason="reset")
        peer.sock.close()
        self.check_echo_at(SECOND_IP)
        self.check_stopped(self.server)


class PulledCableOfAShortLease(OnVeth):
    lease_s = 12

    def test_lease_ends_while_no_server_answers(self):
        """The address is kept to the end of its time, and not a moment longer."""
        peer = self.open_session(FIRST_IP)
        self.pull()
        self.dhcp.answers = dhcp.SILENT
        since = self.put_back()
        self.wait_up(FIRST_IP, since)
        self.assertEqual(peer.echo(b"the same session"), b"the same session")
        self.dhcp.wait_message(dhcp.DISCOVER, since=self.dhcp.mark())
        self.server.wait_event("net_down", 20, since=since, reason="lease_lost", ip=FIRST_IP)
        self.check_gone(peer)
        self.check_stopped(self.server)


if __name__ == "__main__":
    harness.main()
