"""Refuses to go on when a packet of a test could leave the machine.

An allow-list, so that it fails closed: every route of both families must stay on the machine or in
the ranges reserved for tests. What cannot be read or parsed counts as a way out.
"""

import ipaddress
import struct

ROUTE_FILE = "/proc/net/route"
ROUTE6_FILE = "/proc/net/ipv6_route"

ALLOWED = [ipaddress.ip_network(text) for text in ("198.18.0.0/15", "127.0.0.0/8")]
ALLOWED6 = [
    ipaddress.ip_network(text) for text in ("2001:db8::/32", "fe80::/10", "ff00::/8", "::1/128")
]
RTF_REJECT = 0x0200


class RouteError(Exception):
    """There is a route to the outside, or nobody can tell."""


def _inside(network, allowed):
    return any(network.subnet_of(other) for other in allowed)


def check_routes(text):
    """Checks what /proc/net/route says: a header, then one route a line."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("Iface\tDestination"):
        raise RouteError("IPv4: the routing table cannot be understood")
    for line in lines[1:]:
        try:
            words = line.split()
            address = ipaddress.ip_address(struct.pack("<I", int(words[1], 16)))
            mask = ipaddress.ip_address(struct.pack("<I", int(words[7], 16)))
            network = ipaddress.ip_network(f"{address}/{mask}")
        except (IndexError, ValueError, struct.error) as error:
            raise RouteError(f"IPv4: a route cannot be understood: {line!r}") from error
        if not _inside(network, ALLOWED):
            raise RouteError(f"IPv4: a route leads outside: {network} over {words[0]}")


def check_routes6(text):
    """Checks what /proc/net/ipv6_route says: one route a line; no line means no IPv6."""
    for line in text.splitlines():
        try:
            words = line.split()
            network = ipaddress.ip_network((bytes.fromhex(words[0]), int(words[1], 16)))
            flags = int(words[8], 16)
            device = words[9]
        except (IndexError, ValueError) as error:
            raise RouteError(f"IPv6: a route cannot be understood: {line!r}") from error
        rejected = device == "lo" and flags & RTF_REJECT
        if not rejected and not _inside(network, ALLOWED6):
            raise RouteError(f"IPv6: a route leads outside: {network} over {device}")


def _read(path, missing=None):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError as error:
        if missing is None:
            raise RouteError(f"{path} is missing") from error
        return missing
    except (OSError, UnicodeDecodeError) as error:
        raise RouteError(f"{path} cannot be read: {error}") from error


def check(route_file=ROUTE_FILE, route6_file=ROUTE6_FILE):
    """Raises RouteError unless no packet can leave. A kernel without IPv6 has no second file."""
    check_routes(_read(route_file))
    check_routes6(_read(route6_file, missing=""))
