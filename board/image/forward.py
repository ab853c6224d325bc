#!/usr/bin/env python3
"""Joins standard input and output to a TCP port of this machine: QEMU's emulated network runs it
for each connection of a board. usage: forward.py HOST PORT"""

import os
import socket
import sys
import threading


def copy(read, write, end):
    """Until the end or a failure, which the other side is told as an end."""
    try:
        while data := read():
            write(data)
    except OSError:
        pass
    end()


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data) :]


def end_input(sock):
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    host, port = sys.argv[1:]
    # QEMU sends what is said there to the board as well.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        sock = socket.create_connection((host, int(port)))
    except OSError:
        sys.exit(1)
    # QEMU gives one socket for both; its two directions end one by one.
    inward = threading.Thread(
        target=copy,
        args=(lambda: os.read(0, 65536), sock.sendall, lambda: end_input(sock)),
        daemon=True,
    )
    inward.start()
    copy(lambda: sock.recv(65536), lambda data: write_all(1, data), lambda: None)


if __name__ == "__main__":
    main()
