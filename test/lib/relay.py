"""Carries Ethernet frames between an interface and QEMU's -netdev stream.

For users who may not open /dev/net/tun, which is what QEMU would need otherwise. Each frame on the
stream has its length before it, 32 bits, big-endian.
"""

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import tempfile
import threading

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM, ETHTOOL_SGSO = 0x17, 0x24
ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
FRAME_MAX = 65536


def _switch_off(interface, feature):
    """Nothing may be left to hardware that is not there: checksums, segmentation."""
    value = ctypes.create_string_buffer(struct.pack("=II", feature, 0), 8)
    request = struct.pack("@16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


class Relay:
    """near: the kernel's end, whose frames must come complete; far: the end that we hold. path: of
    the socket that QEMU connects to."""

    def __init__(self, near, far):
        for feature in (ETHTOOL_STXCSUM, ETHTOOL_SGSO):
            _switch_off(near, feature)
        self._folder = tempfile.mkdtemp(prefix="tls-echo-")
        self.path = os.path.join(self._folder, "wire")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._packets.bind((far, ETH_P_ALL))
        self._packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._stream = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            self._stream, _ = self._listener.accept()
            threading.Thread(target=self._carry_in, daemon=True).start()
            self._carry_out()
        except OSError:
            pass  # closed

    def _carry_in(self):
        """From the interface to QEMU."""
        try:
            while True:
                frame = self._packets.recv(FRAME_MAX)
                self._stream.sendall(struct.pack("!I", len(frame)) + frame)
        except OSError:
            pass

    def _carry_out(self):
        """From QEMU to the interface."""
        with self._stream.makefile("rb") as reader:
            while len(head := reader.read(4)) == 4:
                frame = reader.read(struct.unpack("!I", head)[0])
                self._packets.send(frame)

    def close(self):
        for sock in (self._listener, self._packets, self._stream):
            if sock:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                sock.close()
        shutil.rmtree(self._folder, ignore_errors=True)
