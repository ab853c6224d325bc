"""Is the program what it should be: a static, hardened ELF of its CPU that explains itself?"""

import os
import subprocess

import elf
import harness
import settings
from firmware import Firmware


class File(harness.TestCase):
    """What `file` and `readelf` would say."""

    def setUp(self):
        super().setUp()
        if settings.SANITIZED:
            self.skipTest("sanitizers want a dynamic program")
        self.elf = elf.read(settings.program("tls-echo"))

    def test_machine(self):
        if not settings.EMULATED:
            self.skipTest("a native build has this machine's CPU")
        self.assertEqual(self.elf.machine, elf.EM_AARCH64)

    def test_is_static(self):
        self.assertIsNone(self.elf.segment(elf.PT_INTERP), "it asks for a dynamic linker")

    def test_is_hardened(self):
        self.assertEqual(self.elf.kind, elf.ET_DYN, "not position independent")
        self.assertIsNotNone(self.elf.segment(elf.PT_GNU_RELRO))
        stack = self.elf.segment(elf.PT_GNU_STACK)
        self.assertIsNotNone(stack)
        self.assertFalse(stack.flags & elf.PF_EXECUTE, "the stack is executable")

    def test_is_stripped_with_an_unstripped_copy_beside_it(self):
        self.assertNotIn(".symtab", self.elf.sections)
        self.assertIn(".symtab", elf.read(settings.program("tls-echo.debug")).sections)

    def test_blob_has_a_section_of_its_own(self):
        blob = self.elf.sections[".cert_blob"]
        self.assertEqual(blob.size, 16384)
        self.assertEqual(blob.address % 4096, 0)

    def test_names_of_the_roles_are_links(self):
        for role in ("server", "client"):
            self.assertEqual(os.readlink(settings.program(f"tls-echo-{role}")), "tls-echo")

    def test_no_path_of_this_machine_inside(self):
        with open(settings.program("tls-echo"), "rb") as file:
            self.assertNotIn(os.path.realpath(settings.SOURCE_DIR).encode(), file.read())


class FirstProcess(harness.TestCase):
    """The first process of a container has number 1, too, and is no whole system."""

    def test_it_stays_an_ordinary_program(self):
        rights = [] if os.geteuid() == 0 else ["--map-root-user"]
        done = subprocess.run(
            ["unshare", "--pid", "--fork", *rights,
             *settings.RUNNER, settings.program("tls-echo-server"), "--version"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("tls-echo", done.stdout)


class Words(harness.TestCase):
    """What it prints when it is only asked."""

    def run_program(self, *args, program="tls-echo-server"):
        return subprocess.run(
            [*settings.RUNNER, settings.program(program), *args],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def test_help_names_every_option(self):
        common = """--netif --ip --gateway --dns --mac --port --config --certs --min-tls
            --handshake-timeout --idle-timeout --connect-timeout --log-level --alpn""".split()
        server = "--max-sessions --client-auth --stats-interval --rate-limit --record-timeout".split()
        client = "--server-name --message --count --size --stdin --resume".split()
        for program, own in (("tls-echo-server", server), ("tls-echo-client", client)):
            done = self.run_program("--help", program=program)
            self.assertEqual(done.returncode, 0)
            for option in common + own:
                self.assertIn(option, done.stdout, program)

    def test_version(self):
        done = self.run_program("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\d+\.\d+\.\d+")

    def test_first_word_chooses_the_role(self):
        for role in ("server", "client"):
            by_word = self.run_program(role, "--help", program="tls-echo")
            by_name = self.run_program("--help", program=f"tls-echo-{role}")
            self.assertEqual(by_word.returncode, 0)
            self.assertEqual(by_word.stdout, by_name.stdout)

    def test_without_a_role(self):
        done = self.run_program(program="tls-echo")
        self.assertEqual(done.returncode, 64)
        self.assertIn("server", done.stderr)
        self.assertIn("client", done.stderr)


class Boot(harness.TestCase):
    """The first lines of the console log."""

    def test_server_says_what_it_is_and_listens(self):
        wire = self.make_wire()
        server = self.start_server(wire, certs=None)
        names = [event.name for event in server.events]
        order = ["boot", "selfcheck", "net_up", "listening"]
        self.assertEqual([name for name in names if name in order], order)
        boot = server.find_events("boot")[0]
        self.assertEqual(boot["program"], "tls-echo-server")
        self.assertEqual(boot["board"], settings.BOARD)
        self.assertRegex(boot["version"], r"^\d+\.\d+\.\d+")
        self.assertRegex(boot["tls"], r"3\.\d+")
        check = server.find_events("selfcheck")[0]
        self.assertEqual((check["result"], check["clock"]), ("ok", "system"))
        up = server.find_events("net_up")[0]
        self.assertEqual(up["ip"], "198.18.0.2/24")
        self.assertRegex(up["mac"], "^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
        self.assertTrue(int(up["mac"][:2], 16) & 2, "not locally administered")
        listening = server.find_events("listening")[0]
        self.assertEqual((listening["ip"], listening["port"]), ("198.18.0.2", "8433"))
        self.assertEqual(listening["sessions"], "16")
        self.assertEqual(server.other_lines, [])
        self.check_stopped(server)

    def test_time_is_monotonic_since_boot(self):
        server = self.start_server(self.make_wire())
        times = [event.time_s for event in server.events]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[0], 1.0 * settings.PATIENCE)
        self.check_stopped(server)

    def test_log_level_quiets_it(self):
        server = self.own(harness.new_server(self.make_wire(), "--log-level", "warn"))
        with self.assertRaises(AssertionError):
            server.wait_event("listening", 1.0)
        self.check_stopped(server)
        self.assertEqual([event for event in server.events if event.level == "INFO"], [])

    def test_config_file_and_command_line(self):
        path = os.path.join(self.make_folder(), "server.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write("# a comment\n\nport = 9000\nmax-sessions=3\nip = 198.18.0.9/24\n")
        server = self.start_server(self.make_wire(), "--config", path, "--max-sessions", "5")
        listening = server.find_events("listening")[0]
        self.assertEqual(listening["port"], "9000")
        self.assertEqual(listening["sessions"], "5", "the command line wins")
        self.check_stopped(server)

    def test_mac_option(self):
        server = self.start_server(self.make_wire(), "--mac", "02:12:34:56:78:9a")
        self.assertEqual(server.find_events("net_up")[0]["mac"], "02:12:34:56:78:9a")
        self.check_stopped(server)

    def test_starts_as_a_role_of_the_one_program(self):
        wire = self.make_wire()
        args = ["server", "--netif", wire.netif, "--ip", "198.18.0.2/24"]
        server = self.own(Firmware("tls-echo", args))
        server.wait_event("listening", 20)
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
