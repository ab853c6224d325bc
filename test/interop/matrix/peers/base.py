"""What a peer is, and a client that is a pipe: bytes in are sent, bytes that come are printed."""

import os
import subprocess
import threading

import harness
import settings
import testcerts
from opensslcli import tcp_listener
from process import Process

from cases import REFUSED_GROUP

PEERS_DIR = os.environ.get("TLS_ECHO_PEERS_DIR", "")
SERVER, CLIENT = "our server", "our client"
ALPN = "echo"
LINE = b"a line that comes back\n"


class CannotRun(Exception):
    """The peer is not installed, or not built."""


def variant(case):
    """The folder of test certificates for the case's kind of key."""
    return "rsa" if case.key == "rsa" else ""


def identity(case, role):
    """Files of the certificate and key of "server" or "client"."""
    return [testcerts.file(f"{role}.{kind}", variant(case)) for kind in ("pem", "key")]


def client_groups(case):
    """What a client may use, the one it sends a key share for first."""
    if case.kind == "retry":
        return [REFUSED_GROUP, case.group]
    return [case.group] if case.group else []


def first_words(*argv):
    """What a program says, or nothing; for its version."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    except OSError as error:
        raise CannotRun(str(error)) from error
    return (done.stdout + done.stderr).strip()


class Talk:
    """A client that is a pipe, connected to our server."""

    def __init__(self, process):
        self.process = process
        self.sent = 0

    def send(self, data):
        self.sent += len(data)
        self.process.write(data)

    def echo(self, data):
        """One piece there and back."""
        self.send(data)
        self.expect(data)

    def expect(self, data, timeout_s=10.0):
        """The last that came is data, and nothing more came than was sent."""
        came = self.process.wait_stdout(self.sent, timeout_s)
        if len(came) != self.sent or not came.endswith(data):
            raise AssertionError(f"the echo differs: {len(came)} of {self.sent} bytes")

    def exchange(self, data):
        """The same for more than fits the buffers between: sends and receives at once."""
        writer = threading.Thread(target=self.send, args=(data,))
        before = self.sent
        writer.start()
        self.process.wait_stdout(before + len(data), 30)
        writer.join()
        self.expect(data)

    def tiny(self, count):
        """Pieces of one byte, each sent after the one before has come back."""
        for number in range(count):
            self.echo(bytes([65 + number % 26]))

    def hold(self):
        """An echo is done, and the connection stays."""
        self.echo(LINE)

    def end(self):
        """No more input: the client ends the session, and then itself."""
        self.process.close_stdin()
        status = self.process.wait_exit()
        if status != 0:
            raise AssertionError(f"{self.process.name} ended with {status}")


class Peer:
    """One foreign stack. A subclass says how its programs are told what a case wants."""

    key = ""
    title = ""
    packages = ""
    how_client = how_server = ""
    smoke = False

    def __init__(self, folder):
        """folder: for files of its own, gone after the run."""
        self.folder = folder

    def version(self):
        """As the peer prints it. Raises CannotRun if it is not there."""
        raise NotImplementedError

    def cannot(self, direction, case):
        """Why the peer cannot do that, and where that is written; nothing if it can."""
        del direction, case
        return ""

    def client_argv(self, case):
        raise NotImplementedError

    def server_argv(self, case, port):
        raise NotImplementedError

    def message(self, case):
        """What our client has to send to get it back; None if it may be anything."""
        del case

    def client(self, cell, case):
        """A Talk with our server."""
        return Talk(cell.own(Process(self.client_argv(case), f"{self.key} client", stdin=True)))

    def server(self, cell, case, port):
        """A process that listens on the port and echoes."""
        process = cell.own(Process(self.server_argv(case, port), f"{self.key} server", stdin=True))
        harness.wait_until(
            lambda: tcp_listener(port) or not process.running, f"{self.key} server's socket", 15
        )
        return process


def our_address():
    return f"{settings.SERVER_IP}:{settings.PORT}"
