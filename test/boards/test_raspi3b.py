"""Does the SD card that is flashed boot an emulated Raspberry Pi 3 B into the firmware?

The boot code, which QEMU does not emulate, is played by machine.py: kernel, device tree, initramfs
and command line come out of the card, by the rules of its config.txt. The network interface is a
USB adapter, as QEMU's Pi has no Ethernet.
"""

import os
import subprocess

import board
import boot
import harness
import machine
import opensslcli
import settings
import testcerts
from card import Card
from process import Process

BOOT_S = 30
HOST_PORT = 18433
MESSAGE = b"over a Raspberry Pi\n"


class RaspberryPi(harness.TestCase):
    def copy_card(self):
        """A copy of the card as it is flashed."""
        path = os.path.join(self.make_folder(), "sdcard.img")
        subprocess.run(["cp", "--sparse=always", board.image_part("sdcard.img"), path], check=True)
        return path

    def edit(self, path, change):
        """What a person does: the file comes off the card, is changed, and goes back."""
        start = Card(path).partitions[0].start
        drive = f"{path}@@{start}"
        folder = self.make_folder()
        copy = os.path.join(folder, "tls-echo.conf")
        mcopy = ["mcopy", "-n", "-o", "-i", drive]
        subprocess.run([*mcopy, "::tls-echo.conf", copy], check=True)
        with open(copy, "r", encoding="ascii", newline="") as file:
            text = change(file.read())
        with open(copy, "w", encoding="ascii", newline="") as file:
            file.write(text)
        subprocess.run([*mcopy, copy, "::tls-echo.conf"], check=True)

    def start_board(self, path, **more):
        return self.own(board.Board(card=path, **more))

    def check_echo(self, ca, host, port):
        client = self.own(Process(
            [settings.OPENSSL, "s_client", "-connect", f"{host}:{port}", "-CAfile", ca,
             "-verify_return_error", "-quiet", "-no_ign_eof"], "s_client", stdin=True))  # fmt: skip
        client.write(MESSAGE)
        self.assertEqual(client.wait_stdout(len(MESSAGE), 20), MESSAGE)
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)

    def test_card_as_it_is_flashed_boots_and_echoes(self):
        """Over QEMU's own network, from which DHCP gives the address, as ./run boot does it."""
        path = self.copy_card()
        self.edit(path, lambda text: text + "watchdog = off\n")
        self.assertEqual(machine.settings(settings.BOARD), {"watchdog": "off"})
        network = boot.network(boot.server_network(HOST_PORT, {}))
        pi = self.start_board(path, network=network)
        listening = pi.wait_event("listening", BOOT_S)
        self.assertEqual((listening["ip"], listening["port"]), (boot.FIRST_ADDRESS, "8433"))
        self.check_start(pi)
        self.check_echo(os.path.join(settings.BUILD_DIR, "certs", "ca.pem"), "127.0.0.1", HOST_PORT)
        pi.wait_event("closed", reason="clean")

    def check_start(self, pi):
        """All of it went well, and all settings are the ones that are shipped."""
        self.assertIn("Raspberry Pi 3 Model B", pi.find_events("kernel")[0]["model"])
        self.assertEqual(pi.find_events("modules")[0]["failed"], "0")
        self.assertEqual(pi.find_events("randomness")[0]["seeded"], "1")
        self.assertRegex(pi.find_events("card")[0]["device"], r"^mmcblk\dp1$")
        self.assertEqual(pi.find_events("boot")[0]["board"], "raspberry_pi")
        for name in ("line_ignored", "line_refused", "module_failed"):
            self.assertEqual(pi.find_events(name), [])

    def test_edited_line_is_obeyed(self):
        """Edited on a computer with the line ends of Windows, a mistake in it included."""

        def change(text):
            self.assertIn("#port = 8433\n", text)
            text = text.replace("#port = 8433\n", "port = 8555\n")
            text = text.replace("#ip = dhcp\n", f"ip = {settings.SERVER_IP}/24\n")
            text += "log-level = debug\nmax-sessions = lots\nwatchdog = off\n"
            self.mistake = text.count("\n", 0, text.index("max-sessions = lots")) + 1
            return text.replace("\n", "\r\n")

        path = self.copy_card()
        self.edit(path, change)
        Card(path).write("certs/blob.bin", testcerts.read_blob())
        pi = self.start_board(path, wire=self.make_wire())
        listening = pi.wait_event("listening", BOOT_S)
        self.assertEqual((listening["ip"], listening["port"]), (settings.SERVER_IP, "8555"))
        self.assertEqual(pi.find_events("card")[0]["blob"], "certs/blob.bin")
        ignored = pi.find_events("line_ignored")
        self.assertEqual([(event["name"], event["line"]) for event in ignored],
                         [("max-sessions", str(self.mistake))])  # fmt: skip
        self.check_echo(testcerts.file("ca.pem"), settings.SERVER_IP, 8555)
        pi.wait_event("closed", reason="clean")

    def test_client_comes_and_goes(self):
        """It echoes against a server of this machine's, and the board switches itself off."""
        server = self.own(opensslcli.EchoServer("-quiet"))
        config = f"role = client\npeer = {server.host}\nserver-name = {settings.SERVER_NAME}\n"
        config += f"ip = {settings.CLIENT_IP}/24\nwatchdog = off\n"
        path = self.copy_card()
        self.edit(path, lambda _: config)
        Card(path).write("certs/blob.bin", testcerts.read_blob())
        pi = self.start_board(path, wire=self.make_wire())
        self.assertEqual(pi.wait_event("echo", BOOT_S)["bytes"], "12")
        pi.wait_event("shutdown", status=0)
        pi.wait_event("end", action="poweroff")
        self.assertEqual(pi.wait_end(), "poweroff")


if __name__ == "__main__":
    board.require()
    harness.main()
