"""Is ChaCha20-Poly1305 preferred on a core without AES instructions, and the client's order kept on
a core with them?"""

import os

import gdbstub
import harness
import hello
import settings
from servers import Listener, reset
from tlspeer import connect

AES_FIRST_1_3 = [0x1301, 0x1302, 0x1303]
AES_FIRST_1_2 = [0xC02B, 0xC02C, 0xCCA9]
CHACHA_FIRST_1_3 = [0x1303, 0x1301, 0x1302]
CHACHA_1_3, CHACHA_1_2 = 0x1303, 0xCCA9


class SuiteOrder(harness.TestCase):
    """Programs that see a core with or without AES."""

    def setUp(self):
        super().setUp()
        if not settings.EMULATED:
            self.skipTest("the CPU is chosen by the emulator")

    def server_on(self, *options):
        return self.start_server(self.make_wire(), runner=[settings.RUNNER[0], *options])

    def without_aes(self, start):
        """start(runner) starts the program; it is stopped at its first instruction until the
        emulator's stub has taken AES away from it."""
        path = os.path.join(self.make_folder(), "gdb.sock")
        process = start([settings.RUNNER[0], "-g", path])
        before, after = gdbstub.remove_aes(path)
        self.assertTrue(before & gdbstub.HWCAP_AES, "this emulated core has no AES to begin with")
        self.assertFalse(after & gdbstub.HWCAP_AES)
        return process

    def choice(self, suites, versions=()):
        with connect() as sock:
            sock.sendall(hello.client_hello(suites, versions=versions))
            return hello.receive_answer(sock).suite

    def offered_by(self, client_starter):
        """The suites in the order in which our client offers them."""
        hellos = []

        def keep(sock):
            hellos.append(hello.parse_client_hello(hello.receive_record(sock)[1]))
            reset(sock)

        server = Listener(keep)
        self.addCleanup(server.close)
        client = client_starter(server.host)
        self.check_exit(client, 76, 30)
        return client, hellos[0].suites

    def check_cpu_event(self, process, order, aes):
        event = process.find_events("cpu")[0]
        self.assertEqual((event["suite_order"], event["aes"]), (order, aes))

    def test_server_with_aes_follows_the_client(self):
        for cpu in ("max", "cortex-a72", "cortex-a53"):
            with self.subTest(cpu=cpu):
                server = self.server_on("-cpu", cpu)
                self.check_cpu_event(server, "aes", "1")
                for suites in (AES_FIRST_1_3, CHACHA_FIRST_1_3):
                    self.assertEqual(self.choice(suites, [hello.TLS_1_3]), suites[0])
                self.assertEqual(self.choice(AES_FIRST_1_2), AES_FIRST_1_2[0])
                self.check_stopped(server)

    def test_server_without_aes_picks_chacha(self):
        wire = self.make_wire()
        server = self.without_aes(
            lambda runner: self.own(harness.new_server(wire, runner=runner))
        )
        server.wait_event("listening", 30)
        self.check_cpu_event(server, "chacha", "0")
        self.assertEqual(self.choice(AES_FIRST_1_3, [hello.TLS_1_3]), CHACHA_1_3)
        self.assertEqual(self.choice(AES_FIRST_1_2), CHACHA_1_2)
        self.check_one_without_chacha()
        self.check_stopped(server)

    def check_one_without_chacha(self):
        """A preference, no demand."""
        self.assertEqual(self.choice([0x1301], [hello.TLS_1_3]), 0x1301)
        self.assertEqual(self.choice([0xC02B]), 0xC02B)

    def test_client_with_aes_offers_it_first(self):
        wire = self.make_wire()
        client, suites = self.offered_by(
            lambda host: self.start_client(
                wire, host=host, runner=[settings.RUNNER[0], "-cpu", "cortex-a72"]
            )
        )
        self.check_cpu_event(client, "aes", "1")
        self.assertIn(suites[0], (0x1301, 0x1302))

    def test_client_without_aes_offers_chacha_first(self):
        wire = self.make_wire()
        client, suites = self.offered_by(
            lambda host: self.without_aes(
                lambda runner: self.start_client(wire, host=host, runner=runner)
            )
        )
        self.check_cpu_event(client, "chacha", "0")
        self.assertEqual(suites[0], CHACHA_1_3)
        tls_1_2 = [suite for suite in suites if suite not in hello.TLS_1_3_SUITES]
        self.assertIn(tls_1_2[0], (0xCCA9, 0xCCA8))


if __name__ == "__main__":
    harness.main()
