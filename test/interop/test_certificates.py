"""Is each certificate that must be refused refused for its own reason, by our client and server?"""

import ssl

import harness
import testcerts
from firmware import Firmware
from servers import Listener
from tlspeer import TlsPeer, connect, serve_echo

UNTRUSTED = 77
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

# The variant's folder, the word in our log, and the alert's name as OpenSSL has it.
REFUSED_SERVERS = (
    ("expired", "expired", "CERTIFICATE_EXPIRED"),
    ("not_yet_valid", "not_yet_valid", "CERTIFICATE_EXPIRED"),
    ("wrong_name", "wrong_name", "BAD_CERTIFICATE"),
    ("unknown_ca", "unknown_ca", "UNKNOWN_CA"),
    ("weak", "weak", ""),
    ("bad_usage", "bad_usage", ""),
)
REFUSED_CLIENTS = (
    ("expired", "expired"),
    ("not_yet_valid", "not_yet_valid"),
    ("unknown_ca", "unknown_ca"),
    ("weak", "weak"),
    ("bad_usage", "bad_usage"),
)


class Client(harness.TestCase):
    """Our client against servers that show certificates of all kinds."""

    def run_client(self, context, *args):
        """Returns the client's process and what OpenSSL made of it."""
        said = []

        def serve(sock):
            with TlsPeer(sock, context) as peer:
                try:
                    peer.handshake()
                    serve_echo(peer)
                except (ssl.SSLError, ConnectionResetError) as error:
                    said.append(str(error))

        server = Listener(serve)
        client = self.start_client(self.make_wire(), *args, host=server.host)
        client.wait_exit(30)
        server.served.acquire(timeout=10)
        server.close()
        return client, "\n".join(said)

    def check_refused(self, client, word):
        self.check_exit(client, UNTRUSTED)
        failed = client.find_events("handshake_failed")
        self.assertEqual(len(failed), 1, client.log())
        self.assertEqual((failed[0]["reason"], failed[0]["verify"]), ("untrusted", word))
        self.assertEqual(failed[0]["alert_by"], "us")
        self.assertEqual(client.find_events("shutdown")[0]["status"], str(UNTRUSTED))
        self.assertEqual(client.stdout, b"")

    def test_refused_for_its_own_reason(self):
        for version in VERSIONS:
            for variant, word, alert in REFUSED_SERVERS:
                with self.subTest(version=version.name, variant=variant):
                    context = testcerts.server_context(variant, version)
                    client, said = self.run_client(context)
                    self.check_refused(client, word)
                    self.assertIn("ALERT", said.upper(), "the server was not told")
                    self.assertIn(alert, said.upper())

    def test_wrong_name_asked_for(self):
        for name in ("other.test", "198.18.0.99", "tls-echo.local.test", "echo.local"):
            with self.subTest(name=name):
                context = testcerts.server_context()
                client, _said = self.run_client(context, "--server-name", name)
                self.check_refused(client, "wrong_name")

    def test_right_names_and_addresses(self):
        for name in ("tls-echo.local", "TLS-ECHO.LOCAL", "localhost", "198.18.0.2"):
            with self.subTest(name=name):
                context = testcerts.server_context()
                client, _said = self.run_client(context, "--server-name", name)
                self.check_exit(client, 0)

    def test_host_is_the_name_when_no_other_is_given(self):
        """The test's server has no certificate for its own address."""
        context = testcerts.server_context()
        server = Listener(lambda sock: TlsPeer(sock, context).handshake(), (ssl.SSLError,))
        self.addCleanup(server.close)
        args = ["--netif", self.make_wire().netif, "--ip", "198.18.0.3/24"]
        client = self.own(
            Firmware("tls-echo-client", [*args, "--certs", testcerts.blob(), server.host])
        )
        client.wait_exit(30)
        self.check_refused(client, "wrong_name")

    def test_good_ones_are_accepted(self):
        """The same servers with nothing wrong: the refusals above have one cause."""
        for variant in ("", "intermediate"):
            with self.subTest(variant=variant):
                client, _said = self.run_client(testcerts.server_context(variant))
                self.check_exit(client, 0)
                shown = client.find_events("peer_certificate")[0]
                self.assertIn("CN=tls-echo server", shown["subject"])
                self.assertIn("CN=", shown["issuer"])
                wanted = testcerts.fingerprint(testcerts.file("server.pem", variant))
                self.assertEqual(shown["sha256"], wanted)


