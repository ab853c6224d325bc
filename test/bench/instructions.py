"""Counts what a server executes for a handshake and for a MB, in instructions of this machine, with
callgrind: repeatable whatever else the machine does. The kernel's part is not in it.

Each load is run twice, with few and with many repetitions, on a server of its own; the difference is what
the additional ones cost.
"""

import os
import re
import signal
import subprocess

import cells
import measure
import networks
import peers

# Few and many; a server under callgrind is fifty times slower than usual.
HANDSHAKES = (4, 24)
MESSAGES = (32, 288)
LIMIT_S = 120
COUNTED = {"full-x25519": HANDSHAKES, "resumed": HANDSHAKES, "bulk-16k": MESSAGES}


class _CountedPeer:  # pylint: disable=too-few-public-methods
    """A peer that runs under valgrind."""

    def __init__(self, peer, out):
        self._peer = peer
        self.name = peer.name
        self.ready = peer.ready
        self.any_reply = peer.any_reply
        self.program = "valgrind"
        self._options = ["--tool=callgrind", f"--callgrind-out-file={out}", peer.program]

    def words(self, network):
        words = self._peer.words(network)
        if "--sandbox" in words:  # valgrind needs calls of its own
            words[words.index("--sandbox") + 1] = "off"
        if "--max-sessions" in words:
            words[words.index("--max-sessions") + 1] = "4"
        return [*self._options, *words]


def _total(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        found = re.search(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE)
    if not found:
        raise ValueError(f"callgrind left no sum in {path}")
    return int(found.group(1))


def _count(settings, network, peer, cell, repetitions):
    """Instructions of a server from its start to its end, with so many repetitions."""
    out = os.path.join(settings.work_dir, "callgrind.out")
    log = os.path.join(settings.work_dir, "callgrind.log")
    server = peers.Server(_CountedPeer(peer, out), network, None, log)
    try:
        words = [*cell.load, "--seconds", "3600", "--count-max", str(repetitions)]
        load = measure.Load(settings, network, words)
        try:
            done = load.run()
        finally:
            load.close()
        server.stop(signal.SIGTERM, LIMIT_S)
        return _total(out), done["count"]
    finally:
        server.close()


def _measure_cell(settings, network, peer, cell):
    few, many = (
        _count(settings, network, peer, cell, repetitions) for repetitions in COUNTED[cell.name]
    )
    each = (many[0] - few[0]) / (many[1] - few[1])
    if cell.kind == "bulk":
        each *= 1e6 / 16384
    return each


def run(settings, nets, everybody, fail):
    """{peer: {cell: instructions}}"""
    if subprocess.run(["sh", "-c", "command -v valgrind"], stdout=subprocess.DEVNULL).returncode:
        fail("instructions", "there is no valgrind: install the package of that name")
        return {}
    found = {}
    todo = [cell for cell in cells.tls_cells((1,)) if cell.name in COUNTED]
    for peer in everybody:
        for cell in todo if "bulk" in peer.kinds else ():
            try:
                network = nets.by_name[peer.main_net]
                counted = _measure_cell(settings, network, peer, cell)
                found.setdefault(peer.name, {})[cell.name] = counted
            except (measure.LoadFailed, OSError, RuntimeError, ValueError) as error:
                fail(f"instructions of {peer.name}, {cell.name}", error)
    return found
