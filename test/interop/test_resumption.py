"""Are sessions resumed by ticket, seen by both sides, and by nobody who should not?"""

import os
import ssl

import harness
import testcerts
from opensslcli import s_client
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def talk(context, session=None):
    """One echo. Returns the peer's name, whether it was resumed, and the session for later."""
    with TlsPeer(connect(), context, session=session) as peer:
        peer.handshake()
        if peer.echo(b"ticket, please") != b"ticket, please":
            raise AssertionError("the echo differs")
        result = (peer.name, peer.tls.session_reused, peer.tls.session)
        peer.close_cleanly()
        return result


class Server(harness.ServerTestCase):
    server_args = ("--client-auth", "optional")

    def resumed(self, name):
        return self.wait_server("handshake_ok", peer=name)["resumed"]

    def test_both_sides_say_resumed(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                context = testcerts.client_context(version=version)
                name, reused, session = talk(context)
                self.assertEqual((reused, self.resumed(name)), (False, "0"))
                name, reused, _session = talk(context, session)
                self.assertEqual((reused, self.resumed(name)), (True, "1"))

    def test_client_certificate_is_still_known(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                context = testcerts.client_context("", version)
                _name, _reused, session = talk(context)
                name, reused, _session = talk(context, session)
                self.assertEqual((reused, self.resumed(name)), (True, "1"))

    def test_s_client_resumes(self):
        for option in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=option):
                path = os.path.join(self.make_folder(), "session.pem")
                for words, resumed in ((["-sess_out", path], "0"), (["-sess_in", path], "1")):
                    self.since = self.server.mark()
                    self.echo_line(option, *words)
                    self.assertEqual(self.wait_server("handshake_ok")["resumed"], resumed)

    def echo_line(self, *args):
        client = self.own(s_client("-quiet", "-no_ign_eof", *args, stdin=True))
        client.write(b"line\n")
        self.assertEqual(client.wait_stdout(5), b"line\n")
        client.close_stdin()
        self.assertEqual(client.wait_exit(), 0)

    def test_group_is_named_when_resumed(self):
        """TLS 1.3 resumes with a fresh key exchange, so that old tickets open no new session."""
        context = testcerts.client_context(version=ssl.TLSVersion.TLSv1_3)
        session = talk(context)[2]
        name = talk(context, session)[0]
        self.assertEqual(self.wait_server("handshake_ok", peer=name)["group"], "x25519")


class OtherServer(harness.TestCase):
    def test_ticket_of_another_run_means_a_full_handshake(self):
        """Ticket keys live and die with the process."""
        wire = self.make_wire()
        contexts = [testcerts.client_context(version=version) for version in VERSIONS]
        first = self.start_server(wire)
        sessions = [talk(context)[2] for context in contexts]
        self.check_stopped(first)
        second = self.start_server(wire)
        for context, session in zip(contexts, sessions):
            name, reused, _session = talk(context, session)
            self.assertFalse(reused)
            self.assertEqual(second.wait_event("handshake_ok", peer=name)["resumed"], "0")
        self.check_stopped(second)


class Client(harness.TestCase):
    def test_both_sides_say_resumed(self):
        for version in VERSIONS:
            with self.subTest(version=version.name):
                reused = []

                def serve(peer, seen=reused):
                    seen.append(peer.tls.session_reused)
                    serve_echo(peer)

                server = tls_listener(testcerts.server_context(version=version), serve)
                client = self.start_client(self.make_wire(), "--resume", host=server.host)
                self.check_exit(client, 0, 30)
                server.close()
                resumed = [event["resumed"] for event in client.find_events("handshake_ok")]
                self.assertEqual((resumed, reused), (["0", "1"], [False, True]))

    def test_server_that_gives_no_ticket(self):
        """There is nothing to resume: the second handshake is a full one, and nothing hangs."""
        for version in VERSIONS:
            with self.subTest(version=version.name):
                context = testcerts.server_context(version=version)
                context.options |= ssl.OP_NO_TICKET
                context.num_tickets = 0
                server = tls_listener(context, serve_echo)
                client = self.start_client(self.make_wire(), "--resume", host=server.host)
                self.check_exit(client, 0, 30)
                server.close()
                resumed = [event["resumed"] for event in client.find_events("handshake_ok")]
                self.assertEqual(resumed, ["0", "0"])


if __name__ == "__main__":
    harness.main()
