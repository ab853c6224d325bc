"""Does each wrong option, file or device end in one clear line and the right exit status?"""

import os
import shutil

import harness
import testcerts
import wire
from firmware import Firmware
from netns import ip

USAGE, BAD_BLOB, NETIF, CONFIG = 64, 65, 71, 78


class Refused(harness.TestCase):
    """Ends before it touches the network."""

    def refuse(self, status, words, *args, program="tls-echo-server"):
        """It ends with this status, and one line says why: it has all the words."""
        process = self.own(Firmware(program, args))
        self.check_exit(process, status)
        lines = [line for line in process.lines if all(word in line for word in words)]
        self.assertEqual(len(lines), 1, f"lines with {words}\n{process.log()}")
        self.assertEqual(process.stdout, b"")

    def test_unknown_option(self):
        self.refuse(USAGE, ["--no-such-option"], "--no-such-option")
        self.refuse(USAGE, ["--count"], "--netif", "tap:x", "--count", "2")

    def test_option_without_its_value(self):
        self.refuse(USAGE, ["--port"], "--netif", "tap:x", "--port")

    def test_missing_netif(self):
        self.refuse(USAGE, ["--netif"])

    def test_malformed_values(self):
        wrong = {
            "--ip": ["198.18.0.2", "198.18.0.256/24", "198.18.0.2/33", "198.18.0.2/24x", "x", ""],
            "--gateway": ["198.18.0", "1.2.3.4.5", "gateway"],
            "--dns": ["198.18.0.1x"],
            "--mac": ["02:00:00:00:00", "02:00:00:00:00:0g", "01:00:00:00:00:00"],
            "--port": ["0", "65536", "-1", "8433x", "", "99999999999999999999"],
            "--min-tls": ["1.1", "1.4", "x"],
            "--handshake-timeout": ["0", "-5", "5s"],
            "--idle-timeout": ["x"],
            "--log-level": ["loud"],
            "--max-sessions": ["0", "-1", "x", "1000000"],
            "--client-auth": ["maybe"],
            "--stats-interval": ["x"],
            "--rate-limit": ["x"],
        }
        for option, values in wrong.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.refuse(USAGE, [option, value], "--netif", "tap:x", option, value)

    def test_malformed_values_of_the_client(self):
        wrong = {"--count": ["0", "x"], "--size": ["x", "-1"]}
        for option, values in wrong.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    args = ["--netif", "tap:x", option, value, "198.18.0.1"]
                    self.refuse(USAGE, [option, value], *args, program="tls-echo-client")

    def test_client_without_host(self):
        self.refuse(USAGE, ["HOST"], "--netif", "tap:x", program="tls-echo-client")

    def test_malformed_netif(self):
        for spec in ("tap", "tap:", "wifi:x", "stream:x", "stream:connect=", "packet:"):
            with self.subTest(spec=spec):
                self.refuse(USAGE, ["--netif", spec], "--netif", spec)

    def test_config_file(self):
        folder = self.make_folder()
        path = os.path.join(folder, "x.conf")
        for text, words in (
            ("no-such-option = 1\n", ["x.conf:1", "no-such-option"]),
            ("# fine\nport = 0\n", ["x.conf:2", "port"]),
            ("port\n", ["x.conf:1"]),
        ):
            with self.subTest(text=text):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)
                self.refuse(CONFIG, words, "--config", path)
        missing = os.path.join(folder, "missing.conf")
        self.refuse(USAGE, [missing], "--config", missing)


class BadBlob(harness.TestCase):
    def refuse(self, path, *words, status=BAD_BLOB):
        made = self.make_wire()
        server = self.own(harness.new_server(made, "--certs", path, certs=None))
        self.check_exit(server, status)
        lines = [line for line in server.lines if "ERROR" in line and "selfcheck" in line]
        self.assertEqual(len(lines), 1, server.log())
        for word in words:
            self.assertIn(word, lines[0])
        self.assertEqual(server.find_events("listening"), [])

    def test_corrupt(self):
        self.refuse(testcerts.blob("corrupt"), "corrupt")

    def test_cut(self):
        self.refuse(testcerts.blob("cut"), "cut")

    def test_too_large(self):
        self.refuse(testcerts.blob("too_large"), "large")

    def test_no_blob_at_all(self):
        self.refuse(testcerts.file("server.pem"), "blob")

    def test_key_of_another_certificate(self):
        self.refuse(testcerts.blob("key_mismatch"), "key")

    def test_own_certificate_out_of_date(self):
        """The blob is sound; it is the day that is wrong."""
        self.refuse(testcerts.blob("expired"), "expired", status=CONFIG)
        self.refuse(testcerts.blob("not_yet_valid"), "not valid yet", status=CONFIG)

    def test_missing_file(self):
        self.refuse("/no/such/file.bin", "/no/such/file.bin")


def without_capabilities():
    """Words before a command that take all rights from it but those of its files."""
    return [shutil.which("setpriv"), "--bounding-set", "-all", "--inh-caps", "-all", "--"]


class BadNetif(harness.TestCase):
    def refuse(self, netif, *words, status=NETIF, **more):
        args = ["--netif", netif, "--ip", "198.18.0.2/24"]
        process = self.own(Firmware("tls-echo-server", args, **more))
        self.check_exit(process, status, 15)
        lines = [line for line in process.lines if netif.split(":")[0] in line.lower()]
        lines = [line for line in lines if all(word in line for word in words)]
        self.assertEqual(len(lines), 1, process.log())

    def test_missing_tap(self):
        self.refuse("tap:nosuch0", "nosuch0")

    def test_missing_interface(self):
        self.refuse("packet:nosuch0", "nosuch0")

    def test_missing_socket(self):
        """It waits for a while: the other side may still be starting."""
        path = os.path.join(self.make_folder(), "nobody.sock")
        self.refuse(f"stream:connect={path}", path, "nobody listened")

    def test_socket_path_too_long(self):
        path = "/" + "x" * 200
        self.refuse(f"stream:connect={path}", "long")

    def test_no_right_to_a_tap(self):
        """Root without its capabilities is what an ordinary user is to the kernel."""
        if not wire.tap_usable():
            self.refuse("tap:any0", "permission", "/dev/net/tun")
            return
        try:
            ip("tuntap", "add", "dev", "others0", "mode", "tap", "user", "1")
        except RuntimeError:
            self.skipTest("there is no other user in this user namespace")
        self.addCleanup(ip, "link", "del", "others0")
        self.refuse("tap:others0", "permission", "others0", prefix=without_capabilities())

    def test_no_right_to_an_interface(self):
        interface = self.make_wire("packet").interface
        netif = f"packet:{interface}"
        self.refuse(netif, "permission", interface, prefix=without_capabilities())

    def test_tap_that_another_program_has(self):
        if not wire.tap_usable():
            self.skipTest("this user may not open /dev/net/tun")
        made = self.make_wire("tap")
        self.start_server(made)
        self.refuse(made.netif, "in use", made.interface)


if __name__ == "__main__":
    harness.main()
