"""Does the log name the library's own reason, for the code that stands beside it?

The classic program asks for the words of the wrong number (of SSL_get_error's class, of errno) and
prints "success" or "lib(0)". The words are asked of the library here, with the code from the log.
"""

import re
import ssl
import subprocess

import harness
import settings
import testcerts
from servers import wait_for_end
from tlspeer import TlsPeer, connect, name_of

# mbedtls/ssl.h and mbedtls/x509.h: the words stand in their comments.
MBEDTLS_TEXT = {
    -0x7200: "SSL - An invalid SSL record was received",
    -0x7180: "SSL - Verification of the message MAC failed",
    -0x7780: "SSL - A fatal alert message was received from our peer",
}


def library_text(code):
    """What the library says of the code: a negative one is Mbed TLS's."""
    if code < 0:
        return MBEDTLS_TEXT[code]
    done = subprocess.run(
        [settings.OPENSSL, "errstr", f"{code:x}"], capture_output=True, text=True, check=True
    )
    return re.sub(r"^error:[^:]*:[^:]*:[^:]*:", "", done.stdout.strip())


class Reason(harness.ServerTestCase):
    def check_text(self, event):
        code = int(event["code"], 0)
        self.assertNotEqual(code, 0)
        self.assertEqual(event["text"], library_text(code))

    def test_plain_http(self):
        with connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            wait_for_end(sock)
            failed = self.wait_server("handshake_failed", peer=name_of(sock))
        self.assertEqual(failed["reason"], "failed")
        self.check_text(failed)

    def test_alert(self):
        """In the middle of the handshake, which TLS 1.2 does in plain text."""
        context = testcerts.client_context(version=ssl.TLSVersion.TLSv1_2)
        with TlsPeer(connect(), context) as peer:
            peer.sock.sendall(peer.start_handshake())
            peer.receive()
            peer.sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
            wait_for_end(peer.sock)
            failed = self.wait_server("handshake_failed", peer=peer.name)
        self.assertEqual((failed["reason"], failed["alert"]), ("alert", "handshake_failure"))
        self.check_text(failed)

    def test_peer_that_only_leaves_has_no_words_of_the_library(self):
        """The end of a stream is the transport's: its word is the reason."""
        with connect() as sock:
            name = name_of(sock)
            self.wait_server("accepted", peer=name)
        failed = self.wait_server("handshake_failed", peer=name)
        self.assertEqual(failed["reason"], "truncated")
        self.assertEqual(failed["alert"], "none")

    def test_healthy_peer_leaves_no_reason_behind(self):
        with TlsPeer(connect(), testcerts.client_context()) as peer:
            self.assertEqual(peer.handshake().echo(b"fine"), b"fine")
            peer.close_cleanly()
            session = self.wait_server("handshake_ok", peer=peer.name)["session"]
            self.assertEqual(self.wait_server("closed", session=session)["reason"], "clean")
        self.assertEqual(self.server.find_events("handshake_failed", since=self.since), [])


if __name__ == "__main__":
    harness.main()
