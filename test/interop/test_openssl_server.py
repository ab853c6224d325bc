"""Does our client talk to `openssl s_server`, and to nothing weaker than it should?"""

import harness
import hello
import testcerts
from opensslcli import EchoServer

TLS_FAILURE = 76
MESSAGE = b"hello server\n"


class Echo(harness.TestCase):
    """One echo each; variant says whose certificates s_server and our client have."""

    def run_client(self, *server_args, client_args=(), variant="", status=0):
        server = self.own(EchoServer("-quiet", *server_args, variant=variant))
        wire = self.make_wire()
        certs = variant or "good"
        client = self.start_client(wire, *client_args, host=server.host, certs=certs)
        self.check_exit(client, status, 30)
        server.kill()
        return client

    def check_echo(self, version, *server_args, **more):
        client = self.run_client(*server_args, **more)
        self.assertEqual(bytes(client.stdout), MESSAGE)
        event = client.find_events("handshake_ok")[0]
        self.assertEqual(event["version"], version)
        return event

    def test_each_version_with_ecdsa_and_rsa(self):
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            for variant in ("", "rsa"):
                with self.subTest(version=version, variant=variant):
                    self.check_echo(version, option, variant=variant)

    def test_each_suite_of_tls_1_2(self):
        for variant, suites in (("", hello.ECDSA_SUITES), ("rsa", hello.RSA_SUITES)):
            for name in suites.values():
                with self.subTest(suite=name):
                    args = ["-tls1_2", "-cipher", openssl_name(name)]
                    event = self.check_echo("TLSv1.2", *args, variant=variant)
                    self.assertEqual(event["cipher"], name)

    def test_each_suite_of_tls_1_3(self):
        for name in hello.TLS_1_3_SUITES.values():
            with self.subTest(suite=name):
                event = self.check_echo("TLSv1.3", "-tls1_3", "-ciphersuites", name)
                self.assertEqual(event["cipher"], name)

    def test_each_group(self):
        names = {"X25519": "x25519", "P-256": "secp256r1", "P-384": "secp384r1"}
        for name, standard_name in names.items():
            with self.subTest(group=name):
                event = self.check_echo("TLSv1.3", "-tls1_3", "-groups", name)
                self.assertEqual(event["group"], standard_name)

    def test_client_certificate_is_shown(self):
        """-Verify: s_server ends the handshake without one (and verifies it)."""
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            with self.subTest(version=version):
                args = [option, "-Verify", "2", "-verify_return_error"]
                args += ["-CAfile", testcerts.file("ca.pem")]
                self.check_echo(version, *args)

    def test_nothing_weaker_is_accepted(self):
        weak = (
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM8"],
            ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"],
            ["-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"],
            ["-tls1_3", "-groups", "X448"],
        )
        for args in weak:
            with self.subTest(server=args):
                client = self.run_client(*args, status=TLS_FAILURE)
                self.assertEqual(bytes(client.stdout), b"")
                self.assertEqual(client.find_events("handshake_failed")[0]["reason"], "alert")

    def test_nothing_weaker_is_accepted_with_rsa(self):
        for suite in ("AES128-GCM-SHA256", "AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"):
            with self.subTest(suite=suite):
                args = ["-tls1_2", "-cipher", suite]
                self.run_client(*args, variant="rsa", status=TLS_FAILURE)

    def test_min_tls_is_kept(self):
        client = self.run_client(
            "-tls1_2", client_args=["--min-tls", "1.3"], status=TLS_FAILURE
        )
        failed = client.find_events("handshake_failed")[0]
        self.assertEqual(failed["alert"], "protocol_version")


def openssl_name(standard_name):
    """TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 -> ECDHE-RSA-AES128-GCM-SHA256."""
    name = standard_name.removeprefix("TLS_").replace("_WITH_", "-")
    if "CHACHA20" in name:
        return name.removesuffix("_SHA256").replace("_", "-")
    return name.replace("AES_", "AES").replace("_", "-")


if __name__ == "__main__":
    harness.main()
