"""The benchmark: runs every cell in turn, several rounds, prints the table, writes the numbers.

usage: bench.py --bin DIR [--builds DIR] --out DIR [options of "./run bench"]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

# pylint: disable=wrong-import-position
import cells
import cpu
import document
import instructions
import machine
import measure
import netns
import report
import targets
from networks import Networks
from peers import Server, all_peers, crypto_programs
from settings_bench import Settings

SOURCE = os.path.dirname(os.path.dirname(HERE))
# Networks on which nothing is judged are measured in the first rounds alone.
OTHER_NET_ROUNDS = 2
# So much of the server's core may others use before its busy time says nothing about the server.
NOISE_MAX = 0.05


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./run bench", allow_abbrev=False)
    parser.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--builds", help=argparse.SUPPRESS)
    parser.add_argument("--out", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=float, default=9.0, help="rounds begin so long (9)")
    parser.add_argument("--quick", action="store_true", help="one short round, to try it out")
    parser.add_argument("--document", action="store_true", help="write docs/PERFORMANCE.md, too")
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions, too: 5 minutes more"
    )
    parser.add_argument(
        "--aarch64", action="store_true", help="count an emulated board's, too: half a minute more"
    )
    parser.add_argument("--peers", help="only these: names of the table, with commas")
    return parser.parse_args(arguments)


def allow_many_sockets():
    """A thousand sessions want a thousand descriptors; what is allowed at most is mostly more."""
    _now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def make_identity(settings):
    """One certificate for all, ECDSA P-256."""
    folder = os.path.dirname(settings.ca)
    certs = os.path.join(SOURCE, "certs")
    commands = (
        [os.path.join(certs, "make-certs.sh"), "--force", folder],
        [sys.executable, os.path.join(certs, "blob.py"), "pack", folder, settings.blob],
    )
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Bench:
    """Everything while it runs; results is what is written in the end."""

    def __init__(self, settings, options):
        self.settings = settings
        self.networks = Networks()
        self.round = 0
        self.results = {"cells": [], "errors": []}
        wanted = options.peers.split(",") if options.peers else None
        everybody = all_peers(settings)
        unknown = set(wanted or ()) - {peer.name for peer in everybody}
        if unknown:
            sys.exit(f"bench: there is no peer {', '.join(sorted(unknown))}")
        everybody = [peer for peer in everybody if not wanted or peer.name in wanted]
        self.peers = [peer for peer in everybody if peer.is_built]
        if not self.networks.has_tap:  # the only wire that it knows
            self.peers = [peer for peer in self.peers if peer.name != "stock-lwip"]
        self.results["not_built"] = [peer.name for peer in everybody if not peer.is_built]
        self.results["labels"] = {peer.name: peer.label for peer in everybody}

    def close(self):
        self.networks.close()

    def _fail(self, peer, network, cell, error):
        where = f"{peer.name} over {network.name}, {cell}"
        print(f"bench: {where}: {error}", file=sys.stderr)
        self.results["errors"].append({"where": where, "reason": str(error)})

    def _keep(self, peer, network, cell, seen):
        seen.pop("event")
        head = {"peer": peer.name, "net": network.name, "cell": cell.name, "round": self.round}
        self.results["cells"].append({**head, **seen})

    def _serve(self, peer, net, todo, run, seconds):
        """All these cells on one server. One that a cell ends is started anew for the next, one that
        does not start is left alone."""
        network = self.networks.by_name[net]
        server = None
        try:
            for cell in todo:
                if server is None or not server.is_running:
                    server = self._start(peer, network)
                if server is None:
                    return
                self._serve_cell(server, network, cell, run, seconds)
        finally:
            if server is not None:
                server.close()

    def _start(self, peer, network):
        log = os.path.join(self.settings.work_dir, f"{peer.name}.log")
        try:
            return Server(peer, network, self.settings.server_core, log)
        except (RuntimeError, OSError) as error:
            self._fail(peer, network, "start", error)
            return None

    def _serve_cell(self, server, network, cell, run, seconds):
        """Tried twice: a machine that has other things to do can make TCP give up."""
        for is_last in (False, True):
            try:
                seen = run(self.settings, server, network, cell, seconds)
                self._keep(server.peer, network, cell, seen)
                return
            except (measure.LoadFailed, RuntimeError, OSError, ValueError) as error:
                if is_last or not server.is_running:
                    self._fail(server.peer, network, cell.name, error)
                    return

    def _serve_cells(self, peer, net, todo):
        todo = [cell for cell in todo if cell.kind in peer.kinds]
        if todo:
            self._serve(peer, net, todo, measure.run_cell, self.settings.seconds)

    def run_round(self):
        """Every peer once, in turn, so that what the machine does meanwhile meets all alike."""
        self.round += 1
        every = [*cells.tls_cells(self.settings.ping_counts), *cells.raw_cells()]
        for peer in self.peers:
            self._serve_cells(peer, peer.main_net, every)
        if self.round > OTHER_NET_ROUNDS:
            return
        others = [
            cell for cell in every if cell.name in cells.OTHER_NET_CELLS or cell.kind == "raw"
        ]
        for peer in self.peers:
            for net in peer.nets[1:]:
                self._serve_cells(peer, net, others)

    def run_crypto(self):
        """The primitives alone: what no server on that library can exceed."""
        seconds = str(self.settings.seconds / 2)
        found = self.results["crypto"] = {}
        for name, label, program in crypto_programs(self.settings):
            if not os.access(program, os.X_OK):
                continue
            try:
                text = subprocess.run(
                    ["taskset", "--cpu-list", str(self.settings.server_core or 0), program, seconds],
                    capture_output=True,
                    check=True,
                    timeout=60,
                ).stdout
                found[name] = {"label": label, **json.loads(text)}
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                self.results["errors"].append({"where": label, "reason": str(error)})

    def run_instructions(self):
        progress("counting instructions")

        def fail(where, reason):
            progress(f"{where}: {reason}")
            self.results["errors"].append({"where": where, "reason": str(reason)})

        self.results["instructions"] = instructions.run(
            self.settings, self.networks, self.peers, fail
        )

    def run_aarch64(self):
        """In a program of its own: what it takes from the tests has names that are in use here."""
        progress("counting instructions of an emulated board")
        settings = self.settings
        words = [sys.executable, os.path.join(HERE, "emulated.py"), "--bin", settings.bin_dir]
        words += ["--certs", os.path.dirname(settings.ca), "--blob", settings.blob]
        words += ["--build", os.path.join(SOURCE, "build", "qemu-virt")]
        try:
            text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            self.results["aarch64"] = json.loads(text)
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip().splitlines()[-1:]
            self.results["errors"].append({"where": "emulated board", "reason": "".join(reason)})
            print(error.stderr, file=sys.stderr)

    def run_memory(self):
        """What sessions cost; once, as memory does not vary and a thousand handshakes take long."""
        for peer in self.peers:
            if "memory" not in peer.kinds:
                continue
            scale = list(cells.scale_cells(self.settings.session_counts))
            for kind in ("scale-one", "scale-all"):
                todo = [cell for cell in scale if cell.name.startswith(kind)]
                seconds = self.settings.seconds
                self._serve(peer, peer.main_net, todo, measure.run_memory_cell, seconds)


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run_all(bench, options):
    """Rounds as long as there is time for one more. What is done is kept at once, so that an end
    that nobody expected costs no more than the rest."""
    begin = time.monotonic()
    bench.run_crypto()
    round_begin = time.monotonic()
    bench.run_round()
    round_s = time.monotonic() - begin
    progress(f"round 1 took {time.monotonic() - round_begin:.0f} s; now many sessions")
    bench.run_memory()
    while True:
        passed_s = time.monotonic() - begin
        bench.results.update(rounds=bench.round, minutes=passed_s / 60)
        keep(bench.results, options.out)
        if options.quick or passed_s + round_s > options.minutes * 60:
            return
        progress(f"round {bench.round + 1}, after {passed_s / 60:.1f} minutes")
        bench.run_round()


def describe(bench, settings):
    """What the numbers depend on."""
    noise = cpu.core_noise(settings.server_core) if settings.server_core is not None else 1.0
    bench.results["machine"] = machine.describe(SOURCE)
    bench.results["noise"] = noise
    bench.results["cpu"] = "core" if noise <= NOISE_MAX else "process"
    bench.results["sizes"] = machine.flash_sizes(SOURCE)
    bench.results["lwip_wire"] = "TAP" if bench.networks.has_tap else "AF_PACKET on veth"
    if bench.results["cpu"] == "process":
        print(
            f"bench: others use {noise:.0%} of the server's core: the table counts the server's own "
            "CPU time, without what the kernel does for it elsewhere",
            file=sys.stderr,
        )


def keep(results, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "bench.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    return path


def plot(path):
    """Debian's own Python has the package, whatever other Python this user may have before it."""
    words = ["/usr/bin/python3", os.path.join(HERE, "plot.py"), path, os.path.dirname(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        print(f"bench: the pictures are in {os.path.dirname(path)}")
    else:
        why = done.stderr.strip().splitlines()[-1:] or ["it failed"]
        print(f"bench: no pictures: {why[0]} (they take the package python3-matplotlib)")


def main(arguments):
    options = parse(arguments)
    options.bin, options.out = os.path.abspath(options.bin), os.path.abspath(options.out)
    netns.enter()
    allow_many_sockets()
    with tempfile.TemporaryDirectory(prefix="tls-echo-bench-") as work_dir:
        settings = Settings(options, work_dir)
        make_identity(settings)
        if settings.generator_core is not None:
            os.sched_setaffinity(0, {settings.generator_core})
        bench = Bench(settings, options)
        try:
            describe(bench, settings)
            run_all(bench, options)
            if options.instructions:
                bench.run_instructions()
            if options.aarch64:
                bench.run_aarch64()
        finally:
            bench.close()
    path = keep(bench.results, options.out)
    print(report.text(bench.results))
    print("\n".join(targets.lines(bench.results)))
    print(f"bench: {bench.round} rounds; the numbers are in {path}")
    plot(path)
    if options.document:
        print(f"bench: wrote {document.write(path, os.path.join(SOURCE, 'docs'))}")
    return 1 if bench.results["errors"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
