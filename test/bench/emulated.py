"""Counts what an aarch64 board executes for a handshake and for a MB, in instructions.

usage: emulated.py --bin DIR --certs DIR --blob FILE --build DIR

QEMU emulates the board "virt" with a clock that goes on by a nanosecond an instruction (-icount
shift=0): so the processor time in the firmware's event "stats" is the number of instructions that it
and the kernel below it executed. The load runs outside, on QEMU's own network. Each load comes twice,
with few and with many repetitions; the difference is what the additional ones cost.

Prints {cell: instructions} as JSON.
"""

import argparse
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))

# Few and many. The first MB finds windows that have not opened yet.
HANDSHAKES = (4, 24)
MESSAGES = (64, 320)
COUNTED = {
    "full-x25519": HANDSHAKES,
    "full-p256": HANDSHAKES,
    "resumed": HANDSHAKES,
    "bulk-16k": MESSAGES,
    "bulk-16k-chacha": MESSAGES,
}
INSTRUCTIONS_PER_US = 1000
BOOT_S = 120
ANSWER_S = 2
TRIES = 20
HOST_PORT = 8433
NETWORK = (
    "user,id=net0,net=198.18.0.0/24,host=198.18.0.1,dhcpstart=198.18.0.2,ipv6=off,restrict=on,"
    f"hostfwd=tcp:127.0.0.1:{HOST_PORT}-198.18.0.2:8433"
)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="emulated.py", allow_abbrev=False)
    parser.add_argument("--bin", required=True, help="where bench_load is")
    parser.add_argument("--certs", required=True, help="where ca.pem is")
    parser.add_argument("--blob", required=True, help="the identity for the board")
    parser.add_argument("--build", required=True, help="build tree of the preset qemu-virt")
    return parser.parse_args(arguments)


class _Where:  # pylint: disable=too-few-public-methods
    """What the load generator wants to know."""

    server_name = "tls-echo.local"

    def __init__(self, options):
        self._bin = options.bin
        self.ca = os.path.join(options.certs, "ca.pem")

    def program(self, name):
        return os.path.join(self._bin, name)


def used_us(board):
    """The processor time of all sessions so far, once the last has ended. The console answers no more
    than a few commands a second: so it is asked again."""
    for is_last in [False] * TRIES + [True]:
        since = board.mark()
        board.write(b"stats\r")
        try:
            stats = board.wait_event("stats", ANSWER_S, since=since)
            if stats["sessions"] == "0":
                return stats.number("cpu_us")
        except AssertionError:
            if is_last or not board.running:
                raise
    raise RuntimeError("a session on the board does not end")


def run_load(measure, where, network, words):
    load = measure.Load(where, network, words)
    try:
        return load.run()["count"]
    finally:
        load.close()


def count_cell(board, cell, load):
    """Instructions for one of what the cell counts, or for a MB."""
    used, done = [used_us(board)], []
    for repetitions in COUNTED[cell.name]:
        done.append(load([*cell.load, "--seconds", "3600", "--count-max", str(repetitions)]))
        used.append(used_us(board))
    few_us, many_us = used[1] - used[0], used[2] - used[1]
    each = (many_us - few_us) * INSTRUCTIONS_PER_US / (done[1] - done[0])
    return each * 1e6 / 16384 if cell.kind == "bulk" else each


def main(arguments):
    options = parse(arguments)
    os.environ.update(
        TLS_ECHO_BOARD="qemu_virt",
        TLS_ECHO_SOURCE_DIR=SOURCE,
        TLS_ECHO_IMAGE_DIR=os.path.join(options.build, "image"),
    )
    # The board's "machine" is not the benchmark's.
    sys.path[:0] = [os.path.join(SOURCE, "test", "lib"), os.path.join(SOURCE, "board", "image")]
    # pylint: disable=import-outside-toplevel
    import board
    import cells
    import measure
    import networks

    where = _Where(options)
    network = networks.Network("board", "127.0.0.1")
    with tempfile.TemporaryDirectory(prefix="tls-echo-bench-") as folder:
        with open(options.blob, "rb") as file:
            files = {"certs/blob.bin": file.read()}
        card = board.make_card(folder, "stats-interval = 0\n", files)
        clock = ["-icount", "shift=0"]
        server = board.Board(card=card, network=NETWORK, extra=clock, stdin=True)
        try:
            server.wait_event("listening", BOOT_S)
            todo = [cell for cell in cells.tls_cells((1,)) if cell.name in COUNTED]

            def load(words):
                return run_load(measure, where, network, words)

            counted = {cell.name: count_cell(server, cell, load) for cell in todo}
        finally:
            server.kill()
    json.dump(counted, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
