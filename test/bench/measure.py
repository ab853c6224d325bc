"""Runs one cell: the load generator on one core, a server on the other, and what both used."""

import json
import subprocess

import cpu
import networks

LIMIT_S = 60


class LoadFailed(Exception):
    """The load generator said why."""


class Load:
    """A running bench_load, set up and waiting."""

    def __init__(self, settings, network, words):
        command = ["setpriv", "--pdeathsig", "KILL", settings.program("bench_load"), *words]
        command += ["--host", network.host, "--port", str(networks.PORT)]
        command += ["--ca", settings.ca, "--name", settings.server_name, "--limit", str(LIMIT_S)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._read("ready")

    def _read(self, expected):
        """Its own limit ends it at the latest, and the line then is its end."""
        line = self._process.stdout.readline()
        event = json.loads(line) if line else {"event": "nothing"}
        if event["event"] != expected:
            self.close()
            raise LoadFailed(event.get("reason", "the load generator ended"))
        return event

    def run(self):
        """The measured part."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read("done")

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def run_cell(settings, server, network, cell, seconds):
    """A dict of what was seen: bench_load's own numbers and the server's CPU time."""
    words = [*cell.load, "--seconds", str(seconds)]
    if server.peer.any_reply:
        words.append("--any-reply")
    load = Load(settings, network, words)
    try:
        meter = cpu.Meter(server.pid, settings.server_core)
        seen = load.run()
        return {**seen, **meter.read()}
    finally:
        load.close()


def run_memory_cell(settings, server, network, cell, seconds):
    """The same, and the server's memory before, with idle sessions, and after."""
    before = _memory(server)
    load = Load(settings, network, [*cell.load, "--seconds", str(seconds)])
    try:
        idle = _memory(server)
        cpu.forget_peak(server.pid)
        meter = cpu.Meter(server.pid, settings.server_core)
        seen = load.run()
        used = meter.read()
        return {**seen, **used, "before": before, "idle": idle, "busy": _memory(server)}
    finally:
        load.close()


def _memory(server):
    resident, peak = cpu.memory_len(server.pid)
    heap, stack = server.heap_len(), cpu.stack_len(server.pid)
    return {"rss": resident, "rss_peak": peak, "heap": heap, "stack": stack}
