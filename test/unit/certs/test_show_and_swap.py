"""Does show never tell a key, and swap change the section alone or nothing at all?"""

import base64
import datetime
import os
import random
import re
import shutil
import subprocess
import sys
import unittest

from firmware_double import CAPACITY, OFFSET, make_elf
from support import CERTS, Case, blob, identities, openssl, read, run, write

import blob_format  # found through support
import elf


def variant(name) -> str:
    return os.path.join(identities(), f"{name}.bin")


class Show(Case):
    def test_what_is_inside(self):
        result = blob("show", variant("good"))
        fingerprint = openssl(
            "x509", "-in", os.path.join(identities(), "server.pem"), "-noout", "-fingerprint", "-sha256"
        )
        self.assert_result(
            result,
            0,
            "certificate blob, format 1, hash ok",
            f"{len(read(variant('good')))} bytes of 16384",
            "subject     CN=tls-echo server,O=TLS echo firmware",
            "issuer      CN=TLS echo CA,O=TLS echo firmware",
            "names       DNS:tls-echo.local, DNS:localhost, IP Address:198.18.0.2",
            fingerprint.split("=")[1].strip().replace(":", "").lower(),
            "server key: EC-P256, matches",
            "client key: EC-P256, matches",
        )
        self.assertEqual(len(re.findall(r"not (before|after) +\d{4}-\d\d-\d\dT", result.stdout)), 6)

    def test_when_it_was_made(self):
        result = blob("show", variant("good"))
        made = re.search(r"made (\S+Z): no clock that says less", result.stdout).group(1)
        before = os.stat(variant("good")).st_mtime
        then = datetime.datetime.fromisoformat(made.replace("Z", "+00:00")).timestamp()
        self.assertTrue(before - 60 <= then <= before + 1, made)

    def test_a_reproducible_build_chooses_the_time(self):
        def pack(epoch):
            return run(
                sys.executable, "-B", os.path.join(CERTS, "blob.py"), "pack", identities(),
                self.path("out.bin"), env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
            )  # fmt: skip

        self.assert_result(pack("4102444800"), 0)
        self.assert_result(blob("show", self.path("out.bin")), 0, "made 2100-01-01T00:00:00Z")
        first = read(self.path("out.bin"))
        self.assert_result(pack("4102444800"), 0)
        self.assertEqual(read(self.path("out.bin")), first)
        for bad in ("0", "-1", "1e9", "yesterday", "253402300800"):
            self.assert_result(pack(bad), 65, "SOURCE_DATE_EPOCH must be seconds since 1970")

    def test_what_is_wrong_is_shown_too(self):
        self.assert_result(blob("show", variant("expired")), 0, "(EXPIRED)")
        self.assert_result(blob("show", variant("not_yet_valid")), 0, "(NOT YET VALID)")
        self.assert_result(blob("show", variant("key_mismatch")), 0, "DOES NOT MATCH")
        self.assert_result(blob("show", variant("too_large")), 0, "too many for a firmware")

    def test_a_bad_blob_is_refused(self):
        for name in ("cut", "corrupt"):
            self.assert_result(blob("show", variant(name)), 65)
        write(self.path("text"), b"hello")
        self.assert_result(blob("show", self.path("text")), 65, "not a certificate blob")
        self.assert_result(blob("show", self.path("nowhere")), 66, "nowhere: No such file")
        self.assert_result(blob("show", self.folder), 66, "not a file")
        self.assert_result(blob("show"), 64)

    def test_no_command_prints_key_bytes(self):
        firmware = self.path("firmware")
        write(firmware, make_elf())
        for name in ("good", "rsa_ca", "key_mismatch", "weak", "expired"):
            folder = identities() if name == "good" else os.path.join(identities(), name)
            for command in (
                ["show", variant(name)],
                ["check", variant(name)],
                ["swap", firmware, variant(name)],
                ["pack", folder, self.path("out.bin")],
            ):
                result = blob(*command)
                self.assertIn(result.returncode, (0, 65))
                for role in ("server", "client"):
                    key = os.path.join(folder, f"{role}.key")
                    self.assert_no_secret(result.stdout + result.stderr, key)

    def assert_no_secret(self, output, key):
        der = subprocess.run(
            ["openssl", "pkey", "-in", key, "-outform", "DER"], capture_output=True, check=True
        ).stdout
        # Nothing of the key in four bytes or more may be there: as hexadecimal digits of any
        # grouping, or as base64 of any alignment. The algorithm's identifier is no secret.
        hexadecimal = re.sub(r"[^0-9a-f]", "", output.lower())
        secret = der[36:68] if len(der) < 200 else der[40:]
        for start in range(0, len(secret) - 12):
            self.assertNotIn(secret[start : start + 12].hex(), hexadecimal)
        for shift in range(3):
            text = base64.b64encode(secret[shift:]).decode()
            for start in range(0, len(text) - 16):
                self.assertNotIn(text[start : start + 16], output)


