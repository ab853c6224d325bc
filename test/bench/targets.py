"""What was aimed at, and whether the numbers reach it."""

import report

DEFAULT, DRIVER = "mbedtls-lwip", "driver-lwip"
UNMODIFIED, TUNED = "mbedtls-default", "tutorial-tuned"
KB = 1024


class Target:
    """limit: the most that a ratio or size may be; value: a report.Value, or None: not measured."""

    def __init__(self, what, limit, value, unit=""):
        self.what = what
        self.limit = limit
        self.value = value
        self.unit = unit

    @property
    def verdict(self):
        if self.value is None:
            return "not measured"
        return "met" if self.value.median <= self.limit else "NOT MET"

    def row(self):
        text = "" if self.value is None else f"{self.value}{self.unit}"
        return [self.what, f"≤ {report.number(self.limit)}{self.unit}", text, self.verdict]


def _ratio(numbers, metric, ours, theirs):
    """ours, theirs: (peer, cell)"""
    return numbers.ratio(numbers.by_round(*ours, metric), numbers.by_round(*theirs, metric))


def _handshakes(numbers):
    def against(ours, theirs, cell):
        return _ratio(numbers, report.cpu_us_each, (ours, cell), (theirs, cell))

    what = "full TLS 1.3 handshake, server CPU"
    full = "full-x25519"
    yield Target(f"{what}: default ÷ unmodified Mbed TLS", 1 / 2, against(DEFAULT, UNMODIFIED, full))
    yield Target(f"{what}: driver ÷ unmodified Mbed TLS", 1 / 4, against(DRIVER, UNMODIFIED, full))
    yield Target(f"{what}: driver ÷ OpenSSL thread server", 1 / 2, against(DRIVER, TUNED, full))
    what = "resumed handshake, server CPU: default ÷ unmodified Mbed TLS"
    yield Target(what, 1 / 3, against(DEFAULT, UNMODIFIED, "resumed"))


def _echoes(numbers):
    def against(ours, theirs):
        cell = "bulk-16k"
        return _ratio(numbers, report.cpu_ms_per_mb, (ours, cell), (theirs, cell))

    what = "echo of 16 KB messages, CPU per MB"
    yield Target(f"{what}: default ÷ unmodified Mbed TLS", 1, against(DEFAULT, UNMODIFIED))
    yield Target(f"{what}: driver ÷ unmodified Mbed TLS", 1 / 3, against(DRIVER, UNMODIFIED))
    yield Target(f"{what}: driver ÷ OpenSSL × kernel TCP", 1.5, against(DRIVER, "openssl-posix"))


def _network(numbers):
    p50 = report.latency("p50_us")
    value = _ratio(numbers, p50, (DEFAULT, "ping-1"), ("mbedtls-posix", "ping-1"))
    yield Target("64-byte round trip p50, one session: ÷ Mbed TLS × kernel TCP", 1.3, value)
    what = "TCP echo without TLS, CPU per MB: lwIP"
    metric = report.cpu_ms_per_mb
    value = _ratio(numbers, metric, ("raw-lwip", "raw-16k"), ("stock-lwip", "raw-16k"))
    yield Target(f"{what} ÷ its stock unix port", 1 / 6, value)
    value = _ratio(numbers, metric, ("raw-lwip", "raw-16k"), ("raw-posix", "raw-16k"))
    yield Target(f"{what} ÷ kernel TCP over veth without offload", 1.2, value)


def _sessions(numbers):
    counts = [count for count in numbers.counts("scale-one-") if count >= 10]
    if not counts:
        return
    most = counts[-1]
    idle = [
        numbers.value(DEFAULT, f"scale-one-{count}", report.idle_heap_kb) for count in counts
    ]
    idle = [value for value in idle if value is not None]
    worst = max(idle, key=lambda value: value.median) if idle else None
    yield Target("idle TLS 1.3 session, RAM by the firmware's own counters", 12, worst, " KB")
    for kind, label in (("one", "one message under way"), ("all", "16 KB under way in each")):
        ours, few = f"scale-{kind}-{most}", f"scale-{kind}-10"
        value = _ratio(numbers, report.cpu_us_each, (DEFAULT, ours), (DEFAULT, few))
        yield Target(f"{most} sessions, {label}: CPU per message ÷ that at 10", 1.5, value)


def _flash(results):
    """The size preset is the one that is called small."""
    sizes = results.get("sizes", {})
    small = [size for preset, size in sizes.items() if "small" in preset]
    for what, limit, size in (
        ("size preset", 270, small[0] if small else None),
        ("full firmware", 400, sizes.get("qemu-aarch64")),
    ):
        value = report.Value([size / KB]) if size else None
        yield Target(f"flash without the C library, aarch64: {what}", limit, value, " KB")


def all_targets(results):
    numbers = report.Numbers(results)
    return [
        *_handshakes(numbers),
        *_echoes(numbers),
        *_network(numbers),
        *_sessions(numbers),
        *_flash(results),
    ]


def lines(results, title="### Targets"):
    """The table as Markdown."""
    rows = [["What", "Target", "Measured", "Verdict"]]
    rows += [target.row() for target in all_targets(results)]
    return [title, "", *report.markdown(rows), ""]
