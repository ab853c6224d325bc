"""What exactly does our server accept and our client offer, bit by bit, and nothing weaker?"""

import harness
import hello
import settings
from servers import Listener, reset
from tlspeer import connect, name_of

# All blocks of numbers in which suites for TLS 1.0 to 1.2 have ever been registered.
ALL_SUITES = {
    *range(0x0001, 0x0100),
    *range(0xC001, 0xC200),
    *range(0xCC00, 0xCD00),
    *range(0xD000, 0xD006),
}
OTHER_SUITES = ALL_SUITES - hello.OFFERED_SUITES.keys() - hello.SIGNALLING_SUITES
TLS_1_3_OTHERS = [0x1304, 0x1305]  # AES-CCM, AES-CCM-8


class Server:
    """Raw ClientHellos against a server; a subclass says with which key."""

    def ask(self, *args, **more):
        with connect() as sock:
            self.peer = name_of(sock)
            sock.sendall(hello.client_hello(*args, **more))
            return hello.receive_answer(sock)

    def check_refused(self, alert, *args, **more):
        """The alert comes, and the log says that it is ours."""
        self.assertEqual(self.ask(*args, **more).alert, alert)
        failed = self.wait_server("handshake_failed", peer=self.peer)
        self.assertEqual((failed["alert"], failed["alert_by"]), (alert, "us"))
        self.assertEqual(failed["reason"], "failed")
        self.assertEqual(failed.level, "WARN")

    def test_each_suite_offered_is_taken(self):
        for suite in self.suites:
            answer = self.ask([suite])
            self.assertEqual((answer.version, answer.suite), (hello.TLS_1_2, suite))
        for suite in hello.TLS_1_3_SUITES:
            answer = self.ask([suite], versions=[hello.TLS_1_3])
            self.assertEqual((answer.version, answer.suite), (hello.TLS_1_3, suite))

    def test_no_other_suite_is_taken(self):
        """CBC, RC4, 3DES, NULL, anonymous, static RSA, DHE, PSK, CCM, ...: all at once."""
        others = sorted(OTHER_SUITES | set(hello.OFFERED_SUITES) - set(self.suites))
        others = [suite for suite in others if suite not in hello.TLS_1_3_SUITES]
        self.assertGreater(len(others), 500)
        self.check_refused("handshake_failure", others)

    def test_no_other_suite_of_tls_1_3_is_taken(self):
        self.check_refused("handshake_failure", TLS_1_3_OTHERS, versions=[hello.TLS_1_3])

    def test_older_versions_are_refused(self):
        for version in (0x0300, hello.TLS_1_0, hello.TLS_1_1):
            with self.subTest(version=hex(version)):
                suites = sorted(ALL_SUITES)
                self.check_refused("protocol_version", suites, legacy=version)

    def test_sha1_signatures_are_refused(self):
        suites = list(self.suites)
        self.check_refused("handshake_failure", suites, signatures=hello.SHA1_SIGNATURES)

    def test_other_groups_are_refused(self):
        others = [0x0013, 0x0015, 0x0016, 0x0019, 0x001A, 0x0100]  # P-192 to P-521, FFDHE
        self.check_refused("handshake_failure", list(self.suites), groups=others)


class EcdsaServer(Server, harness.ServerTestCase):
    suites = hello.ECDSA_SUITES


class RsaServer(Server, harness.ServerTestCase):
    suites = hello.RSA_SUITES
    certs = "rsa"


class MinimumServer(harness.ServerTestCase):
    server_args = ("--min-tls", "1.3")

    def test_tls_1_2_is_refused(self):
        with connect() as sock:
            sock.sendall(hello.client_hello(hello.ECDSA_SUITES))
            self.assertEqual(hello.receive_answer(sock).alert, "protocol_version")
        self.assertEqual(self.wait_server("handshake_failed")["alert"], "protocol_version")

    def test_tls_1_3_is_taken(self):
        with connect() as sock:
            sock.sendall(hello.client_hello([0x1301], versions=[hello.TLS_1_3]))
            self.assertEqual(hello.receive_answer(sock).version, hello.TLS_1_3)


class Client(harness.TestCase):
    """The ClientHello that our client sends."""

    def offer(self, *args):
        hellos = []

        def keep(sock):
            hellos.append(hello.parse_client_hello(hello.receive_record(sock)[1]))
            reset(sock)

        server = Listener(keep)
        self.addCleanup(server.close)
        client = self.start_client(self.make_wire(), *args, host=server.host)
        self.check_exit(client, 76, 30)
        self.assertEqual(client.find_events("handshake_failed")[0]["reason"], "reset")
        return hellos[0]

    def test_offers_what_it_should_and_nothing_more(self):
        offer = self.offer()
        self.assertEqual(set(offer.suites), set(hello.OFFERED_SUITES))
        self.assertEqual(set(offer.versions), {hello.TLS_1_3, hello.TLS_1_2})
        self.assertEqual(set(offer.groups), hello.OFFERED_GROUPS)
        self.assertFalse(set(offer.signatures) & set(hello.SHA1_SIGNATURES))
        self.assertEqual(offer.server_name, settings.SERVER_NAME)
        self.assertEqual(offer.alpn, [])

    def test_min_tls_leaves_tls_1_2_out(self):
        offer = self.offer("--min-tls", "1.3")
        self.assertEqual(offer.versions, [hello.TLS_1_3])
        self.assertEqual(set(offer.suites), set(hello.TLS_1_3_SUITES))

    def test_address_is_never_sent_as_a_name(self):
        """RFC 6066 section 3."""
        self.assertEqual(self.offer("--server-name", "198.18.0.2").server_name, "")

    def test_alpn(self):
        self.assertEqual(self.offer("--alpn", "echo,h2").alpn, ["echo", "h2"])


if __name__ == "__main__":
    harness.main()