class Server(harness.ServerTestCase):
    """Our server asks for certificates, and refuses what is wrong with them."""

    server_args = ("--client-auth", "required")

    def connect_with(self, variant, version):
        """Returns the peer's name and OpenSSL's complaint, "" if there was none."""
        context = testcerts.client_context(variant, version)
        with TlsPeer(connect(), context) as peer:
            name = peer.name
            try:
                peer.handshake()
                peer.echo(b"in TLS 1.3 the alert comes only now")
            except (ssl.SSLError, ConnectionResetError) as error:
                return name, str(error)
            peer.close_cleanly()
            return name, ""

    def test_refused_for_its_own_reason(self):
        for version in VERSIONS:
            for variant, word in REFUSED_CLIENTS:
                with self.subTest(version=version.name, variant=variant):
                    name, said = self.connect_with(variant, version)
                    failed = self.wait_server("handshake_failed", peer=name)
                    self.assertEqual((failed["reason"], failed["verify"]), ("untrusted", word))
                    self.assertEqual(failed["alert_by"], "us")
                    self.assertIn("ALERT", said.upper(), "the client was not told")
        self.check_served()

    def test_missing_is_refused(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                name, said = self.connect_with(None, version)
                failed = self.wait_server("handshake_failed", peer=name)
                self.assertEqual((failed["reason"], failed["verify"]), ("untrusted", "missing"))
                self.assertIn("ALERT", said.upper(), "the client was not told")
        self.check_served()

    def test_good_one_is_accepted_and_logged(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                self.since = self.server.mark()
                name, said = self.connect_with("", version)
                self.assertEqual(said, "")
                hello = self.wait_server("handshake_ok", peer=name)
                shown = self.wait_server("peer_certificate", session=hello["session"])
                self.assertIn("CN=tls-echo client", shown["subject"])
                wanted = testcerts.fingerprint(testcerts.file("client.pem"))
                self.assertEqual(shown["sha256"], wanted)

    def check_served(self):
        """It goes on serving the others."""
        _name, said = self.connect_with("", None)
        self.assertEqual(said, "")


class OptionalServer(harness.ServerTestCase):
    server_args = ("--client-auth", "optional")

    def test_none_is_fine_and_a_bad_one_is_refused(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                with TlsPeer(connect(), testcerts.client_context(None, version)) as peer:
                    self.assertEqual(peer.handshake().echo(b"nobody"), b"nobody")
                    peer.close_cleanly()
                with TlsPeer(connect(), testcerts.client_context("expired", version)) as peer:
                    with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                        peer.handshake().echo(b"somebody of yesterday")
                    failed = self.wait_server("handshake_failed", peer=peer.name)
                self.assertEqual(failed["verify"], "expired")


class OurClientRefused(harness.TestCase):
    """A server that does not trust our client's certificate; in TLS 1.3 it says so only after the
    client's handshake was over."""

    def test_alert_is_named_and_the_status_is_76(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                context = testcerts.server_context("", version)
                context.load_verify_locations(testcerts.file("ca.pem", "unknown_ca"))
                context.verify_mode = ssl.CERT_REQUIRED
                server = Listener(lambda sock, c=context: refuse(sock, c))
                client = self.start_client(self.make_wire(), host=server.host)
                self.check_exit(client, 76, 30)
                server.close()
                self.assertIn("alert=unknown_ca", "\n".join(client.lines))


def refuse(sock, context):
    """The handshake fails, and the client reads why before the connection ends."""
    peer = TlsPeer(sock, context)
    try:
        peer.handshake()
    except ssl.SSLError:
        peer.sock.shutdown(1)
        while peer.sock.recv(4096):
            pass
        return
    raise AssertionError("the client was trusted")


if __name__ == "__main__":
    harness.main()
