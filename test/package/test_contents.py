"""Is the package what Debian expects, the same each time, and do its parts agree with the program?
"""

import glob
import gzip
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import debian
import elf
import harness
import settings
import testcerts

MODES = {
    "usr/bin/tls-echo-server": 0o755,
    "usr/libexec/tls-echo/netif": 0o755,
    "etc/tls-echo.conf": 0o644,
    "usr/lib/sysusers.d/tls-echo.conf": 0o644,
    "usr/lib/tmpfiles.d/tls-echo.conf": 0o644,
    "usr/lib/systemd/system/tls-echo-server.service": 0o644,
    "usr/lib/systemd/system/tls-echo-macvlan@.service": 0o644,
    "usr/lib/systemd/system/tls-echo-bridge@.service": 0o644,
    "usr/share/man/man8/tls-echo-server.8.gz": 0o644,
    "usr/share/man/man1/tls-echo-client.1.gz": 0o644,
    "usr/share/man/man5/tls-echo.conf.5.gz": 0o644,
    "usr/share/doc/tls-echo/copyright": 0o644,
    "usr/share/doc/tls-echo/changelog.gz": 0o644,
    "usr/share/doc/tls-echo/examples/README": 0o644,
}
SCRIPTS = {"postinst", "prerm", "postrm"}
UNITS = ("tls-echo-server", "tls-echo-macvlan@eth0", "tls-echo-bridge@br0")

# systemd-analyze's scale times ten: below it stands "OK", from it on "MEDIUM" and worse.
EXPOSURE_LIMIT = 50


