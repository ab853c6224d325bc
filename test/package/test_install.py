"""Can the package be installed into a clean arm64 Debian, does it echo from there, and does it go
again as Debian expects?"""

import os
import re
import shutil
import tempfile
import unittest

import debian
import harness
import opensslcli
import settings
import testcerts
from tlspeer import TlsPeer, connect

CONF = "/etc/tls-echo.conf"
BLOB = "/etc/tls-echo/blob.bin"
CA = os.path.join(settings.BUILD_DIR, "certs", "ca.pem")
MAC = ("--mac", "02:00:5e:00:53:42")


class Once:
    """What all tests begin with."""

    system = None  # with the package installed
    said = ""  # by dpkg
    clean_files = frozenset()  # before


def setUpModule():
    folder = tempfile.mkdtemp(prefix="tls-echo-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    Once.system = debian.System(os.path.join(folder, "root"))
    Once.clean_files = Once.system.files()
    Once.said = Once.system.install(debian.package())


class Installed(harness.TestCase):
    """One installation for all tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = Once.system

    def start(self, *args):
        wire = self.make_wire()
        common = ("--netif", wire.netif, *MAC, "--ip", f"{settings.SERVER_IP}/24")
        server = debian.FirmwareInSystem(self.system, "/usr/bin/tls-echo-server", [*common, *args])
        self.own(server).wait_event("listening", 20)
        return server

    def test_dpkg_is_content(self):
        self.assertNotRegex(Once.said, r"(?i)warning|error|fail")
        self.assertIn("Status: install ok installed", self.system.run("dpkg", "-s", "tls-echo"))
        self.assertEqual(self.system.run("dpkg", "--audit"), "")
        self.assertEqual(self.system.run("dpkg", "--verify", "tls-echo"), "")

    def test_service_has_a_user_who_cannot_log_in(self):
        user = re.search(r"^tls-echo:.*$", self.system.read("/etc/passwd"), re.MULTILINE)[0]
        self.assertTrue(user.endswith(":/usr/sbin/nologin"), user)
        self.assertRegex(self.system.read("/etc/group"), r"(?m)^tls-echo:")

    def test_nothing_is_enabled(self):
        units = self.system.path("/etc/systemd/system")
        found = [names for _folder, _folders, names in os.walk(units)]
        self.assertEqual(sum(found, []), [])

    def test_server_echoes_to_openssl(self):
        server = self.start()
        client = self.own(
            opensslcli.s_client(
                *("-CAfile", CA, "-verify_return_error", "-servername", settings.SERVER_NAME),
                *("-verify_hostname", settings.SERVER_NAME, "-quiet", "-no_ign_eof"),
                stdin=True,
            )
        )
        client.write(b"hello package\n")
        self.assertEqual(client.wait_stdout(14), b"hello package\n")
        client.close_stdin()
        server.wait_event("closed", 10)
        self.check_stopped(server)

    def test_service_configuration_with_own_keys(self):
        """As the manual page says: the blob in its place, the line in the configuration."""
        shutil.copy(testcerts.blob("good"), self.system.path(BLOB))
        self.addCleanup(os.remove, self.system.path(BLOB))
        before = self.system.read(CONF)
        with open(self.system.path(CONF), "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^#certs", "certs", before))
        try:
            server = self.start("--config", CONF)
            with TlsPeer(connect(), testcerts.client_context()) as peer:
                peer.handshake()
                self.assertEqual(peer.echo(b"own keys"), b"own keys")
                peer.close_cleanly()
            self.check_stopped(server)
        finally:
            with open(self.system.path(CONF), "w", encoding="utf-8") as file:
                file.write(before)

    def test_client_is_the_other_name_of_the_program(self):
        wire = self.make_wire()
        peer = self.own(opensslcli.EchoServer("-quiet"))
        shutil.copy(testcerts.blob("good"), self.system.path("/tmp/blob.bin"))
        self.addCleanup(os.remove, self.system.path("/tmp/blob.bin"))
        args = ["--netif", wire.netif, "--ip", f"{settings.CLIENT_IP}/24"]
        args += ["--certs", "/tmp/blob.bin", "--server-name", settings.SERVER_NAME]
        client = self.own(
            debian.FirmwareInSystem(self.system, "/usr/bin/tls-echo-client", [*args, peer.host])
        )
        self.assertEqual(client.wait_exit(30), 0)
        self.assertEqual(bytes(client.stdout), b"hello server\n")


class Life(harness.TestCase):
    """Each test has a copy of its own."""

    def setUp(self):
        super().setUp()
        self.folder = self.make_folder()
        self.system = debian.System(os.path.join(self.folder, "root"), Once.system)

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.system.path(path)), exist_ok=True)
        with open(self.system.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def newer_package(self, conf=None):
        """The next version of the package, with another configuration if one is given."""
        root = os.path.join(self.folder, "newer")
        debian.unpack(debian.package(), root)
        with open(os.path.join(root, "DEBIAN/control"), "r+", encoding="utf-8") as file:
            control = re.sub(r"(?m)^Version: .*$", "Version: 999", file.read())
            file.seek(0)
            file.write(control)
        if conf is not None:
            with open(os.path.join(root, CONF.lstrip("/")), "w", encoding="utf-8") as file:
                file.write(conf)
        deb = os.path.join(self.folder, "newer.deb")
        debian.build(root, deb)
        shutil.rmtree(root)
        return deb

    def test_changed_configuration_survives_upgrade_and_removal(self):
        changed = self.system.read(CONF) + "port = 9000\n"
        self.write(CONF, changed)
        self.system.install(self.newer_package())
        self.assertIn("Version: 999", self.system.run("dpkg", "-s", "tls-echo"))
        self.assertEqual(self.system.read(CONF), changed)

        self.system.run("dpkg", "--remove", "tls-echo")
        self.assertFalse(os.path.exists(self.system.path("/usr/bin/tls-echo-server")))
        self.assertEqual(self.system.read(CONF), changed)

    def test_changed_configuration_is_not_replaced_by_the_packages(self):
        original = self.system.read(CONF)
        changed = original + "port = 9000\n"
        self.write(CONF, changed)
        shutil.copy(self.newer_package(original + "# new\n"), self.system.path("/tmp/newer.deb"))
        self.system.run("dpkg", "--force-confdef", "--install", "/tmp/newer.deb")
        self.assertEqual(self.system.read(CONF), changed)
        self.assertEqual(self.system.read(f"{CONF}.dpkg-dist"), original + "# new\n")

    def test_purge_leaves_nothing(self):
        self.assertGreater(len(self.system.files() - Once.clean_files), 15)
        self.write(BLOB, "a private key")
        for target, unit in (
            ("multi-user.target", "tls-echo-macvlan@eth0"),
            ("sys-subsystem-net-devices-tls\\x2decho0.device", "tls-echo-server"),
        ):
            wants = self.system.path(f"/etc/systemd/system/{target}.wants")
            os.makedirs(wants)
            os.symlink(f"/usr/lib/systemd/system/{unit}.service", f"{wants}/{unit}.service")
        self.system.run("dpkg", "--purge", "tls-echo")
        left = self.system.files() - Once.clean_files
        self.assertLessEqual(left, {"etc/systemd", "etc/systemd/system"})

    def test_system_without_a_tool_for_users(self):
        shutil.rmtree(self.system.folder)
        system = debian.System(self.system.folder)
        os.remove(system.path("/usr/bin/systemd-sysusers"))
        self.assertIn("no user for the service was made", system.install(debian.package()))
        self.assertIn("Status: install ok installed", system.run("dpkg", "-s", "tls-echo"))


if __name__ == "__main__":
    harness.main()
