"""The ways from the load generator to a server: TAP for lwIP; veth and loopback for the kernel's TCP.

Everything is inside the network namespace that the benchmark runs in, and one more behind the veth
pairs, where the kernel's peers are: only so does their traffic pass an Ethernet of 1500 bytes.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

from netns import ip

PORT = 8433
PREFIX_LEN = 24
# From <linux/sockios.h> and <linux/ethtool.h>: checksums, scatter/gather, cutting and joining.
SIOCETHTOOL = 0x8946
ETHTOOL_SET = (0x17, 0x19, 0x1F, 0x24, 0x2C)


def set_offload(interface, is_on):
    """Switches what a network card does for TCP, as "ethtool -K ... tx sg tso gso gro" does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in ETHTOOL_SET:
            value = ctypes.create_string_buffer(struct.pack("II", command, int(is_on)))
            request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request)


class Network:
    """host: the server's address; prefix: words before a command that shall run at its side."""

    def __init__(self, name, host, prefix=(), netif=None):
        self.name = name
        self.host = host
        self.prefix = list(prefix)
        self.netif = netif

    def renew(self):
        """Before each server."""


class _Tap(Network):
    """A device for each server: TAP devices remember what offload the last program wanted, and lwIP's
    own driver cannot have any."""

    def __init__(self, name, host, interface):
        super().__init__(name, host, netif=f"tap:{interface}")
        self._interface = interface
        self._make()

    def _make(self):
        ip("tuntap", "add", "dev", self._interface, "mode", "tap")
        _open_wire(self._interface)

    def renew(self):
        ip("link", "del", self._interface)
        self._make()


def _open_wire(interface):
    ip("link", "set", interface, "addrgenmode", "none", "up")
    ip("address", "add", f"198.18.0.1/{PREFIX_LEN}", "dev", interface)


class _Room:
    """A network namespace that lives as long as a process in it."""

    def __init__(self):
        ready, tell = os.pipe()
        words = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c"]
        words += ["ip link set lo up && echo up && exec sleep infinity"]
        self._process = subprocess.Popen(words, stdout=tell)
        os.close(tell)
        with os.fdopen(ready) as stream:
            if stream.readline() != "up\n":
                raise RuntimeError("no second network namespace can be made")
        self.pid = str(self._process.pid)
        self.prefix = ["nsenter", "--target", self.pid, "--net", "--"]

    def run(self, *words):
        subprocess.run([*self.prefix, *words], check=True)

    def close(self):
        self._process.kill()
        self._process.wait()


class Networks:
    """All of them, by name. close() takes them down."""

    def __init__(self):
        self._room = _Room()
        self.by_name = {"loopback": Network("loopback", "127.0.0.1")}
        self.has_tap = os.access("/dev/net/tun", os.R_OK | os.W_OK)
        self._make_lwip_wire()
        self._make_veth("veth", 1, is_offloaded=False)
        self._make_veth("veth+offload", 2, is_offloaded=True)

    def _make_lwip_wire(self):
        """A TAP device, or a veth pair for those who may not open one."""
        if self.has_tap:
            self.by_name["lwip"] = _Tap("lwip", "198.18.0.2", "bench0")
            return
        ip("link", "add", "bench0", "type", "veth", "peer", "name", "bench0far")
        ip("link", "set", "bench0far", "addrgenmode", "none", "up")
        _open_wire("bench0")
        self.by_name["lwip"] = Network("lwip", "198.18.0.2", netif="packet:bench0far")

    def _make_veth(self, name, number, is_offloaded):
        near, far = f"bench{number}", f"bench{number}far"
        ip("link", "add", near, "type", "veth", "peer", "name", far)
        set_offload(near, is_offloaded)
        set_offload(far, is_offloaded)
        ip("link", "set", far, "netns", self._room.pid)
        ip("address", "add", f"198.18.{number}.1/{PREFIX_LEN}", "dev", near)
        ip("link", "set", near, "up")
        self._room.run("ip", "address", "add", f"198.18.{number}.2/{PREFIX_LEN}", "dev", far)
        self._room.run("ip", "link", "set", far, "up")
        self.by_name[name] = Network(name, f"198.18.{number}.2", self._room.prefix)

    def close(self):
        self._room.close()
