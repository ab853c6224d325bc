"""What was measured, as tables of medians; the same for the terminal and docs/PERFORMANCE.md."""

import statistics



class Value:
    """A median over rounds, and what it varied between."""

    def __init__(self, samples):
        self.median = statistics.median(samples)
        self.least = min(samples)
        self.most = max(samples)
        self.count = len(samples)

    def __str__(self):
        if self.count == 1:
            return number(self.median)
        return f"{number(self.median)} ({number(self.least)}..{number(self.most)})"


def number(value):
    """Three digits that mean something."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{value:e}".split("e")[1]))
    return f"{value:,.{digits}f}" if digits <= 6 else f"{value:.2e}"


class Table:
    """rows: (label, values), each value a Value or None where nothing was measured."""

    def __init__(self, title, note, columns):
        self.title = title
        self.note = note
        self.columns = columns
        self.rows = []

    def add(self, label, values):
        """A row with nothing in it says nothing."""
        if any(value is not None for value in values):
            self.rows.append((label, values))

    def lines(self):
        texts = [["", *self.columns], *([label, *map(_text, values)] for label, values in self.rows)]
        return [f"### {self.title}", "", *([self.note, ""] if self.note else []), *markdown(texts), ""]


def markdown(rows):
    """A table, aligned so that it can be read in a terminal, too."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return [
        "| " + " | ".join(word.ljust(width) for word, width in zip(row, widths)) + " |"
        for row in rows
    ]


def _text(value):
    return "" if value is None else str(value)


class Numbers:
    """The measured cells, by peer, network and name."""

    def __init__(self, results):
        self.results = results
        self.labels = results["labels"]
        self.cpu_key = "core_cpu_s" if results["cpu"] == "core" else "process_cpu_s"
        self._samples = {}
        for one in results["cells"]:
            key = (one["peer"], one["net"], one["cell"])
            self._samples.setdefault(key, {})[one["round"]] = one

    def main_net(self, peer):
        return "lwip" if peer.endswith("lwip") else "veth"

    def by_round(self, peer, cell, metric, net=None):
        """{round: number}"""
        samples = self._samples.get((peer, net or self.main_net(peer), cell), {})
        found = {at: metric(self, sample) for at, sample in samples.items()}
        return {at: value for at, value in found.items() if value is not None}

    def value(self, peer, cell, metric, net=None):
        found = self.by_round(peer, cell, metric, net)
        return Value(found.values()) if found else None

    def ratio(self, ours, theirs):
        """Of two by_round, in the same rounds."""
        both = sorted(set(ours) & set(theirs))
        ratios = [ours[at] / theirs[at] for at in both if theirs[at] > 0]
        return Value(ratios) if ratios else None

    def counts(self, prefix):
        """The numbers of sessions in cells that begin so."""
        names = {name for _peer, _net, name in self._samples if name.startswith(prefix)}
        return sorted(int(name.removeprefix(prefix)) for name in names)


# ---- Metrics of one sample ----


def cpu_us_each(numbers, sample):
    """Server's CPU time for a handshake or message, in microseconds."""
    return sample[numbers.cpu_key] / sample["count"] * 1e6 if sample["count"] else None


def process_us_each(_numbers, sample):
    return sample["process_cpu_s"] / sample["count"] * 1e6 if sample["count"] else None


def per_cpu_second(numbers, sample):
    return sample["count"] / max(sample[numbers.cpu_key], 1e-9)


def cpu_ms_per_mb(numbers, sample):
    return sample[numbers.cpu_key] / sample["bytes"] * 1e9 if sample["bytes"] else None


def process_ms_per_mb(_numbers, sample):
    return sample["process_cpu_s"] / sample["bytes"] * 1e9 if sample["bytes"] else None


def mb_per_cpu_second(numbers, sample):
    return sample["bytes"] / 1e6 / max(sample[numbers.cpu_key], 1e-9)


def mb_per_second(_numbers, sample):
    return sample["bytes"] / 1e6 / sample["seconds"]


def latency(name):
    return lambda _numbers, sample: sample.get(name)


def sessions_of(sample):
    return int(sample["cell"].rsplit("-", 1)[1])


def idle_rss_kb(_numbers, sample):
    """Resident memory an idle session added."""
    added = sample["idle"]["rss"] - sample["before"]["rss"]
    return added / 1024 / sessions_of(sample)


