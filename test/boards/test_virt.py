"""Does the firmware run a whole board: QEMU's machine virt, a Linux kernel and no other program?"""

import socket
import struct
import tempfile

import board
import elf
import frames
import harness
import opensslcli
import services
import settings
import testcerts
import wire
from tlspeer import TlsPeer, connect

BOOT_S = 20
NO_INSTRUCTION = bytes(4)
OPEN_A_FILE = bytes.fromhex("080780d2" "010000d4")  # mov x8, #56 (openat); svc #0
PORT = 8555
CLOSED_PORT = 8556
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPES = {frames.ETHERTYPE_IPV4, frames.ETHERTYPE_ARP, ETHERTYPE_IPV6}
DONT_FRAGMENT = 0x4000  # a flag that Linux sets in each TCP packet, and lwIP never (RFC 791)
MLD2_REPORT = 143  # what Linux says first on a new interface; lwIP speaks version 1 (RFC 3810)

SERVER_CONFIG = f"""
# a server with two lines that mean nothing
role = server
port = {PORT}
prot = 1
max-sessions = many
stats-interval = 0
"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


class BoardTestCase(harness.TestCase):
    """Starts boards on a wire of the test's own."""

    def make_card(self, config, files=None):
        return board.make_card(self.make_folder(), config, files)

    def start_board(self, config=None, files=None, made_wire=None, **more):
        card = None if config is None else self.make_card(config, files)
        return self.own(board.Board(made_wire, card, **more))


class Server(harness.TestCase):
    """One server for all tests of the class; its identity is the card's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wire = wire.make()
        cls.addClassCleanup(cls.wire.close)
        cls.watcher = frames.Watcher(cls.wire.interface)
        cls.addClassCleanup(cls.watcher.close)
        folder = tempfile.TemporaryDirectory(prefix="tls-echo-")
        cls.addClassCleanup(folder.cleanup)
        blob = {"certs/blob.bin": read(testcerts.blob())}
        card = board.make_card(folder.name, SERVER_CONFIG, blob)
        cls.board = cls.class_own(board.Board(cls.wire, card))
        cls.board.wait_event("listening", BOOT_S)

    @classmethod
    def tearDownClass(cls):
        """Since the power came on there was nothing on the wire but the firmware's own packets: not
        one of the kernel below it."""
        sent = cls.own_frames()
        others = {frame.source for frame in cls.watcher.all_frames()}
        others -= {sent[0].source, frames.mac_of(cls.wire.interface)}
        strange = {frame.ethertype for frame in sent} - ETHERTYPES
        linuxs = [frame for frame in sent if is_by_linux(frame)]
        if others or strange or linuxs:
            raise AssertionError(f"the kernel spoke: {others} {strange} {linuxs}")

    def setUp(self):
        super().setUp()
        self.since = self.board.mark()

    def peer(self):
        return TlsPeer(connect(port=PORT), testcerts.client_context())

    @classmethod
    def own_frames(cls):
        """All that the board has sent since it was switched on."""
        mac = cls.board.find_events("net_up")[0]["mac"]
        return [frame for frame in cls.watcher.all_frames() if frame.source == mac]

    def test_each_step_of_the_start_is_logged(self):
        steps = ["kernel", "modules", "randomness", "card", "boot", "interface", "net_up"]
        seen = [event.name for event in self.board.events if event.name in [*steps, "listening"]]
        self.assertEqual(seen[: len(steps) + 1], [*steps, "listening"])
        modules = self.board.find_events("modules")[0]
        self.assertEqual(modules["failed"], "0")
        self.assertGreater(modules.number("loaded"), 3)
        self.assertEqual(self.board.find_events("interface")[0]["driver"], "virtio_net")
        self.assertEqual(self.board.find_events("boot")[0]["board"], "qemu_virt")

    def test_its_time_is_the_kernels(self):
        """The log counts from the kernel's start: the program cannot be there at once."""
        self.assertGreater(self.board.events[0].time_s, 0.1)

    def test_address_is_the_hardwares(self):
        interface = self.board.find_events("interface")[0]
        self.assertEqual(self.board.find_events("net_up")[0]["mac"], interface["mac"])

    def test_settings_and_identity_come_from_the_card(self):
        card = self.board.find_events("card")[0]
        self.assertEqual(card["blob"], "certs/blob.bin")
        self.assertEqual(self.board.find_events("listening")[0]["port"], str(PORT))
        client = self.own(opensslcli.s_client("-quiet", "-no_ign_eof", "-verify_return_error",
                                              "-verify_hostname", settings.SERVER_NAME,
                                              port=PORT, stdin=True))  # fmt: skip
        client.write(b"a line from the kernel's side\n")
        self.assertEqual(client.wait_stdout(30), b"a line from the kernel's side\n")
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)
        self.board.wait_event("closed", since=self.since, reason="clean")

    def test_bad_lines_are_named_and_the_rest_is_used(self):
        ignored = self.board.find_events("line_ignored")
        self.assertEqual([(event["line"], event["name"]) for event in ignored],
                         [("5", "prot"), ("6", "max-sessions")])  # fmt: skip
        self.assertEqual(self.board.find_events("listening")[0]["sessions"], "16")

    def test_ping_and_closed_port_get_one_answer_each(self):
        """A kernel that had the address as well would answer a second time."""
        seen = len(self.own_frames())
        self.assertTrue(services.ping(settings.SERVER_IP))
        with self.assertRaises(ConnectionRefusedError):
            connect(port=CLOSED_PORT)
        with self.peer() as peer:  # what comes after this comes after all answers
            peer.handshake()
            peer.close_cleanly()
        ip_frames = [f for f in self.own_frames()[seen:] if f.ethertype == frames.ETHERTYPE_IPV4]
        icmp = [frame for frame in ip_frames if frame.payload[9] == socket.IPPROTO_ICMP]
        self.assertEqual(len(icmp), 1)
        refusals = [f for f in ip_frames if f.is_tcp and source_port(f) == CLOSED_PORT]
        self.assertEqual(len(refusals), 1)

    def test_sessions_outlive_a_pulled_cable(self):
        with self.peer() as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"before"), b"before")
            self.board.set_link(False)
            self.board.wait_event("net_down", since=self.since, reason="no_carrier")
            peer.write(b"while it is out")
            self.board.set_link(True)
            self.board.wait_event("net_up", since=self.since)
            self.assertEqual(peer.read_exactly(15), b"while it is out")
            self.assertEqual(peer.echo(b"after"), b"after")
            peer.close_cleanly()
        self.board.wait_event("closed", since=self.since, reason="clean")