class Contents(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = tempfile.mkdtemp(prefix="tls-echo-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        debian.unpack(debian.package(), cls.root)

    def read(self, path):
        with open(os.path.join(self.root, path), "rb") as file:
            return file.read()

    def page(self, name):
        return gzip.decompress(self.read(f"usr/share/man/{name}.gz")).decode()

    def paths(self):
        for folder, _folders, names in os.walk(self.root):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def ask_program(self, *args, status=0):
        program = os.path.join(self.root, "usr/bin/tls-echo-server")
        done = subprocess.run(
            [*settings.RUNNER, program, *args], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    # ---- Files

    def test_control_says_what_it_is(self):
        control = self.read("DEBIAN/control").decode()
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", control, re.MULTILINE))
        self.assertEqual(fields["Package"], "tls-echo")
        self.assertEqual(fields["Architecture"], "arm64")
        self.assertIn(f"tls-echo {fields['Version']} ", self.ask_program("--version"))
        self.assertNotIn("Depends", fields)
        self.assertIn("iproute2", fields["Recommends"])

    def test_size_is_that_of_the_files(self):
        size = 0
        for folder, folders, names in os.walk(self.root):
            if os.path.basename(folder) == "DEBIAN":
                continue
            size += len([name for name in folders if name != "DEBIAN"])
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                size += 1 if stat.S_ISLNK(status.st_mode) else -(-status.st_size // 1024)
        self.assertIn(f"\nInstalled-Size: {size}\n", self.read("DEBIAN/control").decode())

    def test_files_have_their_modes_and_belong_to_root(self):
        listed = {}
        for line in debian.run("dpkg-deb", "--contents", debian.package()).splitlines():
            mode, owner, _size, _day, _time, path = line.split(maxsplit=5)
            self.assertEqual(owner, "root/root", line)
            self.assertNotRegex(mode, r"^[d-].......w.|^[d-]....w", line)
            listed[path.removeprefix("./")] = mode
        for path, mode in MODES.items():
            self.assertEqual(os.stat(os.path.join(self.root, path)).st_mode & 0o7777, mode, path)
        self.assertIn("usr/bin/tls-echo-client -> tls-echo-server", listed)

    def test_control_files_are_right(self):
        scripts = {name for name in os.listdir(os.path.join(self.root, "DEBIAN"))}
        self.assertEqual(scripts, SCRIPTS | {"control", "conffiles", "md5sums"})
        self.assertEqual(self.read("DEBIAN/conffiles"), b"/etc/tls-echo.conf\n")
        for line in self.read("DEBIAN/md5sums").decode().splitlines():
            digest, path = line.split(maxsplit=1)
            self.assertEqual(hashlib.md5(self.read(path)).hexdigest(), digest, path)

    def test_program_is_the_one_that_was_built(self):
        program = self.read("usr/bin/tls-echo-server")
        with open(settings.program("tls-echo"), "rb") as file:
            self.assertEqual(program, file.read())
        parsed = elf.read(os.path.join(self.root, "usr/bin/tls-echo-server"))
        self.assertEqual(parsed.machine, elf.EM_AARCH64)
        self.assertIsNone(parsed.segment(elf.PT_INTERP))

    def test_no_path_of_this_machine_is_in_it(self):
        for path in self.paths():
            if not os.path.islink(os.path.join(self.root, path)):
                self.assertNotIn(settings.SOURCE_DIR.encode(), self.read(path), path)

    # ---- What Debian's tools say

    def test_lintian_has_no_errors(self):
        text = debian.run("lintian", "--fail-on", "error,warning", debian.package())
        self.assertNotRegex(text, r"(?m)^[EW]: ")

    def test_lintian_would_see_an_error(self):
        folder = tempfile.mkdtemp(dir=self.make_folder())
        changed = shutil.copytree(self.root, os.path.join(folder, "root"), symlinks=True)
        os.remove(os.path.join(changed, "usr/share/lintian/overrides/tls-echo"))
        deb = os.path.join(folder, "changed.deb")
        debian.build(changed, deb)
        text = debian.run("lintian", "--fail-on", "error,warning", deb, status=2)
        self.assertIn("usr/bin/tls-echo-server", text)

    def test_same_sources_give_the_same_bytes(self):
        """Another day, another folder, another umask."""
        script = os.path.join(settings.SOURCE_DIR, "board", "package", "pack.sh")
        config = os.path.join(settings.BUILD_DIR, "board", "package", "CPackConfig.cmake")
        folder = os.path.join(self.make_folder(), "package")
        changelog = gzip.decompress(self.read("usr/share/doc/tls-echo/changelog.gz")).decode()
        date = re.search(r"^ -- .*>  (.*)$", changelog, re.MULTILINE)[1]
        epoch = debian.run("date", "-d", date, "+%s").strip()
        elsewhere = {**os.environ, "TZ": "Asia/Tokyo"}
        debian.run(script, "cpack", config, epoch, folder, env=elsewhere, umask=0o077)
        (again,) = glob.glob(os.path.join(folder, "*.deb"))
        with open(again, "rb") as new, open(debian.package(), "rb") as old:
            self.assertTrue(new.read() == old.read(), "another package came out")

    # ---- Units

    def analyze(self, *words, drop_in=None):
        """systemd-analyze on the package's files, with a drop-in for the server if one is given."""
        root = os.path.join(self.make_folder(), "root")
        shutil.copytree(self.root, root, symlinks=True)
        units = os.path.join(root, "usr/lib/systemd/system")
        for pattern in ("*.target", "*.slice"):
            for path in glob.glob(f"/usr/lib/systemd/system/{pattern}"):
                shutil.copy(path, units)
        if drop_in:
            folder = os.path.join(root, "etc/systemd/system/tls-echo-server.service.d")
            os.makedirs(folder)
            shutil.copy(os.path.join(self.root, drop_in), os.path.join(folder, "network.conf"))
        return debian.run("systemd-analyze", f"--root={root}", "--man=no", *words)

    def test_units_are_valid(self):
        for unit in UNITS:
            with self.subTest(unit):
                self.assertEqual(self.analyze("verify", f"{unit}.service"), "")

    def test_units_expose_little(self):
        words = ("security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager")
        for unit in UNITS:
            with self.subTest(unit):
                self.assertRegex(self.analyze(*words, f"{unit}.service"), r"level for .* OK")

    def test_examples_are_valid(self):
        examples = "usr/share/doc/tls-echo/examples"
        words = ("security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", "--no-pager")
        for name in ("networkd-macvlan", "tap-in-bridge"):
            with self.subTest(name):
                drop_in = f"{examples}/{name}/server.conf"
                server = "tls-echo-server.service"
                self.assertEqual(self.analyze("verify", server, drop_in=drop_in), "")
                self.analyze(*words, server, drop_in=drop_in)

    def test_folder_for_keys_is_closed(self):
        rules = self.read("usr/lib/tmpfiles.d/tls-echo.conf").decode()
        self.assertIn("\nd /etc/tls-echo 0750 root tls-echo\n", rules)
        unit = self.read("usr/lib/systemd/system/tls-echo-server.service").decode()
        self.assertIn("\nGroup=tls-echo\n", unit)

    # ---- Manual pages and configuration

    def options(self, role):
        page = self.ask_program("--help") if role == "server" else self.ask_client_help()
        return re.findall(r"^  --([a-z0-9-]+)", page, re.MULTILINE)

    def ask_client_help(self):
        program = os.path.join(self.root, "usr/bin/tls-echo-client")
        command = [*settings.RUNNER, program, "--help"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def test_manual_pages_name_every_option(self):
        settings_page = self.page("man5/tls-echo.conf.5")
        for role, section in (("server", 8), ("client", 1)):
            options = self.options(role)
            self.assertGreater(len(options), 15)
            page = self.page(f"man{section}/tls-echo-{role}.{section}")
            for option in options:
                escaped = option.replace("-", "\\-")
                self.assertIn(f"\\fB\\-\\-{escaped}\\fR", page)
                in_file = option not in ("config", "help", "version")
                self.assertEqual(f"\\fB{escaped} =\\fR" in settings_page, in_file, option)

    def test_help_that_is_not_understood_makes_no_page(self):
        sys.path.insert(0, os.path.join(settings.SOURCE_DIR, "board", "package"))
        self.addCleanup(sys.path.pop, 0)
        import make_man

        page = self.ask_program("--help")
        self.assertEqual(len(make_man.parse_help(page)), 2)
        for text, other in (("  --port N", "  -p --port N"), ("\n\n  --netif", "\n  --netif")):
            broken = page.replace(text, other)
            self.assertNotEqual(broken, page)
            with self.assertRaises(ValueError):
                make_man.parse_help(broken)

    def start_with(self, conf, status):
        """The program reads the configuration, and then finds no interface to open."""
        path = os.path.join(self.make_folder(), "tls-echo.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(conf)
        blob = testcerts.blob("good")
        options = ("--config", path, "--netif", "packet:none0", "--certs", blob)
        self.ask_program(*options, status=status)

    def test_configuration_is_one_that_the_program_takes(self):
        conf = self.read("etc/tls-echo.conf").decode()
        self.start_with(conf, 71)
        self.start_with(conf + "prot = 1\n", 78)

    def test_every_setting_in_it_can_be_switched_on(self):
        conf = self.read("etc/tls-echo.conf").decode()
        changed, count = re.subn(r"(?m)^#([a-z0-9-]+ = )", r"\1", conf)
        self.assertGreater(count, 8)
        self.start_with(changed.replace("ip = dhcp\n", ""), 71)

    def test_configuration_names_the_security_settings(self):
        conf = self.read("etc/tls-echo.conf").decode()
        for name in ("certs", "client-auth", "min-tls", "time-policy", "sandbox"):
            self.assertRegex(conf, rf"(?m)^#{name} = ")


if __name__ == "__main__":
    harness.main(namespace=False)
