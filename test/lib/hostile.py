"""Hostile peers for our server, one kind a thread, in a process of their own: they must not take time
from the well-behaved peer beside them.

  hostile.py [--for SECONDS] [--once] KIND...     KIND: a name of those below, or "all"

Each comes back when the server has thrown it out; with --once it stays away. Ends after SECONDS (60)
or by SIGTERM. The certificates are the tests' (TLS_ECHO_TEST_CERTS).
"""

import argparse
import os
import random
import signal
import socket
import ssl
import sys
import threading

import frames
import hello
import rawtcp
import records
import settings
import testcerts
from process import Process
from records import ALERT, APPLICATION_DATA, HANDSHAKE, WARNING, RawPeer, message
from servers import reset, wait_for_end
from tlspeer import connect

PAUSE_S = 0.02
FLOOD_RATE = 2000
FLOOD_BATCH = 20
NICE = 10
STORM_RATE = 200
CLOSE_TIMEOUT_S = 6  # a little more than the server's
HTTP = b"GET / HTTP/1.1\r\nHost: tls-echo.local\r\n\r\n"
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

stop = threading.Event()


def whole_hello():
    return hello.client_hello(hello.OFFERED_SUITES, versions=[hello.TLS_1_3, hello.TLS_1_2])


def drip(sock, data):
    """One byte a second."""
    for byte in data:
        sock.sendall(bytes([byte]))
        if stop.wait(1.0):
            return


# ---- Before the handshake is over ------------------------------------------------------------------


def say(data):
    """A kind that says this and then waits to be thrown out."""

    def kind():
        with connect() as sock:
            sock.sendall(data() if callable(data) else data)
            wait_for_end(sock)

    return kind


def dripping_hello():
    with connect() as sock:
        drip(sock, whole_hello())


def half_handshake(version):
    """Waits after the server's flight, which cost the server its signature."""

    def kind():
        with connect() as sock:
            context = testcerts.client_context(version=version)
            with RawPeer(sock, context) as peer:
                sock.sendall(peer.start_handshake())
                wait_for_end(sock)

    return kind


def resets():
    """Goes in the middle of a handshake, again and again."""
    sock = connect()
    sock.sendall(whole_hello())
    sock.recv(1)
    reset(sock)


def storm():
    """Connects and goes, 200 times a second."""
    while not stop.wait(1 / STORM_RATE):
        reset(connect())


def broken_hellos():
    """One byte of a ClientHello changed."""
    data = bytearray(whole_hello())
    data[random.randrange(5, len(data))] ^= 1 << random.randrange(8)
    with connect() as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        wait_for_end(sock)


