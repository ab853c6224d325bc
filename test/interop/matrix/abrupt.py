"""Ends a peer's connection in the middle, as a crash or a pulled cable would, whatever the peer is."""

import ctypes
import os
import re
import socket
import struct

PIDFD_GETFD = 438  # on all CPUs
ESTABLISHED = "01"
LINGER_RESET = struct.pack("ii", 1, 0)


def _hex_address(ip, port):
    return f"{struct.unpack('=I', socket.inet_aton(ip))[0]:08X}:{port:04X}"


def _inode(peer_ip):
    """Of the one established connection with that host."""
    wanted = _hex_address(peer_ip, 0)[:8]
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    found = [row[9] for row in rows if row[2].startswith(wanted) and row[3] == ESTABLISHED]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} connections with {peer_ip}, not one")
    return found[0]


def _descriptor(pid, inode):
    base = f"/proc/{pid}/fd"
    for name in os.listdir(base):
        if re.fullmatch(rf"socket:\[{inode}\]", os.readlink(f"{base}/{name}")):
            return int(name)
    raise AssertionError(f"process {pid} does not hold the connection")


def take_over(pid, peer_ip):
    """Our own descriptor of the process's connection with that host (pidfd_getfd(2))."""
    number = _descriptor(pid, _inode(peer_ip))
    pidfd = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        copy = libc.syscall(PIDFD_GETFD, pidfd, number, 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        return socket.socket(fileno=copy)
    finally:
        os.close(pidfd)


def cut(process, peer_ip):
    """The stream ends in order for TCP, but without close_notify."""
    sock = take_over(process.pid, peer_ip)
    process.kill()
    sock.settimeout(10)
    sock.shutdown(socket.SHUT_WR)
    with sock:
        try:
            while sock.recv(65536):
                pass
        except ConnectionResetError:
            pass


def reset(process, peer_ip):
    """RST."""
    sock = take_over(process.pid, peer_ip)
    process.kill()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    sock.close()
