"""What a session's round trips take, in time and in the server's CPU time, to compare two states of it."""

import time

import testcerts
from tlspeer import TlsPeer, connect


def percentile_99(times):
    return sorted(times)[len(times) * 99 // 100]


def round_trip(peer, data):
    """Seconds until the echo was back, and right."""
    began = time.perf_counter()
    if peer.echo(data) != data:
        raise AssertionError("the echo differs")
    return time.perf_counter() - began


def times_while(peer, data, goes_on):
    """The round trips while goes_on() is true; one at least."""
    times = [round_trip(peer, data)]
    while goes_on():
        times.append(round_trip(peer, data))
    return times


def times_for(peer, data, seconds):
    end = time.monotonic() + seconds
    return times_while(peer, data, lambda: time.monotonic() < end)


def handshake_cpu_s(server, count=20):
    """CPU time of one full handshake in the server."""
    context = testcerts.client_context()
    before_s = server.cpu_time_s()
    for _round in range(count):
        with TlsPeer(connect(), context) as peer:
            peer.handshake()
            peer.close_cleanly()
    return (server.cpu_time_s() - before_s) / count
