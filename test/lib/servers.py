"""Servers for our client, on the kernel's side of the wire: raw TCP or TLS, one thread each."""

import socket
import struct
import threading

import settings
from tlspeer import TlsPeer

LINGER_RESET = struct.pack("ii", 1, 0)


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    sock.close()


class Listener:
    """Serves each connection with handle(sock), one after the other, in a thread. What handle
    raises is kept in errors: an unexpected one fails the test in close()."""

    def __init__(self, handle, expected_errors=(), ip="", port=0):
        self._handle = handle
        self._expected = expected_errors
        self.errors = []
        self.served = threading.Semaphore(0)
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self._socket = socket.create_server((ip, port), family=family)
        self.port = self._socket.getsockname()[1]
        self.host = f"{settings.KERNEL_IP}:{self.port}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._stop.is_set():
            try:
                sock, _peer = self._socket.accept()
            except OSError:
                return
            sock.settimeout(30 * settings.PATIENCE)
            with sock:
                self._serve_one(sock)
            self.served.release()

    def _serve_one(self, sock):
        try:
            self._handle(sock)
        except self._expected:
            pass
        except Exception as error:  # pylint: disable=broad-exception-caught
            self.errors.append(error)

    def close(self):
        self._stop.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        if self.errors:
            raise AssertionError(f"the test's own server failed: {self.errors[0]!r}")


def tls_listener(context, handle, expected_errors=(), ip="", port=0):
    """The same with a TLS handshake first: handle gets a TlsPeer. ip: an address of either family;
    without it all of IPv4."""

    def serve(sock):
        with TlsPeer(sock, context) as peer:
            peer.handshake()
            handle(peer)

    return Listener(serve, expected_errors, ip, port)


def wait_for_end(sock):
    """Reads until the other side ends the connection."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