class Swap(Case):
    def setUp(self):
        super().setUp()
        self.firmware = self.path("firmware")
        write(self.firmware, make_elf())
        os.chmod(self.firmware, 0o750)
        self.before = read(self.firmware)
        self.inode = os.stat(self.firmware).st_ino

    def swap(self, source):
        return blob("swap", self.firmware, source)

    def assert_swapped(self, result, source, *texts):
        self.assert_result(result, 0, *texts)
        after = read(self.firmware)
        data = read(source)
        self.assertEqual(after[:OFFSET], self.before[:OFFSET])
        self.assertEqual(after[OFFSET : OFFSET + CAPACITY], data.ljust(CAPACITY, b"\0"))
        self.assertEqual(after[OFFSET + CAPACITY :], self.before[OFFSET + CAPACITY :])
        self.assertEqual(os.stat(self.firmware).st_mode & 0o7777, 0o750)

    def assert_untouched(self, result, *texts):
        self.assert_result(result, 65, *texts)
        self.assertEqual(read(self.firmware), self.before)
        self.assertEqual(os.stat(self.firmware).st_ino, self.inode)
        self.assertEqual(os.listdir(self.folder), ["firmware"])

    def test_every_other_byte_is_kept(self):
        for name in ("good", "rsa", "intermediate"):
            self.assert_swapped(self.swap(variant(name)), variant(name))
        self.assertEqual(os.listdir(self.folder), ["firmware"])
        self.assert_result(blob("show", self.firmware), 0, "firmware, format 1", "of 2:")

    def test_all_kinds_of_elf(self):
        for order in "<>":
            for wide in (True, False):
                self.before = make_elf(order=order, wide=wide)
                write(self.firmware, self.before)
                self.assert_swapped(self.swap(variant("good")), variant("good"))

    def test_blob_of_another_firmware(self):
        other = self.path("other")
        write(other, self.before)
        self.assert_result(blob("swap", other, variant("rsa")), 0)
        self.assert_swapped(self.swap(other), variant("rsa"))

    def test_a_link_stays_and_its_file_is_replaced(self):
        link = self.path("link")
        os.symlink("firmware", link)
        self.assert_swapped(blob("swap", link, variant("good")), variant("good"))
        self.assertEqual(os.readlink(link), "firmware")

    def test_a_file_with_two_names_is_refused(self):
        os.link(self.firmware, self.path("second"))
        result = self.swap(variant("good"))
        self.assert_result(result, 65, "2 names (hard links)")
        self.assertEqual(read(self.firmware), self.before)

    def test_dates_are_warnings(self):
        result = self.swap(variant("expired"))
        self.assert_swapped(result, variant("expired"), "warning: server certificate: expired")
        result = self.swap(variant("not_yet_valid"))
        self.assert_swapped(result, variant("not_yet_valid"), "warning: server certificate: not valid")

    def test_bad_blobs_are_refused(self):
        for name, reason in (
            ("cut", "cut short"),
            ("corrupt", "the hash does not match"),
            ("too_large", "the firmware has room for 16384"),
            ("key_mismatch", "not the key of"),
            ("weak", "RSA-1024"),
            ("bad_usage", "key usage does not allow"),
        ):
            with self.subTest(name):
                self.assert_untouched(self.swap(variant(name)), reason)

    def test_bad_firmware_is_refused(self):
        size = len(self.before)
        for name, data, reason in (
            ("another section", make_elf(section=b".cert_blub"), "no section .cert_blob"),
            ("a longer name", make_elf(section=b".cert_blob2"), "no section .cert_blob"),
            ("two sections", make_elf(copies=2), "2 sections .cert_blob"),
            ("a smaller section", make_elf(size=8192), "has 8192 bytes, not 16384"),
            ("a larger section", make_elf(size=16385), "has 16385 bytes, not 16384"),
            ("a section over the end", make_elf(offset=1 << 20), "over the end of the file"),
            ("a section off the page", make_elf(offset=OFFSET + 4), "not page-aligned"),
            ("an alignment too small", make_elf(align=16), "not page-aligned"),
            ("no contents", make_elf(kind=8), "no plain contents"),
            ("compressed", make_elf(flags=0x802), "no plain contents"),
            ("no section headers", self.with_table(0), "no section headers"),
            ("headers over the end", self.with_table(size), "damaged or cut"),
            ("headers far away", self.with_table(1 << 62), "damaged or cut"),
            ("cut in the headers", self.before[:-1], "damaged or cut"),
            ("cut in the header", self.before[:40], "damaged or cut"),
            ("only the magic", b"\x7fELF", "damaged or cut"),
            ("unknown class", b"\x7fELF\x07" + self.before[5:], "damaged or cut"),
            ("names nowhere", self.with_names(9), "damaged or cut"),
            ("no ELF file", b"hello", "no ELF file"),
            ("empty", b"", "no ELF file"),
        ):
            with self.subTest(name):
                write(self.firmware, data)
                self.before = data
                self.assert_untouched(self.swap(variant("good")), reason)

    def with_table(self, offset) -> bytes:
        return self.before[:40] + offset.to_bytes(8, "little") + self.before[48:]

    def with_names(self, index) -> bytes:
        return self.before[:62] + index.to_bytes(2, "little") + self.before[64:]

    def test_random_damage_is_never_a_crash(self):
        chance = random.Random(7)
        table = len(self.before) - 3 * 64
        places = [*range(64), *range(table, len(self.before))]
        for _ in range(3000):
            data = bytearray(self.before)
            for _ in range(chance.randrange(1, 4)):
                data[chance.choice(places)] = chance.randrange(256)
            try:
                section = elf.find_section(bytes(data), ".cert_blob")
            except blob_format.CertsError:
                continue
            self.assertLessEqual(section.offset + section.size, len(data))

    def test_missing_files(self):
        self.assert_result(blob("swap", self.path("nowhere"), variant("good")), 66, "nowhere")
        self.assert_result(self.swap(self.path("nowhere")), 66, "nowhere")
        self.assertEqual(read(self.firmware), self.before)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_folder_that_cannot_be_written(self):
        os.chmod(self.folder, 0o500)
        self.addCleanup(os.chmod, self.folder, 0o700)
        self.assert_result(self.swap(variant("good")), 73)
        self.assertEqual(read(self.firmware), self.before)


@unittest.skipUnless("TEST_CARRIER" in os.environ, "TEST_CARRIER is not set: run by ctest")
class RealProgram(Case):
    """A program that the build linked, unstripped and stripped."""

    def setUp(self):
        super().setUp()
        self.program = self.path("carrier")
        shutil.copy(os.environ["TEST_CARRIER"], self.program)

    def assert_carries(self, data):
        said = subprocess.run([self.program], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said.strip(), data[-32:].hex())

    def check_swap(self):
        self.assert_result(blob("check", self.program), 0, "firmware, all well")
        self.assert_result(blob("swap", self.program, variant("rsa")), 0)
        self.assert_carries(read(variant("rsa")))
        self.assert_result(blob("show", self.program), 0, "RSA-2048")

    def test_unstripped(self):
        self.check_swap()

    def test_stripped(self):
        subprocess.run([os.environ["TEST_STRIP"], self.program], check=True)
        self.check_swap()


if __name__ == "__main__":
    unittest.main()
