"""What is measured: one cell is one load on one peer over one network."""

SUITES = {"1.3": "TLS_AES_128_GCM_SHA256", "1.2": "ECDHE-ECDSA-AES128-GCM-SHA256"}


class Cell:
    """kind: what a peer must be able to do; load: words for bench_load."""

    def __init__(self, name, kind, load, label):
        self.name = name
        self.kind = kind
        self.load = load
        self.label = label


def _tls(version="1.3", group="X25519", suite=None):
    return ["--tls", version, "--group", group, "--cipher", suite or SUITES[version]]


def _handshake(name, label, *more, **how):
    return Cell(name, "handshakes", ["handshakes", "--size", "16", *_tls(**how), *more], label)


def _bulk(name, label, size, **how):
    return Cell(name, "bulk", ["bulk", "--size", str(size), *_tls(**how)], label)


def _ping(sessions):
    words = ["ping", "--size", "64", "--sessions", str(sessions), *_tls()]
    return Cell(f"ping-{sessions}", "ping", words, f"64-byte round trip, {sessions} sessions")


def tls_cells(ping_counts):
    """For every peer, over its main network, in every round."""
    return [
        _handshake("full-x25519", "full TLS 1.3 handshake, X25519"),
        _handshake("full-p256", "full TLS 1.3 handshake, P-256", group="P-256"),
        _handshake("full-tls12", "full TLS 1.2 handshake, P-256", version="1.2", group="P-256"),
        _handshake("resumed", "resumed TLS 1.3 handshake, X25519", "--resumed"),
        _bulk("bulk-16k", "echo, 16 KB messages, AES-128-GCM", 16384),
        _bulk("bulk-1k", "echo, 1 KB messages", 1024),
        _bulk("bulk-64", "echo, 64-byte messages", 64),
        _bulk(
            "bulk-16k-chacha",
            "echo, 16 KB messages, ChaCha20-Poly1305",
            16384,
            suite="TLS_CHACHA20_POLY1305_SHA256",
        ),
        *(_ping(sessions) for sessions in ping_counts),
    ]


OTHER_NET_CELLS = ("full-x25519", "bulk-16k", "ping-1")


def raw_cells():
    """TCP alone."""
    bulk = ["bulk", "--tls", "none", "--size"]
    return [
        Cell("raw-16k", "raw", [*bulk, "16384"], "TCP echo, 16 KB messages"),
        Cell("raw-64", "raw", [*bulk, "64"], "TCP echo, 64-byte messages"),
        Cell("raw-ping", "raw", ["ping", "--tls", "none", "--size", "64"], "TCP round trip"),
    ]


def scale_cells(counts):
    """What sessions cost: one message under way in all, then one in each."""
    for count in counts:
        words = ["ping", "--size", "64", "--sessions", str(count), *_tls()]
        label = f"one message at a time, {count} sessions"
        yield Cell(f"scale-one-{count}", "memory", [*words, "--in-flight", "1"], label)
        words = ["ping", "--size", "16384", "--sessions", str(count), *_tls()]
        label = f"16 KB under way in each of {count} sessions"
        yield Cell(f"scale-all-{count}", "memory", words, label)
