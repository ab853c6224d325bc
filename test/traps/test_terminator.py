"""Is exactly what was echoed printed, whatever its bytes and length are?

The classic client prints a buffer as a string that nobody terminated: it shows bytes of an older,
longer message, or stops at a zero byte.
"""

import harness
import testcerts
from servers import tls_listener
from tlspeer import serve_echo

# Long before short, so that what is left of the long one would show.
LINES = (
    b"a rather long line that fills some of the buffer",
    b"short",
    b"",
    b"zero\0in the middle",
    b"\0",
    b"%s%n \x1b[0m \xff\xfe",
    b"x",
)


class Terminator(harness.TestCase):
    def test_lines_come_out_as_they_went_in(self):
        echo = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(echo.close)
        client = self.start_client(self.make_wire(), "--stdin", host=echo.host, stdin=True)
        expected = b""
        for line in LINES:
            expected += line + b"\n"
            client.write(line + b"\n")
            self.assertEqual(client.wait_stdout(len(expected)), expected)
        client.close_stdin()
        self.check_exit(client, 0)
        self.assertEqual(bytes(client.stdout), expected)

    def test_message_of_an_argument(self):
        wire = self.make_wire()
        echo = tls_listener(testcerts.server_context(), serve_echo)
        self.addCleanup(echo.close)
        for message in ("y" * 1000, "x", "hello server"):
            with self.subTest(len=len(message)):
                args = ("--message", message, "--count", "2")
                client = self.start_client(wire, *args, host=echo.host)
                self.check_exit(client, 0)
                self.assertEqual(bytes(client.stdout), (message + "\n").encode() * 2)


if __name__ == "__main__":
    harness.main()
