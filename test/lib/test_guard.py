"""Does the guard stop tests whenever a packet could leave the machine, or it cannot tell?"""

import os
import subprocess
import sys
import unittest

import guard
import harness
from netns import ip

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ZEROS = "0" * 32


def route(destination, mask):
    return f"eth0\t{destination}\t010012C6\t0003\t0\t0\t0\t{mask}\t0\t0\t0\n"


def route6(destination, length, flags, device):
    numbers = f"00000100 00000001 00000000 {flags}"
    return f"{destination} {length} {ZEROS} 00 {ZEROS} {numbers} {device}\n"


class Texts(unittest.TestCase):
    def refuse(self, text):
        with self.assertRaises(guard.RouteError):
            guard.check_routes(text)

    def refuse6(self, text):
        with self.assertRaises(guard.RouteError):
            guard.check_routes6(text)

    def test_routes_of_tests_pass(self):
        guard.check_routes(HEAD)
        guard.check_routes(HEAD + route("000012C6", "00FFFFFF"))
        guard.check_routes6("")
        guard.check_routes6(route6("20010db8" + "0" * 24, "40", "00000001", "fw0"))
        guard.check_routes6(route6(ZEROS, "00", "00200200", "lo"))

    def test_default_routes_are_refused(self):
        self.refuse(HEAD + route("00000000", "00000000"))
        self.refuse(HEAD + route("000012C6", "00FFFFFF") + route("00000000", "00000000"))
        self.refuse6(route6(ZEROS, "00", "00000003", "eth0"))

    def test_halves_of_a_default_route_are_refused(self):
        self.refuse(HEAD + route("00000000", "00000080"))
        self.refuse6(route6("8" + "0" * 31, "01", "00000003", "eth0"))

    def test_networks_of_others_are_refused(self):
        self.refuse(HEAD + route("0000000A", "000000FF"))
        self.refuse6(route6("fd" + "0" * 30, "40", "00000001", "eth0"))

    def test_reject_route_elsewhere_is_no_excuse(self):
        self.refuse6(route6(ZEROS, "00", "00200200", "eth0"))
        self.refuse6(route6(ZEROS, "00", "00000001", "lo"))

    def test_what_cannot_be_understood_is_refused(self):
        self.refuse("")
        self.refuse("something else\n")
        self.refuse(HEAD + "eth0\tgarbage\n")
        self.refuse(HEAD + route("000012C6", "00FF00FF"))
        self.refuse6("garbage\n")

    def test_missing_file_is_refused(self):
        with self.assertRaises(guard.RouteError):
            guard.check(route_file="/proc/net/no-such-file")

    def test_unreadable_files_are_refused(self):
        with self.assertRaises(guard.RouteError):
            guard.check(route_file="/proc/self")
        with self.assertRaises(guard.RouteError):
            guard.check(route6_file="/proc/self")


class Namespace(harness.TestCase):
    """In the namespace that the harness made."""

    def test_fresh_namespace_passes(self):
        guard.check()

    def test_default_route_in_either_family_is_found(self):
        interface = self.make_wire().interface
        guard.check()
        ip("route", "add", "default", "via", "198.18.0.254")
        with self.assertRaises(guard.RouteError):
            guard.check()
        ip("route", "del", "default")
        guard.check()
        if not os.path.exists(guard.ROUTE6_FILE):
            self.skipTest("this kernel has no IPv6")
        ip("-6", "route", "add", "default", "dev", interface)
        with self.assertRaises(guard.RouteError):
            guard.check()

    def test_test_file_refuses_to_start_outside(self):
        """With the mark set by somebody else the harness must not take this for its namespace."""
        inside = os.readlink("/proc/self/ns/net")
        code = "import harness; harness.main()"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TLS_ECHO_TEST_NETNS": inside},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("still in the namespace", done.stderr)


if __name__ == "__main__":
    harness.main()
