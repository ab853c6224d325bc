"""Do both sides agree on an application protocol, or refuse each other when they cannot?"""

import ssl

import harness
import testcerts
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Server(harness.ServerTestCase):
    server_args = ("--alpn", "echo,echo-old")

    def agree(self, version, *alpn):
        context = testcerts.client_context(version=version, alpn=alpn)
        with TlsPeer(connect(), context) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"agreed"), b"agreed")
            chosen = peer.tls.selected_alpn_protocol()
            peer.close_cleanly()
            return chosen, self.wait_server("handshake_ok", peer=peer.name)

    def test_common_one_is_taken(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                chosen, event = self.agree(version, "other", "echo-old")
                self.assertEqual((chosen, event["alpn"]), ("echo-old", "echo-old"))

    def test_server_decides_the_order(self):
        """RFC 7301 section 3.2."""
        chosen, _event = self.agree(None, "echo-old", "echo")
        self.assertEqual(chosen, "echo")

    def test_client_without_it_is_served(self):
        chosen, event = self.agree(None)
        self.assertIsNone(chosen)
        self.assertNotIn("alpn", event.fields)

    def test_nothing_in_common_is_refused(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                context = testcerts.client_context(version=version, alpn=["h2"])
                with TlsPeer(connect(), context) as peer:
                    with self.assertRaises(ssl.SSLError):
                        peer.handshake()
                    failed = self.wait_server("handshake_failed", peer=peer.name)
                self.assertEqual(failed["alert"], "no_application_protocol")


class Client(harness.TestCase):
    def run_client(self, server_alpn, *args):
        server = tls_listener(testcerts.server_context(alpn=server_alpn), serve_echo)
        self.addCleanup(server.close)
        client = self.start_client(self.make_wire(), *args, host=server.host)
        self.check_exit(client, 0, 30)
        return client.find_events("handshake_ok")[0]

    def test_common_one_is_logged(self):
        event = self.run_client(["echo"], "--alpn", "new,echo")
        self.assertEqual(event["alpn"], "echo")

    def test_server_without_it_is_fine(self):
        event = self.run_client([], "--alpn", "echo")
        self.assertNotIn("alpn", event.fields)


if __name__ == "__main__":
    harness.main()