def neighbour():
    """The interface and the hardware address by which the kernel reaches the server."""
    with open("/proc/net/arp", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[0] == settings.SERVER_IP:
                return words[5], frames.mac_bytes(words[3])
    raise RuntimeError("nobody has talked to the server yet")


def syn_flood():
    """SYNs from addresses that nobody has, 2,000 a second: nobody answers what they bring about."""
    interface, mac = neighbour()
    own_mac = frames.mac_bytes(frames.mac_of(interface))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        while not stop.wait(FLOOD_BATCH / FLOOD_RATE):
            for _frame in range(FLOOD_BATCH):
                source = f"198.18.0.{random.randrange(20, 250)}", random.randrange(1024, 65536)
                numbers = random.randrange(1 << 32), 0
                target = settings.SERVER_IP, settings.PORT
                sock.send(rawtcp.tcp_frame((mac, own_mac), source, target, numbers, rawtcp.SYN,
                                           options=rawtcp.SYN_OPTIONS))  # fmt: skip


# ---- After the handshake ---------------------------------------------------------------------------


def in_session(version, action):
    """A kind that shakes hands, and then acts."""

    def kind():
        with connect() as sock:
            context = testcerts.client_context(version=version)
            with RawPeer(sock, context) as peer:
                peer.handshake()
                action(peer)

    return kind


def idle(peer):
    wait_for_end(peer.sock)


def record_header(peer):
    """A record begun and never ended."""
    peer.sock.sendall(records.header(APPLICATION_DATA, 1000))
    wait_for_end(peer.sock)


def dripping_echo(peer):
    """A byte's echo a second."""
    while not stop.wait(1.0):
        peer.send_record(APPLICATION_DATA, b"x")
        peer.sock.recv(4096)


def half_closed(peer):
    """Says that it has nothing more to say, and never that it is gone."""
    peer.send_record(ALERT, bytes([WARNING, 0]))
    wait_for_end(peer.sock)
    stop.wait(CLOSE_TIMEOUT_S)


def dripping_record(peer):
    drip(peer.sock, peer.seal_record(APPLICATION_DATA, bytes(1000)))


def never_reads(peer):
    """Sends for ever; its timeout is that of a send that makes no progress."""
    while not stop.is_set():
        peer.send_record(APPLICATION_DATA, bytes(records.MAX_PLAINTEXT))


def send_and_drop(peer, record):
    """Sends these records for ever and takes what comes, so that nothing stands in their way."""

    def take():
        try:
            wait_for_end(peer.sock)
        except OSError:
            pass

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    try:
        while not stop.is_set():
            peer.sock.sendall(b"".join(record(peer) for _record in range(16)))
    finally:
        peer.sock.shutdown(socket.SHUT_RDWR)
        taker.join()


def one_byte_padded(peer):
    send_and_drop(
        peer, lambda peer: peer.seal_record(APPLICATION_DATA, b"x", padding=16000)
    )


def one_byte_records(peer):
    send_and_drop(peer, lambda peer: peer.seal_record(APPLICATION_DATA, b"x"))


def empty_records(peer):
    """As many in a row as are allowed."""
    send_and_drop(
        peer,
        lambda peer: b"".join(peer.seal_record(APPLICATION_DATA, data) for data in (b"", b"", b"x")),
    )


def warnings(peer):
    """Alerts that end nothing: user_canceled."""
    send_and_drop(peer, lambda peer: peer.seal_record(ALERT, bytes([WARNING, 90])))


def renegotiates(peer):
    send_and_drop(peer, lambda peer: peer.seal_record(HANDSHAKE, message(1, bytes(100))))


def megabytes(peer):
    """An honest echo, as fast as it goes."""
    send_and_drop(peer, lambda peer: peer.seal_record(APPLICATION_DATA, bytes(16000)))


def key_update(peer):
    peer.send_record(HANDSHAKE, message(records.KEY_UPDATE, b"\1"))
    wait_for_end(peer.sock)


def data_after_its_end(peer):
    """close_notify, data, and never a FIN."""
    peer.send_record(ALERT, bytes([WARNING, 0]))
    while not stop.wait(0.1):
        peer.send_record(APPLICATION_DATA, b"is anybody there?")


KINDS = {
    "silent": say(b""),
    "header": say(records.header(HANDSHAKE, 400)),
    "lying_length": say(lambda: records.header(HANDSHAKE, 500) + whole_hello()[5:]),
    "half_hello": say(lambda: whole_hello()[:100]),
    "garbage": say(lambda: os.urandom(1000)),
    "http": say(HTTP),
    "alert": say(hello.record(hello.ALERT, b"\x02\x28")),
    "dripping_hello": dripping_hello,
    "half_handshake": half_handshake(TLS_1_3),
    "half_handshake_1_2": half_handshake(TLS_1_2),
    "resets": resets,
    "broken_hellos": broken_hellos,
    "storm": storm,
    "syn_flood": syn_flood,
    "idle": in_session(TLS_1_3, idle),
    "idle_1_2": in_session(TLS_1_2, idle),
    "half_closed": in_session(TLS_1_3, half_closed),
    "half_closed_1_2": in_session(TLS_1_2, half_closed),
    "record_header": in_session(TLS_1_3, record_header),
    "dripping_echo": in_session(TLS_1_3, dripping_echo),
    "dripping_record": in_session(TLS_1_3, dripping_record),
    "never_reads": in_session(TLS_1_3, never_reads),
    "one_byte_padded": in_session(TLS_1_3, one_byte_padded),
    "one_byte_records": in_session(TLS_1_2, one_byte_records),
    "empty_records": in_session(TLS_1_3, empty_records),
    "warnings": in_session(TLS_1_3, warnings),
    "renegotiates": in_session(TLS_1_2, renegotiates),
    "megabytes": in_session(TLS_1_3, megabytes),
    "key_update": in_session(TLS_1_3, key_update),
    "data_after_its_end": in_session(TLS_1_3, data_after_its_end),
}


def start(*args):
    """The process, for a test to own; its arguments are those above."""
    return Process([sys.executable, os.path.abspath(__file__), *args], "hostile")


def run(kind, once):
    """Until all is over; being thrown out is what such a peer is there for."""
    while not stop.is_set():
        try:
            kind()
        except (OSError, ssl.SSLError, TimeoutError):
            pass
        if once or stop.wait(PAUSE_S):
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--for", dest="seconds", type=float, default=60)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("kinds", nargs="+", choices=[*KINDS, "all"])
    args = parser.parse_args()
    os.nice(NICE)
    signal.signal(signal.SIGTERM, lambda *_unused: stop.set())
    names = list(KINDS) if "all" in args.kinds else args.kinds
    for name in names:
        threading.Thread(target=run, args=(KINDS[name], args.once), daemon=True).start()
    stop.wait(args.seconds)
    stop.set()
    os._exit(0)


if __name__ == "__main__":
    main()
