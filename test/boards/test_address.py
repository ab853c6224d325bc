"""Does a board live with its lease: renewed with another address, refused, and known by its name all the
while?"""

import board
import dhcp
import harness
import mdns
import settings
import testcerts
from tlspeer import TlsPeer, connect

BOOT_S = 20
FIRST_IP, SECOND_IP, THIRD_IP = "198.18.0.50", "198.18.0.51", "198.18.0.52"
LEASE_S = 12  # it is renewed at half its time
NAME = "board-7.local"
CONFIG = "ip = dhcp\nhostname = board-7\n"


class ChangingLease(harness.TestCase):
    def setUp(self):
        super().setUp()
        wire = self.make_wire()
        self.dhcp = dhcp.DhcpServer(wire.interface, FIRST_IP, LEASE_S)
        self.addCleanup(self.dhcp.close)
        self.host = mdns.Host(wire.interface)
        self.addCleanup(self.host.close)
        files = {"certs/blob.bin": testcerts.read_blob()}
        card = board.make_card(self.make_folder(), CONFIG, files)
        self.board = self.own(board.Board(wire, card))
        self.board.wait_event("listening", BOOT_S)

    def open_session(self, address):
        peer = TlsPeer(connect(address), testcerts.client_context())
        self.addCleanup(peer.sock.close)
        return peer.handshake()

    def check_lost(self, address, reason, since):
        down = self.board.wait_event("net_down", 30, since=since, reason=reason)
        self.assertEqual((down["ip"], down.level), (address, "WARN"))
        self.board.wait_event("closed", since=since, reason="reset")

    def check_moved(self, address, since):
        """The log and the whole segment are told, and the listener serves there."""
        self.board.wait_event("net_up", 30, since=since, ip=f"{address}/{settings.PREFIX_LEN}")
        self.host.wait(lambda m: m.is_response and address in m.find(NAME, mdns.A), 20)
        session = self.open_session(address)
        self.assertEqual(session.echo(b"at " + address.encode()), b"at " + address.encode())
        return session

    def test_listener_outlives_two_changes_of_its_address(self):
        session = self.check_moved(FIRST_IP, 0)
        self.board.wait_event("mdns", 20, name=NAME)
        since = self.board.mark()
        self.dhcp.lease_ip = SECOND_IP
        self.check_lost(FIRST_IP, "address_changed", since)
        session = self.check_moved(SECOND_IP, since)
        self.assertEqual(session.echo(b"again"), b"again")

        since = self.board.mark()
        self.dhcp.lease_ip, self.dhcp.answers = THIRD_IP, dhcp.REFUSING
        self.check_lost(SECOND_IP, "lease_lost", since)
        self.dhcp.answers = dhcp.HONEST
        self.check_moved(THIRD_IP, since).close_cleanly()
        self.board.wait_event("closed", since=since, reason="clean")
        self.assertEqual(len(self.board.find_events("listening")), 1)
        self.assertEqual(self.board.complaints(), [])


if __name__ == "__main__":
    board.require()
    harness.main()
