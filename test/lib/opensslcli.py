"""openssl s_client and s_server as peers."""

import threading

import harness
import settings
import testcerts
from process import Process


def tcp_listener(port):
    """True once somebody in this namespace listens on the port (state 0A)."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file]
    return any(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def s_client(*args, host=settings.SERVER_IP, port=settings.PORT, **more):
    """A client that trusts the tests' CA."""
    argv = [settings.OPENSSL, "s_client", "-connect", f"{host}:{port}"]
    return Process([*argv, "-CAfile", testcerts.file("ca.pem"), *args], "s_client", **more)


class EchoServer(Process):
    """s_server, made an echo server: what comes out of it goes back into it. Give -quiet, or it
    takes some of the bytes for commands."""

    def __init__(self, *args, variant="", port=4433):
        self._echo_thread = None
        self._echoed = 0
        argv = [settings.OPENSSL, "s_server", "-accept", f"0.0.0.0:{port}"]
        argv += ["-cert", testcerts.file("server.pem", variant)]
        argv += ["-key", testcerts.file("server.key", variant)]
        super().__init__([*argv, *args], "s_server", stdin=True)
        self.host = f"{settings.KERNEL_IP}:{port}"
        harness.wait_until(lambda: tcp_listener(port), "s_server's socket")
        self._echo_thread = threading.Thread(target=self._echo, daemon=True)
        self._echo_thread.start()

    def _next(self):
        """What came and is not echoed yet; None to wait for more."""
        return bytes(self.stdout[self._echoed :]) or None

    def _echo(self):
        try:
            while True:
                data = self.wait_for(self._next, "data to echo", 600)
                self._echoed += len(data)
                self.write(data)
        except (AssertionError, OSError, ValueError):
            return