def idle_heap_kb(_numbers, sample):
    """The same by the firmware's own counters."""
    if sample["idle"]["heap"] is None:
        return None
    added = sample["idle"]["heap"]["used"] - sample["before"]["heap"]["used"]
    return added / 1024 / sessions_of(sample)


def handshake_heap_kb(_numbers, sample):
    """The most that TLS had while one session was opened."""
    if sample["idle"]["heap"] is None:
        return None
    return (sample["idle"]["heap"]["tls_peak"] - sample["before"]["heap"]["tls"]) / 1024


def stack_kb(_numbers, sample):
    """Of the firmware's loop, which all sessions share; other peers have a stack a thread."""
    return sample["busy"]["stack"] / 1024 if sample["busy"]["heap"] is not None else None


def busy_rss_kb(_numbers, sample):
    """At most resident while each session had 16 KB under way."""
    added = sample["busy"]["rss_peak"] - sample["before"]["rss"]
    return added / 1024 / sessions_of(sample)


# ---- Tables ----


def _table(numbers, title, note, columns, rows=None):
    """columns: (heading, cell, metric) each."""
    table = Table(title, note, [heading for heading, *_ in columns])
    for peer in rows or numbers.labels:
        values = [numbers.value(peer, cell, metric) for _heading, cell, metric in columns]
        table.add(numbers.labels[peer], values)
    return table


def _handshakes(numbers):
    names = {
        "full-x25519": "1.3 X25519",
        "full-p256": "1.3 P-256",
        "full-tls12": "1.2 P-256",
        "resumed": "1.3 resumed",
    }
    title = "Handshakes: server CPU each"
    note = "Microseconds for connect, handshake, 16 bytes echoed, close."
    columns = [(label, name, cpu_us_each) for name, label in names.items()]
    yield _table(numbers, title, note, columns)
    columns = [(label, name, per_cpu_second) for name, label in names.items()]
    yield _table(numbers, "Handshakes in one CPU-second of the server", None, columns)
    columns = [(label, name, process_us_each) for name, label in names.items()]
    yield _table(numbers, "Handshakes: the process's own CPU time each", "Microseconds.", columns)


def _echoes(numbers):
    names = {
        "bulk-16k": "16 KB",
        "bulk-16k-chacha": "16 KB, ChaCha20",
        "bulk-1k": "1 KB",
        "bulk-64": "64 bytes",
    }
    note = "Milliseconds for a MB received and sent back, one session, AES-128-GCM unless said."
    columns = [(label, name, cpu_ms_per_mb) for name, label in names.items()]
    yield _table(numbers, "Echo: server CPU for a MB", note, columns)
    columns = [(label, name, mb_per_second) for name, label in names.items()]
    yield _table(numbers, "Echo: MB a second", None, columns)
    columns = [(label, name, mb_per_cpu_second) for name, label in names.items()]
    yield _table(numbers, "Echo: MB in one CPU-second of the server", None, columns)
    columns = [(label, name, process_ms_per_mb) for name, label in names.items()]
    yield _table(numbers, "Echo: the process's own CPU time for a MB", "Milliseconds.", columns)


def _round_trips(numbers):
    columns = []
    for count in numbers.counts("ping-"):
        for name, label in (("p50_us", "p50"), ("p99_us", "p99"), ("p999_us", "p99.9")):
            columns.append((f"{count} × {label}", f"ping-{count}", latency(name)))
    note = "Microseconds for 64 bytes there and back; sessions × percentile; one message in each."
    yield _table(numbers, "Round trip", note, columns)


def _sessions(numbers):
    counts = numbers.counts("scale-one-")
    columns = [(f"{count}", f"scale-one-{count}", cpu_us_each) for count in counts]
    note = "Microseconds; so many sessions are open, one message of 64 bytes is under way in all."
    yield _table(numbers, "Many sessions: server CPU for a message", note, columns)
    columns = [(f"{count}", f"scale-all-{count}", cpu_us_each) for count in counts]
    note = "Microseconds; so many sessions are open, 16 KB are under way in each."
    yield _table(numbers, "Many busy sessions: server CPU for a message of 16 KB", note, columns)
    columns = []
    counts = [count for count in counts if count > 1]
    kinds = {
        "idle, own count": ("scale-one", idle_heap_kb),
        "idle, RSS": ("scale-one", idle_rss_kb),
        "busy, RSS": ("scale-all", busy_rss_kb),
    }
    for label, (cell, metric) in kinds.items():
        columns += [(f"{label}, {count}", f"{cell}-{count}", metric) for count in counts]
    if 1 in numbers.counts("scale-one-"):
        columns.append(("handshake's peak, own count", "scale-one-1", handshake_heap_kb))
        columns.append(("stack of all sessions", "scale-one-1", stack_kb))
    note = "KB a session, with so many open: by the firmware's own counters, and what became resident."
    yield _table(numbers, "Memory of a session", note, columns)


