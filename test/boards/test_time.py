"""Does a board find the time: its battery-backed clock if that can be right, else by SNTP?

QEMU's virt has a clock of its own (PL031), which says what -rtc tells it to.
"""

import ssl
import tempfile
import time

import board
import datedcerts
import harness
import services
import settings
import testcerts
from tlspeer import TlsPeer, connect

BOOT_S = 20
CONFIG = 78
DAY_S = 86400
RIGHT = ["-rtc", "base=utc"]
FLAT_BATTERY = ["-rtc", "base=2020-01-01T00:00:00"]
RESTARTS = ["-action", "reboot=reset"]  # in place of -no-reboot


class Time(harness.TestCase):
    def start_board(self, config, extra, blob=None, **more):
        blob = blob or testcerts.read_blob()
        card = board.make_card(self.make_folder(), config, {"certs/blob.bin": blob})
        return self.own(board.Board(self.make_wire(), card, extra=extra, **more))

    def time_server(self, unix_s, *answers):
        self.make_wire()
        server = services.SntpServer(unix_s, *answers)
        self.addCleanup(server.close)
        return server

    def test_battery_backed_clock_is_believed(self):
        machine = self.start_board("time-policy = required\n", RIGHT)
        machine.wait_event("listening", BOOT_S)
        read = machine.find_events("time_set")[0]
        self.assertEqual((read["source"], read["device"]), ("rtc", "/dev/rtc0"))
        self.assertEqual(machine.find_events("time_policy")[0]["clock"], "rtc")
        self.assertEqual(machine.find_events("selfcheck", result="ok")[0]["clock"], "rtc")
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"in time"), b"in time")

    def test_flat_battery_and_nobody_to_ask(self):
        machine = self.start_board("time-policy = required\nat-end = poweroff\n", FLAT_BATTERY)
        failed = machine.wait_event("time_failed", BOOT_S, source="rtc")
        self.assertEqual(failed["reason"], "before_lower_bound")
        self.assertTrue(failed["now"].startswith("2020-01-01T"), failed)
        machine.wait_event("shutdown", status=CONFIG)
        self.assertEqual(machine.wait_end(), "poweroff")
        self.assertEqual(machine.find_events("listening"), [])

    def test_time_server_sets_both_clocks(self):
        """What SNTP says is there after a restart, with the time server gone."""
        time_server = self.time_server(time.time())
        config = f"sntp = {settings.KERNEL_IP}\nconsole = on\nat-end = reboot\n"
        machine = self.start_board(config, [*FLAT_BATTERY, *RESTARTS], stdin=True)
        at = machine.wait_event("time_set", BOOT_S)
        self.assertEqual((at["source"], at["server"]), ("sntp", settings.KERNEL_IP))
        self.assertLess(abs(at.number("step_ms")), DAY_S * 1000)  # from the lower bound, not 2020
        self.assertEqual(machine.find_events("clock_failed"), [])
        machine.wait_event("listening", BOOT_S)
        time_server.close()
        since = machine.mark()
        machine.write(b"\rreboot now\r")
        again = machine.wait_event("time_set", 2 * BOOT_S, since=since, source="rtc")
        self.assertLess(abs(again.number("step_ms")), DAY_S * 1000)
        machine.wait_event("listening", BOOT_S, since=since)

    def test_clock_that_is_stepped_while_the_board_serves(self):
        """60 days on: who was not valid yet is, who was valid is not any more."""
        folder = tempfile.TemporaryDirectory(prefix="tls-echo-")
        self.addCleanup(folder.cleanup)
        datedcerts.make(folder.name, server_always=(-1, 800), client_always=(-1, 800),
                        client_begins=(30, 800), client_ends=(-1, 30))  # fmt: skip
        path = datedcerts.blob(folder.name, "server_always", "client_always", time.time())
        with open(path, "rb") as file:
            blob = file.read()
        self.time_server(time.time() + 60 * DAY_S, services.SILENT, services.SILENT, services.GOOD)
        config = f"client-auth = required\nsntp = {settings.KERNEL_IP}\n"
        machine = self.start_board(config, FLAT_BATTERY, blob)
        machine.wait_event("listening", BOOT_S)

        def peer(client):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            name = f"{folder.name}/client_{client}"
            context.load_cert_chain(f"{name}.pem", f"{name}.key")
            return TlsPeer(connect(), context)

        with peer("begins") as begins, peer("ends") as ends:
            for each in (begins, ends):
                self.assertEqual(each.handshake().echo(b"before"), b"before")
            deferred = machine.find_events("check_deferred")
            self.assertEqual([event["verify"] for event in deferred], ["not_yet_valid"])
            self.assertEqual(machine.find_events("time_set"), [], "the test was too slow")
            machine.wait_event("time_set", 30, source="sntp")
            machine.wait_event("trust_lost", verify="expired")
            self.assertEqual(ends.read(), b"")
            self.assertEqual(begins.echo(b"after"), b"after")
        since = machine.mark()
        with peer("ends") as ends, self.assertRaises((ssl.SSLError, OSError)):
            ends.handshake().echo(b"after")
        machine.wait_event("handshake_failed", since=since, verify="expired")


if __name__ == "__main__":
    board.require()
    harness.main()
