"""Can one built firmware get another identity, and does what does not fit leave it alone?"""

import hashlib
import os
import shutil
import subprocess

import elf
import harness
import settings
import testcerts
from firmware import Firmware
from tlspeer import TlsPeer, connect


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def served_fingerprint():
    """SHA-256 of the certificate that the server shows."""
    context = testcerts.client_context()
    with TlsPeer(connect(), context) as peer:
        peer.handshake()
        der = peer.tls.getpeercert(binary_form=True)
        peer.close_cleanly()
    return hashlib.sha256(der).hexdigest()


class Embedded(harness.TestCase):
    """The identity made by the build."""

    def test_server_shows_the_certificate_that_the_tool_reads_in_the_file(self):
        done = testcerts.blob_tool("show", settings.program("tls-echo"))
        self.assertEqual(done.returncode, 0, done.stderr)
        server = self.start_server(self.make_wire(), certs=None)
        pem = subprocess.run(
            [settings.OPENSSL, "s_client", "-connect", f"{settings.SERVER_IP}:{settings.PORT}"],
            input="", capture_output=True, text=True, check=False, timeout=30,
        ).stdout  # fmt: skip
        path = os.path.join(self.make_folder(), "served.pem")
        with open(path, "w", encoding="utf-8") as file:
            file.write(pem)
        shown = done.stdout.lower().replace(":", "")
        self.assertIn(testcerts.fingerprint(path), shown)
        self.check_stopped(server)

    def test_tool_never_prints_keys(self):
        done = testcerts.blob_tool("show", settings.program("tls-echo"))
        self.assertNotIn("PRIVATE", done.stdout)
        self.assertNotIn("PRIVATE", done.stderr)


class Option(harness.TestCase):
    def test_certs_option_serves_another_identity(self):
        server = self.start_server(self.make_wire())
        self.assertEqual(served_fingerprint(), testcerts.fingerprint(testcerts.file("server.pem")))
        self.check_stopped(server)

    def test_chain_of_two_is_served_whole(self):
        server = self.start_server(self.make_wire(), certs="intermediate")
        wanted = testcerts.fingerprint(testcerts.file("server.pem", "intermediate"))
        self.assertEqual(served_fingerprint(), wanted)
        self.check_stopped(server)


class Swap(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.firmware = os.path.join(self.make_folder(), "tls-echo")
        shutil.copy2(os.path.realpath(settings.program("tls-echo")), self.firmware)
        self.before = digest(self.firmware)

    def swap(self, blob):
        return testcerts.blob_tool("swap", self.firmware, blob)

    def start_swapped(self):
        args = ["--netif", self.make_wire().netif, "--ip", f"{settings.SERVER_IP}/24"]
        server = self.own(Firmware(self.firmware, ["server", *args]))
        server.wait_event("listening", 20)
        return server

    def test_swapped_firmware_serves_the_new_identity(self):
        done = self.swap(testcerts.blob())
        self.assertEqual(done.returncode, 0, done.stderr)
        server = self.start_swapped()
        self.assertEqual(served_fingerprint(), testcerts.fingerprint(testcerts.file("server.pem")))
        self.check_stopped(server)

    def test_every_other_byte_is_kept(self):
        self.assertEqual(self.swap(testcerts.blob()).returncode, 0)
        section = elf.read(self.firmware).sections[".cert_blob"]
        with open(settings.program("tls-echo"), "rb") as old, open(self.firmware, "rb") as new:
            before, after = old.read(), new.read()
        self.assertEqual(len(before), len(after))
        end = section.offset + section.size
        self.assertNotEqual(before[section.offset : end], after[section.offset : end])
        self.assertEqual(before[: section.offset], after[: section.offset])
        self.assertEqual(before[end:], after[end:])
        mode = os.stat(self.firmware).st_mode
        self.assertEqual(mode, os.stat(settings.program("tls-echo")).st_mode)

    def test_what_does_not_fit_is_refused_and_the_file_untouched(self):
        for variant, why in (
            ("cut", "short"),
            ("corrupt", "hash"),
            ("too_large", "has room for 16384"),
            ("key_mismatch", "not the key of"),
        ):
            with self.subTest(variant=variant):
                done = self.swap(testcerts.blob(variant))
                self.assertEqual(done.returncode, 65)
                self.assertIn(why, done.stderr)
                self.assertEqual(digest(self.firmware), self.before)
                self.assertEqual(os.listdir(os.path.dirname(self.firmware)), ["tls-echo"])


if __name__ == "__main__":
    harness.main()