def is_by_linux(frame):
    """True if a packet has what tells Linux's packets from lwIP's."""
    if frame.ethertype == frames.ETHERTYPE_IPV4 and frame.is_tcp:
        return bool(struct.unpack_from("!H", frame.payload, 6)[0] & DONT_FRAGMENT)
    if frame.ethertype == ETHERTYPE_IPV6:
        # Such a report has a hop-by-hop header of 8 bytes before it.
        return frame.payload[6] == 0 and frame.payload[48] == MLD2_REPORT
    return False


def source_port(frame):
    """Of an IPv4 packet with TCP in it."""
    header_len = (frame.payload[0] & 15) * 4
    return struct.unpack_from("!H", frame.payload, header_len)[0]


class Client(BoardTestCase):
    def test_client_echoes_and_switches_the_board_off(self):
        made_wire = self.make_wire()
        server = self.own(opensslcli.EchoServer("-quiet"))
        config = f"role = client\npeer = {server.host}\nserver-name = {settings.SERVER_NAME}\n"
        client = self.start_board(config + "message = \"from the board\"\n",
                                  {"certs/blob.bin": read(testcerts.blob())},
                                  made_wire=made_wire)  # fmt: skip
        self.assertEqual(client.wait_event("echo", BOOT_S)["bytes"], "14")
        client.wait_event("shutdown", status=0)
        client.wait_event("end", action="poweroff")
        self.assertEqual(client.wait_end(), "poweroff")
        self.assertIn("from the board", client.other_lines)


class Adapter(BoardTestCase):
    def echo(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"over the adapter"), b"over the adapter")
            peer.close_cleanly()

    def test_adapter_on_the_usb_may_be_pulled_and_plugged_in_again(self):
        """To the kernel it is a new interface, which is down; the task in its sandbox has no right
        to bring it up."""
        drivers = board.pack_initramfs(self.make_folder(), ["xhci_pci", "cdc_ether"])
        adapter = {"driver": "usb-net", "id": "nic0", "netdev": "net0", "bus": "usb.0"}
        machine = self.start_board(
            "watchdog = off\n", {"certs/blob.bin": read(testcerts.blob())}, initramfs=drivers,
            extra=["-netdev", self.make_wire().qemu_netdev("net0"), "-device", "qemu-xhci,id=usb",
                   "-device", ",".join(f"{key}={value}" for key, value in adapter.items())],
        )  # fmt: skip
        machine.wait_event("listening", BOOT_S)
        self.assertEqual(machine.find_events("interface")[0]["driver"], "cdc_ether")
        self.echo()
        since = machine.mark()
        machine.monitor.run("device_del", id="nic0")
        machine.wait_event("net_down", since=since)
        machine.monitor.run("device_add", **{**adapter, "id": "nic1"})
        machine.wait_event("interface", since=since)
        machine.wait_event("net_up", since=since)
        self.echo()


