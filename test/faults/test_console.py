"""Does the firmware go on when its console or its link goes away?"""

import os
import signal
import subprocess

import harness
import settings
import testcerts
from netns import ip
from servers import tls_listener
from tlspeer import TlsPeer, connect, serve_echo


class Console(harness.TestCase):
    def test_server_outlives_its_console(self):
        """Nobody reads its log any more: no SIGPIPE, no stall, and the echo goes on."""
        server = self.start_server(self.make_wire())
        server.drop_stderr()
        for _round in range(3):
            with TlsPeer(connect(), testcerts.client_context()) as peer:
                self.assertEqual(peer.handshake().echo(b"in the dark"), b"in the dark")
                peer.close_cleanly()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait_exit(), 0)

    def test_client_whose_output_nobody_reads(self):
        """It ends by itself, not by a signal."""
        echo = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(echo.close)
        reader, writer = os.pipe()
        os.close(reader)
        args = ["--netif", self.make_wire().netif, "--ip", f"{settings.CLIENT_IP}/24"]
        args += ["--certs", testcerts.blob(), "--server-name", settings.SERVER_NAME, echo.host]
        command = [*settings.RUNNER, settings.program("tls-echo-client"), *args]
        done = subprocess.run(
            command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
        )
        os.close(writer)
        self.assertGreaterEqual(done.returncode, 0, "ended by a signal")
        self.assertIn(b"handshake_ok", done.stderr)


class Link(harness.TestCase):
    def test_session_lives_on_across_a_link_that_goes_and_comes(self):
        wire = self.make_wire()
        server = self.start_server(wire)
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            peer.handshake()
            self.assertEqual(peer.echo(b"before"), b"before")
            ip("link", "set", wire.interface, "down")
            down = server.wait_event("net_down")
            self.assertIn(down["reason"], ("interface_down", "no_carrier"))
            since = server.mark()
            ip("link", "set", wire.interface, "up")
            server.wait_event("net_up", since=since, ip=f"{settings.SERVER_IP}/24")
            self.assertEqual(peer.echo(b"after"), b"after")
            peer.close_cleanly()
        self.check_stopped(server)


if __name__ == "__main__":
    harness.main()
