"""Is the program ended in order by a signal that comes while it is only starting?

As soon as the log has a certain line, so before the loop is there; the other side of the wire says
nothing, so the start would take for ever.
"""

import os
import signal
import socket

import harness
import settings
from firmware import Firmware

# Logged one after the other: what is set aside, and that the crypto works. Then comes the network.
EARLY = ("memory", "selfcheck")


def is_asleep(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


class Stop(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.make_folder(), "wire.sock")

    def be_silent(self):
        """A far end that is there and never says anything."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.path)
        listener.listen()

    def start(self, role, *args):
        netif = ["--netif", f"stream:connect={self.path}"]
        host = [settings.SERVER_IP] if role == "client" else []
        return self.own(Firmware(f"tls-echo-{role}", [*netif, *args, *host]))

    def check(self, process, line, number=signal.SIGTERM):
        process.wait_event(line)
        process.signal(number)
        is_client = process.name.endswith("client")
        self.check_exit(process, 74 if is_client else 0)
        self.assertEqual(process.events[-1].name, "shutdown")
        self.assertEqual(process.events[-1]["status"], "74" if is_client else "0")
        if is_client:
            self.assertNotEqual(process.find_events("interrupted"), [])

    def test_before_there_is_a_network(self):
        self.be_silent()
        for role in ("server", "client"):
            for line in EARLY:
                for number in (signal.SIGTERM, signal.SIGINT):
                    with self.subTest(role=role, line=line, number=number):
                        self.check(self.start(role, "--ip", "dhcp"), line, number)

    def test_as_soon_as_there_is_an_address(self):
        self.be_silent()
        for role in ("server", "client"):
            with self.subTest(role=role):
                self.check(self.start(role, "--ip", f"{settings.CLIENT_IP}/24"), "net_up")

    def test_while_the_far_end_is_not_there(self):
        """It is waited for, without a loop."""
        for role, status in (("server", 0), ("client", 74)):
            with self.subTest(role=role):
                process = self.start(role, "--ip", "dhcp")
                process.wait_event("selfcheck")
                harness.wait_until(lambda: is_asleep(process.pid), "sleep")  # between two tries
                process.signal(signal.SIGTERM)
                self.check_exit(process, status, 30)
                self.assertIn(process.find_events("interrupted")[0]["phase"], ("start", "netif"))
                self.assertEqual(process.events[-1]["status"], str(status))


if __name__ == "__main__":
    harness.main()