def _raw(numbers):
    columns = [
        ("16 KB: CPU ms/MB", "raw-16k", cpu_ms_per_mb),
        ("16 KB: MB/s", "raw-16k", mb_per_second),
        ("64 bytes: CPU ms/MB", "raw-64", cpu_ms_per_mb),
        ("round trip p50 µs", "raw-ping", latency("p50_us")),
    ]
    yield _table(numbers, "TCP without TLS", None, columns)


def _networks(numbers):
    """Kernel peers on networks that spare their CPU what a small board's card would not."""
    names = {
        "full-x25519": ("handshake, CPU µs", cpu_us_each),
        "bulk-16k": ("16 KB, CPU ms/MB", cpu_ms_per_mb),
        "ping-1": ("round trip p50 µs", latency("p50_us")),
        "raw-16k": ("raw 16 KB, CPU ms/MB", cpu_ms_per_mb),
        "raw-ping": ("raw round trip p50 µs", latency("p50_us")),
    }
    table = Table("Kernel TCP on other networks", None, [label for label, _ in names.values()])
    for peer, label in numbers.labels.items():
        for net in ("veth", "veth+offload", "loopback"):
            values = [
                numbers.value(peer, cell, metric, net) for cell, (_, metric) in names.items()
            ]
            table.add(f"{label}: {net}", values)
    yield table


def _instructions(results):
    names = {
        "full-x25519": "full handshake, X25519",
        "resumed": "resumed",
        "bulk-16k": "1 MB echoed, 16 KB messages",
    }
    note = "Millions of instructions of this machine in user space, counted by callgrind."
    table = Table("Instructions", note, list(names.values()))
    for peer, counted in results.get("instructions", {}).items():
        values = [Value([counted[name] / 1e6]) if name in counted else None for name in names]
        table.add(results["labels"][peer], values)
    yield table


def _aarch64(results):
    names = {
        "full-x25519": "full handshake, X25519",
        "full-p256": "full handshake, P-256",
        "resumed": "resumed",
        "bulk-16k": "1 MB echoed, AES-128-GCM",
        "bulk-16k-chacha": "1 MB echoed, ChaCha20",
    }
    note = (
        "Millions of instructions of the firmware and the kernel below it, counted by the clock of"
        " QEMU's emulation of a board (-icount shift=0) whose core has instructions for AES."
    )
    table = Table("Instructions on aarch64", note, list(names.values()))
    counted = results.get("aarch64", {})
    if counted:
        values = [Value([counted[name] / 1e6]) for name in names]
        table.add("Mbed TLS × lwIP (the firmware), qemu_virt", values)
    yield table


def _crypto(results):
    names = {
        "x25519": "X25519 /s",
        "p256": "P-256 exchange /s",
        "sign": "P-256 sign /s",
        "verify": "P-256 verify /s",
        "aes-128-gcm": "AES-128-GCM MB/s",
        "chacha20-poly1305": "ChaCha20-Poly1305 MB/s",
    }
    note = "In a second of CPU time; records of 16 KB. No TLS on that library can be faster."
    table = Table("The cryptography alone", note, list(names.values()))
    for one in results.get("crypto", {}).values():
        table.add(one["label"], [Value([one[name]]) for name in names])
    yield table


def tables(results):
    """All of them, in order; without those that would be empty."""
    numbers = Numbers(results)
    made = []
    for maker in (_handshakes, _echoes, _round_trips, _sessions, _raw, _networks):
        made += maker(numbers)
    made += [*_crypto(results), *_instructions(results), *_aarch64(results)]
    return [table for table in made if table.rows]


def text(results):
    lines = []
    for table in tables(results):
        lines += table.lines()
    return "\n".join(lines)
