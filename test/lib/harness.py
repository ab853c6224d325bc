"""What all tests of the programs share: the namespace, the base classes, the report on failure."""

import os
import shutil
import signal
import sys
import tempfile
import time
import unittest

import netns
import settings
import testcerts
import wire
from firmware import Firmware
from tlspeer import TlsPeer, connect

ALL_SKIPPED = 77


class TestCase(unittest.TestCase):
    """Starts what a test needs and ends it, whatever happens. Both a test and its class own
    things; what a class owns lives for all its tests."""

    class_owned = []

    @classmethod
    def setUpClass(cls):
        cls.class_owned = []

    def setUp(self):
        self.owned = []
        self.test_wire = None

    def own(self, process):
        """Ends the process after the test; its log is printed if the test fails."""
        self.owned.append(process)
        self.addCleanup(process.kill)
        return process

    @classmethod
    def class_own(cls, process):
        """The same for all tests of the class."""
        cls.class_owned.append(process)
        cls.addClassCleanup(process.kill)
        return process

    def make_wire(self, kind=None):
        """The test's one wire: two would have the same addresses."""
        if self.test_wire is None:
            self.test_wire = wire.make(kind)
            self.addCleanup(self.test_wire.close)
        return self.test_wire

    def make_folder(self):
        """A temporary folder; its path is short enough for Unix sockets."""
        path = tempfile.mkdtemp(prefix="tls-echo-")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def start_server(self, made_wire, *args, **more):
        """A server that listens."""
        server = self.own(new_server(made_wire, *args, **more))
        server.wait_event("listening", 20)
        return server

    def start_client(self, made_wire, *args, host=settings.KERNEL_IP, **more):
        """A client on the wire; it looks for the default server's name."""
        return self.own(new_client(made_wire, *args, host=host, **more))

    def open_peers(self, count):
        """So many sessions with the default server, patient ones."""
        context = testcerts.client_context()
        peers = []
        for _index in range(count):
            peer = TlsPeer(connect(timeout_s=60), context)
            self.addCleanup(peer.sock.close)
            peers.append(peer.handshake())
        return peers

    def check_stopped(self, process, status=0, timeout_s=10.0):
        """The process is asked to end, and does, with this status and nothing to complain of."""
        self.assertEqual(process.stop(timeout_s), status, process.name)
        self.assertEqual(process.complaints(), [])

    def check_exit(self, process, status, timeout_s=10.0):
        """The process ends by itself, with this status and nothing to complain of."""
        self.assertEqual(process.wait_exit(timeout_s), status, process.name)
        self.assertEqual(process.complaints(), [])

    def logs(self):
        return "\n".join(process.log() for process in [*self.class_owned, *self.owned])


class ServerTestCase(TestCase):
    """One server for all tests of the class: self.server, on self.wire."""

    server_args = ()
    certs = "good"
    wire_kind = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wire = wire.make(cls.wire_kind)
        cls.addClassCleanup(cls.wire.close)
        cls.server = cls.class_own(new_server(cls.wire, *cls.server_args, certs=cls.certs))
        cls.server.wait_event("listening", 20)

    @classmethod
    def tearDownClass(cls):
        """The server has survived all of it, and ends in order."""
        status = cls.server.stop()
        if status != 0 or cls.server.complaints():
            raise AssertionError(f"the server ended with {status}\n{cls.server.log()}")

    def setUp(self):
        super().setUp()
        self.since = self.server.mark()

    def wait_server(self, name, /, timeout_s=10.0, **match):
        """The server's next event since the test began."""
        return self.server.wait_event(name, timeout_s, since=self.since, **match)


def wait_until(condition, what, timeout_s=10.0):
    """Polls, for what the system announces by no event."""
    deadline = time.monotonic() + timeout_s * settings.PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"no {what} within {timeout_s:.1f} s")
        time.sleep(0.01)


def _first_args(made_wire, ip, certs):
    args = ["--netif", made_wire.netif, "--ip", f"{ip}/{settings.PREFIX_LEN}"]
    return [*args, "--certs", testcerts.blob(certs)] if certs else args


def new_server(made_wire, *args, certs="good", **more):
    """Starts a server with the identity of that name; certs None: the embedded one."""
    first = _first_args(made_wire, settings.SERVER_IP, certs)
    return Firmware("tls-echo-server", [*first, *args], **more)


def new_client(made_wire, *args, host=settings.KERNEL_IP, certs="good", **more):
    """The same for a client. It looks for the default server's name, unless args say otherwise."""
    first = _first_args(made_wire, settings.CLIENT_IP, certs)
    if "--server-name" not in args:
        first += ["--server-name", settings.SERVER_NAME]
    return Firmware("tls-echo-client", [*first, *args, host], **more)


class _Result(unittest.TextTestResult):
    """Prints the console logs of a failed test."""

    def addError(self, test, err):
        super().addError(test, err)
        self._print_logs(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._print_logs(test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._print_logs(test)

    def _print_logs(self, test):
        if isinstance(test, TestCase):
            self.stream.writeln(test.logs())


def _give_up(_number, _frame):
    raise TimeoutError("the test file ran out of time")


def main(namespace=True):
    """Runs the calling file's tests, by default inside a network namespace of their own."""
    if namespace:
        netns.enter()
    signal.signal(signal.SIGTERM, _give_up)
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(settings.TIME_LIMIT_S)
    program = unittest.main(
        module="__main__",
        exit=False,
        verbosity=2,
        testRunner=unittest.TextTestRunner(verbosity=2, resultclass=_Result, stream=sys.stderr),
    )
    result = program.result
    skipped = result.wasSuccessful() and 0 < result.testsRun == len(result.skipped)
    sys.stderr.flush()
    os._exit(ALL_SKIPPED if skipped else int(not result.wasSuccessful()))
