"""A TLS peer (OpenSSL, through Python's ssl module) whose every byte a test holds in its hands."""

import select
import socket
import ssl

import settings

DEFAULT_TIMEOUT_S = 10.0


def connect(ip=settings.SERVER_IP, port=settings.PORT, timeout_s=DEFAULT_TIMEOUT_S):
    """A TCP connection with a timeout on every call."""
    sock = socket.create_connection((ip, port), timeout_s * settings.PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def be_refused(ip=settings.SERVER_IP, port=settings.PORT):
    """Connects, and waits until the server ends the connection. Returns our name in its log."""
    with socket.socket() as sock:
        sock.settimeout(DEFAULT_TIMEOUT_S * settings.PATIENCE)
        sock.bind((settings.KERNEL_IP, 0))
        name = name_of(sock)
        try:
            sock.connect((ip, port))
            while sock.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return name


def name_of(sock):
    """The socket's own address as the server logs its peer."""
    ip, port = sock.getsockname()[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


class TlsPeer:
    """TLS over a socket with memory BIOs between: records can be held, cut and sent in pieces.
    Use as a context manager: the socket is closed at the end."""

    def __init__(self, sock, context, server_name=settings.SERVER_NAME, session=None):
        self.sock = sock
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        server = context.protocol == ssl.PROTOCOL_TLS_SERVER
        self.tls = context.wrap_bio(
            self.incoming,
            self.outgoing,
            server_side=server,
            server_hostname=None if server else server_name,
            session=session,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        self.sock.close()

    @property
    def name(self):
        return name_of(self.sock)

    def flush(self):
        """Sends all that TLS wants sent."""
        data = self.outgoing.read()
        if data:
            self.sock.sendall(data)

    def receive(self):
        """Feeds TLS with what the socket has; waits for it. At the end TLS is told so."""
        data = self.sock.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def _drive(self, action):
        while True:
            try:
                result = action()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.receive()
            except ssl.SSLError:
                self.flush()
                raise

    def handshake(self):
        self._drive(self.tls.do_handshake)
        return self

    def start_handshake(self):
        """The first flight of a client, not sent."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def seal(self, data):
        """The records that carry data, not sent."""
        self.tls.write(data)
        return self.outgoing.read()

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[self._drive(lambda v=view: self.tls.write(v[:16384])) :]

    def read(self, limit=65536):
        """Some bytes; b"" after the other side's close_notify. A stream cut without it raises
        SSLEOFError."""
        try:
            return self._drive(lambda: self.tls.read(limit))
        except ssl.SSLZeroReturnError:
            return b""

    def read_exactly(self, count):
        data = bytearray()
        while len(data) < count:
            chunk = self.read(count - len(data))
            if not chunk:
                break
            data += chunk
        return bytes(data)

    def _decrypted(self):
        """What TLS can give without more from the socket, and whether close_notify came."""
        data = bytearray()
        try:
            while chunk := self.tls.read(65536):
                data += chunk
        except ssl.SSLWantReadError:
            return data, False
        except ssl.SSLZeroReturnError:
            pass
        return data, True

    def exchange(self, data, half_close=False):
        """Sends data while it takes what comes back, so that no buffer between can fill up. Ends
        when as much has come back; with half_close after close_notify and FIN were sent at once
        and the other side's close_notify has come."""
        self.tls.write(data)
        if half_close:
            self._end_our_side()
        unsent = memoryview(self.outgoing.read())
        received = bytearray()
        closed = False
        while not closed and (half_close or len(received) < len(data)):
            readable, writable, _ = select.select(
                [self.sock], [self.sock] if unsent else [], [], self.sock.gettimeout()
            )
            if not readable and not writable:
                raise TimeoutError(f"{len(received)} of {len(data)} bytes came back")
            if writable:
                unsent = unsent[self.sock.send(unsent[:65536]) :]
                if half_close and not unsent:
                    self.sock.shutdown(socket.SHUT_WR)
            if readable:
                self.receive()
                chunk, closed = self._decrypted()
                received += chunk
        return bytes(received)

    def echo(self, data):
        """Sends data and returns as many bytes of the answer. For what fits the buffers between."""
        self.write(data)
        return self.read_exactly(len(data))

    def _end_our_side(self):
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the other side's close_notify, or has data for us before that

    def send_close_notify(self):
        """Ends our side only."""
        self._end_our_side()
        self.flush()

    def close_cleanly(self):
        """close_notify both ways, then FIN both ways: returns what still came before that."""
        self.send_close_notify()
        rest = bytearray()
        while chunk := self.read():
            rest += chunk
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(4096):
            pass
        return bytes(rest)


def serve_echo(peer):
    """Echoes until the client's close_notify, and answers it; for a thread."""
    while chunk := peer.read():
        peer.write(chunk)
    peer.send_close_notify()
