"""Does `openssl s_client` talk to our server, verify it, and reach each suite it offers?"""

import harness
import hello
import settings
from opensslcli import s_client

TLS_1_2_NAMES = {
    "ecdsa": {
        "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    },
    "rsa": {
        "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    },
}
GROUPS = {"X25519": "x25519", "P-256": "secp256r1", "P-384": "secp384r1"}
VERIFY = ["-verify_return_error", "-verify_hostname", settings.SERVER_NAME]
LINE = b"a line that comes back\n"


class WithBlob:
    """The same with either kind of key; a subclass says which."""

    def echo_line(self, *args):
        """One line there and back, with the chain and the name verified."""
        client = self.own(s_client("-quiet", "-no_ign_eof", *VERIFY, *args, stdin=True))
        client.write(LINE)
        self.assertEqual(client.wait_stdout(len(LINE)), LINE)
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)
        return self.wait_server("handshake_ok")

    def test_line_comes_back_in_each_version(self):
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            with self.subTest(version=version):
                self.since = self.server.mark()
                self.assertEqual(self.echo_line(option)["version"], version)
                closed = self.wait_server("closed")
                self.assertEqual(closed["reason"], "clean")
                self.assertEqual(closed["bytes_out"], str(len(LINE)))

    def test_each_suite_of_tls_1_2(self):
        for name, standard_name in TLS_1_2_NAMES[self.key].items():
            with self.subTest(suite=name):
                self.since = self.server.mark()
                event = self.echo_line("-tls1_2", "-cipher", name)
                self.assertEqual((event["version"], event["cipher"]), ("TLSv1.2", standard_name))

    def test_each_suite_of_tls_1_3(self):
        for name in hello.TLS_1_3_SUITES.values():
            with self.subTest(suite=name):
                self.since = self.server.mark()
                event = self.echo_line("-tls1_3", "-ciphersuites", name)
                self.assertEqual((event["version"], event["cipher"]), ("TLSv1.3", name))

    def test_each_group(self):
        # In TLS 1.2 a client without P-256 could not take our ECDSA certificate either.
        for option in ("-tls1_2", "-tls1_3") if self.key == "rsa" else ("-tls1_3",):
            for name, standard_name in GROUPS.items():
                with self.subTest(version=option, group=name):
                    self.since = self.server.mark()
                    event = self.echo_line(option, "-groups", name)
                    self.assertEqual(event["group"], standard_name)

    def test_hello_retry_request(self):
        """The first key share is of a group that the server does not have."""
        event = self.echo_line("-tls1_3", "-groups", "P-521:P-384")
        self.assertEqual(event["group"], "secp384r1")

    def test_chain_and_name_are_verified(self):
        client = self.own(s_client("-brief", "-no_ign_eof", *VERIFY))
        self.assertEqual(client.wait_exit(), 0, client.log())
        said = "\n".join(client.lines)
        self.assertIn("Verification: OK", said)
        self.assertIn(f"Verified peername: {settings.SERVER_NAME}", said)

    def test_address_is_verified(self):
        args = ["-verify_return_error", "-verify_ip", settings.SERVER_IP]
        client = self.own(s_client("-brief", "-no_ign_eof", *args))
        self.assertEqual(client.wait_exit(), 0, client.log())
        self.assertIn("Verification: OK", "\n".join(client.lines))

    def test_peer_that_wants_another_name_refuses_us(self):
        """s_client's own check works: the tests above could fail."""
        args = ["-verify_return_error", "-verify_hostname", "other.test"]
        client = self.own(s_client("-brief", "-no_ign_eof", *args))
        self.assertNotEqual(client.wait_exit(), 0)
        self.wait_server("accepted")


class Ecdsa(WithBlob, harness.ServerTestCase):
    key = "ecdsa"


class Rsa(WithBlob, harness.ServerTestCase):
    key = "rsa"
    certs = "rsa"


if __name__ == "__main__":
    harness.main()
