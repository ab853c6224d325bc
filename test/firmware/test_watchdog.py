"""Is a service manager told that the loop works, and not told so when it hangs or only spins?

The program is the one that is shipped; what goes wrong in it is made from outside (lib/codepatch).
"""

import os
import socket
import time
import unittest

import codepatch
import harness
import services
import settings
import testcerts
from firmware import Firmware
from tlspeer import TlsPeer, connect

TIMEOUT_S = 1.5
STARTING = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=1500000"
CONFIG = 78


class Manager:
    """What systemd is to a service with Type=notify and WatchdogSec=: a datagram socket."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def environment(self):
        return {
            "NOTIFY_SOCKET": self.path,
            "WATCHDOG_USEC": str(int(TIMEOUT_S * 1e6)),
        }

    def next(self, timeout_s):
        """The next message, or None if none came in that time."""
        self._socket.settimeout(timeout_s)
        try:
            return self._socket.recv(256).decode("ascii")
        except TimeoutError:
            return None

    def drop_all(self):
        """What was sent until now is forgotten."""
        self._socket.setblocking(False)
        try:
            while True:
                self._socket.recv(256)
        except BlockingIOError:
            pass

    def close(self):
        self._socket.close()


class Notify(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.manager = Manager(self.make_folder())
        self.addCleanup(self.manager.close)

    def start_supervised(self):
        server = self.start_server(self.make_wire(), environment=self.manager.environment())
        self.assertEqual(server.find_events("watchdog")[0]["manager_ms"], "1500")
        while (message := self.manager.next(5)) != "READY=1":
            self.assertEqual(message, STARTING)
        return server

    def echo_once(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"fine"), b"fine")
            peer.close_cleanly()

    def assert_not_fed(self):
        """The time in which a manager would have ended the program passes without a word."""
        self.manager.drop_all()
        self.assertIsNone(self.manager.next(TIMEOUT_S))

    def test_idle_loop_is_fed_three_times_in_the_time(self):
        server = self.start_supervised()
        before = time.monotonic()
        for _ in range(4):
            self.assertEqual(self.manager.next(TIMEOUT_S), "WATCHDOG=1")
        self.assertGreater(time.monotonic() - before, TIMEOUT_S)
        self.assertEqual(server.find_events("loop_stuck"), [])
        server.stop()
        self.assertEqual(self.manager.next(1), "STOPPING=1")

    def test_busy_loop_is_fed_no_more_often(self):
        server = self.start_supervised()
        end = time.monotonic() + 2 * TIMEOUT_S
        while time.monotonic() < end:
            self.echo_once()
        self.manager.drop_all()
        self.assertEqual(self.manager.next(TIMEOUT_S), "WATCHDOG=1")
        self.check_stopped(server)

    def test_loop_that_hangs_is_not_fed(self):
        """Its threads and its IP stack go on: it is the loop alone that counts."""
        server = self.start_supervised()
        codepatch.hang(server, "net_wait_watched")
        connect().close()  # makes the loop turn, and come back to where it hangs
        harness.wait_until(lambda: server.cpu_time_s() > 0.5, "the loop to hang, busy")
        services.ping(settings.SERVER_IP)
        self.assert_not_fed()
        self.assertTrue(server.running)

    def test_stack_that_hangs_is_not_fed(self):
        """Its threads work under a lock, which the loop takes in each round."""
        server = self.start_supervised()
        codepatch.hang(server, "tcp_input")
        with self.assertRaises(TimeoutError):
            connect(timeout_s=0.5)
        self.assert_not_fed()
        self.assertTrue(server.running)

    def test_loop_that_spins_is_not_fed(self):
        """It turns as fast as it can, and gets nothing done."""
        server = self.start_supervised()
        codepatch.disable(server, "net_wait_watched")
        connect().close()
        server.wait_event("loop_stuck", 3 * TIMEOUT_S, watchdog="not_fed")
        self.assert_not_fed()
        self.assertTrue(server.running)

    def test_client_is_supervised_too(self):
        """It waits for an address that never comes, and is fed meanwhile."""
        args = ["--netif", self.make_wire().netif, "--ip", "dhcp", "--connect-timeout", "2000"]
        more = {"environment": self.manager.environment()}
        client = self.own(Firmware("tls-echo-client", [*args, settings.KERNEL_IP], **more))
        for _ in range(4):
            self.assertEqual(self.manager.next(10), STARTING)
        self.check_exit(client, 75)


@unittest.skipIf(os.path.exists("/dev/watchdog"), "this machine has a watchdog: leave it alone")
class Device(harness.TestCase):
    def test_no_device(self):
        args = ["--netif", self.make_wire().netif, "--watchdog", "15"]
        server = self.own(Firmware("tls-echo-server", args))
        self.check_exit(server, CONFIG)
        failed = server.find_events("watchdog_failed")[0]
        self.assertEqual(failed["seconds"], "15")
        self.assertIn("there is no /dev/watchdog", failed["reason"])


if __name__ == "__main__":
    harness.main()