class Failures(BoardTestCase):
    def test_corrupt_blob_stops_the_start(self):
        machine = self.start_board("at-end = poweroff\n",
                                   {"certs/blob.bin": read(testcerts.blob("corrupt"))},
                                   made_wire=self.make_wire())  # fmt: skip
        failed = machine.wait_event("selfcheck", BOOT_S, result="failed")
        self.assertIn("blob.bin", failed["reason"])
        machine.wait_event("shutdown", status=65)
        self.assertEqual(machine.wait_end(), "poweroff")
        self.assertEqual(machine.find_events("listening"), [])

    def test_security_setting_that_is_wrong_stops_the_start(self):
        machine = self.start_board("min-tls = 1.4\nport = 8444\n")
        refused = machine.wait_event("line_refused", BOOT_S)
        self.assertEqual((refused["line"], refused["name"]), ("1", "min-tls"))
        machine.wait_event("shutdown", status=78)
        machine.wait_event("end", action="reboot", delay_s=10)
        self.assertEqual(machine.find_events("net_up"), [])

    def test_without_card_and_a_module_it_runs_with_its_defaults(self):
        """What the kernel has to say of the module is an event as well."""
        machine = self.start_board(made_wire=self.make_wire(),
                                   kernel_options="tls_echo.card_wait_ms=100"
                                   " module_blacklist=nls_ascii")  # fmt: skip
        failed = machine.wait_event("module_failed", BOOT_S)
        self.assertIn("nls_ascii", failed["path"])
        self.assertEqual(machine.wait_event("modules")["failed"], "1")
        missing = machine.wait_event("card_missing")
        self.assertLess(missing.number("ms"), 2000)
        self.assertEqual(machine.wait_event("listening")["port"], str(settings.PORT))
        said = [event["text"] for event in machine.find_events("message")]
        self.assertEqual(said, ["Module nls_ascii is blacklisted"])

    def test_without_its_interface_it_says_so_and_tries_again_later(self):
        machine = self.start_board("netif = packet:eth7\n", made_wire=self.make_wire(),
                                   kernel_options="tls_echo.interface_wait_ms=100")  # fmt: skip
        missing = machine.wait_event("interface_missing", BOOT_S)
        self.assertEqual(missing["name"], "eth7")
        machine.wait_event("shutdown", status=71)
        machine.wait_event("end", action="reboot", delay_s=10)

    def start_broken(self, function, code=NO_INSTRUCTION, **more):
        """A board whose program has this code at the function's entry."""
        program = bytearray(read(settings.program("tls-echo")))
        offset = elf.function_offset(settings.program("tls-echo.debug"), function)
        program[offset : offset + len(code)] = code
        initramfs = board.make_initramfs(self.make_folder(), bytes(program))
        return self.start_board("port = 8444\n", made_wire=self.make_wire(),
                                initramfs=initramfs, **more)  # fmt: skip

    def test_crash_of_the_task_is_told_and_restarts_the_board(self):
        machine = self.start_broken("app_run")
        self.assertEqual(machine.wait_event("crash", BOOT_S)["signal"], "SIGILL")
        machine.wait_event("end", action="reboot", delay_s=10)

    def test_forbidden_system_call_ends_the_task(self):
        """Somebody connects, and what should accept it opens a file instead."""
        machine = self.start_broken("net_accept", OPEN_A_FILE)
        machine.wait_event("listening", BOOT_S)
        self.assertEqual(machine.wait_event("sandbox")["result"], "on")
        connect(port=8444).close()
        self.assertEqual(machine.wait_event("crash", BOOT_S)["signal"], "SIGSYS")
        machine.wait_event("end", action="reboot", delay_s=10)

    def test_crash_of_the_first_process_restarts_the_board(self):
        machine = self.start_broken("system_start", kernel_options="panic=1")
        machine.wait_line("Kernel panic", BOOT_S)
        self.assertEqual(machine.wait_end(), "reboot")


if __name__ == "__main__":
    board.require()
    harness.main()
