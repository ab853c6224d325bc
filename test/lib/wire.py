"""Ethernet between the kernel of the test's namespace and the firmware.

tap: a TAP device that the firmware opens. packet: a veth pair; the firmware holds one end through
AF_PACKET. macvlan: it holds a macvlan on that end, as beside a board's own address. The kernel has
198.18.0.1 on its side and never an address of the firmware's. A whole board in QEMU can take the
place of the firmware.
"""

import itertools
import os

import relay
import settings
from netns import ip

_numbers = itertools.count()


def tap_usable():
    """True if this user may open TAP devices; some machines keep /dev/net/tun for root."""
    return os.access("/dev/net/tun", os.R_OK | os.W_OK)


class Wire:
    """interface: the kernel's side; netif: what the firmware is given. segments: no frame is longer
    than the MTU, as on a real wire; a veth pair hands over what the kernel has joined."""

    def __init__(self, kind, segments=False):
        number = next(_numbers)
        self._relay = None
        self._far = None
        self.interface = f"fw{number}"
        if kind == "tap":
            ip("tuntap", "add", "dev", self.interface, "mode", "tap")
            self.netif = f"tap:{self.interface}"
        else:
            far = f"fw{number}far"
            ip("link", "add", self.interface, "type", "veth", "peer", "name", far)
            ip("link", "set", far, "addrgenmode", "none", "up")
            self.netif = f"packet:{far}"
            self._far = far
        if kind == "macvlan":
            macvlan = f"fw{number}mac"
            ip("link", "add", "link", far, "name", macvlan, "type", "macvlan", "mode", "bridge")
            ip("link", "set", macvlan, "addrgenmode", "none", "up")
            self.netif = f"packet:{macvlan}"
        if segments:
            ip("link", "set", self.interface, "gso_max_segs", "1")
        ip("link", "set", self.interface, "addrgenmode", "none", "up")
        self.add_address(settings.KERNEL_IP)

    def add_address(self, address):
        ip("address", "add", f"{address}/{settings.PREFIX_LEN}", "dev", self.interface)

    def remove_address(self, address):
        ip("address", "del", f"{address}/{settings.PREFIX_LEN}", "dev", self.interface)

    def qemu_netdev(self, name):
        """The far side for QEMU's -netdev."""
        if self._far is None:
            return f"tap,id={name},ifname={self.interface},script=no,downscript=no"
        self._relay = relay.Relay(self.interface, self._far)
        return f"stream,id={name},server=off,addr.type=unix,addr.path={self._relay.path}"

    def close(self):
        if self._relay:
            self._relay.close()
        ip("link", "del", self.interface)


def make(kind=None, segments=False):
    """A wire of the kind asked for, else the best one this user can have."""
    return Wire(kind or ("tap" if tap_usable() else "packet"), segments)
