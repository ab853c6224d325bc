"""Does the board's watchdog restart a board whose loop hangs, and leave alone one whose loop works?

The watchdog is QEMU's i6300esb with the kernel's driver. The loop that hangs is that of the program
that is shipped, with one instruction changed at a function's entry.
"""

import time

import board
import codepatch
import elf
import harness
import services
import settings
import testcerts
from tlspeer import TlsPeer, connect

BOOT_S = 20
# In place of -no-reboot: a board that restarts boots again.
DEVICE = ["-device", "i6300esb", "-action", "watchdog=reset", "-action", "reboot=reset"]


class Watchdog(harness.TestCase):
    def start_board(self, config, extra=(), **more):
        made_wire = self.make_wire()
        blob = {"certs/blob.bin": testcerts.read_blob()}
        card = board.make_card(self.make_folder(), config, blob)
        machine = self.own(board.Board(made_wire, card, extra=extra, **more))
        machine.wait_event("listening", BOOT_S)
        return machine

    def program_that_hangs(self, function):
        """The program's initramfs; whoever calls the function stays there."""
        with open(settings.program("tls-echo"), "rb") as file:
            program = bytearray(file.read())
        offset = elf.function_offset(settings.program("tls-echo.debug"), function)
        program[offset : offset + 4] = codepatch.STAY["aarch64"]
        return board.make_initramfs(self.make_folder(), bytes(program))

    def test_board_whose_loop_hangs_is_restarted(self):
        """It hangs for 30 s at most, with the settings that a card has by itself."""
        hanging = self.program_that_hangs("net_accept")
        machine = self.start_board("", extra=DEVICE, initramfs=hanging)
        self.assertEqual(machine.find_events("watchdog")[0]["board_s"], "15")
        since = machine.mark()
        connect().close()  # the loop accepts, and hangs
        hung = time.monotonic()
        services.ping(settings.SERVER_IP)  # while the IP stack, on threads of its own, goes on
        machine.monitor.wait_event("WATCHDOG", 30)
        self.assertGreater(time.monotonic() - hung, 1)
        machine.wait_event("kernel", BOOT_S, since=since)
        machine.wait_event("listening", BOOT_S, since=since)

    def test_board_that_works_is_left_alone(self):
        """For several timeouts: idle, busy, and with its cable pulled."""
        machine = self.start_board("watchdog = 3\n", extra=DEVICE)
        self.assertEqual(machine.find_events("watchdog")[0]["board_s"], "3")
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            time.sleep(7)
            end = time.monotonic() + 4
            while time.monotonic() < end:
                self.assertEqual(peer.echo(bytes(20000)), bytes(20000))
            machine.set_link(False)
            machine.wait_event("net_down")
            time.sleep(4)
            machine.set_link(True)
            machine.wait_event("net_up", since=machine.mark() - 1)
            self.assertEqual(peer.echo(b"after"), b"after")
            peer.close_cleanly()
        self.assertEqual(machine.monitor.find_events("WATCHDOG"), [])
        self.assertEqual(len(machine.find_events("kernel")), 1)

    def test_board_that_waits_for_an_address_is_left_alone(self):
        """No DHCP server answers; the loop has nothing else to do."""
        made_wire = self.make_wire()
        card = board.make_card(self.make_folder(), "ip = dhcp\nwatchdog = 3\n")
        machine = self.own(board.Board(made_wire, card, extra=DEVICE))
        machine.wait_event("watchdog", BOOT_S, board_s="3")
        time.sleep(8)
        self.assertEqual(machine.monitor.find_events("WATCHDOG"), [])

    def test_board_without_watchdog_says_so_and_works(self):
        machine = self.start_board("watchdog = 3\n")
        failed = machine.find_events("watchdog_failed")[0]
        self.assertEqual(failed.level, "ERROR")
        self.assertIn("there is no /dev/watchdog", failed["reason"])

    def test_timeout_that_the_driver_refuses_is_told_with_the_nearest(self):
        machine = self.start_board("watchdog = 86400\n", extra=DEVICE)
        failed = machine.find_events("watchdog_failed")[0]
        self.assertIn("the nearest it takes is 2046 s", failed["reason"])
        self.assertEqual(machine.monitor.find_events("WATCHDOG"), [])

    def test_end_in_order_stops_it(self):
        """The board switches itself off; the watchdog has no part in that."""
        machine = self.start_board("watchdog = 3\n", extra=DEVICE, stdin=True)
        machine.write(b"drain\n")
        machine.wait_event("shutdown", status=0)
        self.assertEqual(machine.wait_end(), "poweroff")
        self.assertEqual(machine.monitor.find_events("WATCHDOG"), [])


if __name__ == "__main__":
    board.require()
    harness.main()
