"""Plots a benchmark's numbers: the peers side by side.

usage: plot.py bench.json FOLDER
"""

import json
import os
import sys

import matplotlib

import report

matplotlib.use("Agg")
from matplotlib import pyplot  # pylint: disable=wrong-import-position

OURS = "#2a6f97"
OTHERS = "#b0b7bd"


def _bars(axes, numbers, peers, cell, metric, title):
    """One bar a peer, with what it varied between."""
    values = [(peer, numbers.value(peer, cell, metric)) for peer in peers]
    values = [(peer, value) for peer, value in values if value is not None]
    labels = [numbers.labels[peer] for peer, _ in values]
    medians = [value.median for _, value in values]
    spread = [
        [value.median - value.least for _, value in values],
        [value.most - value.median for _, value in values],
    ]
    is_ours = [peer.endswith(("-lwip", "-posix")) for peer, _ in values]
    colors = [OURS if ours else OTHERS for ours in is_ours]
    axes.barh(labels, medians, xerr=spread, color=colors, capsize=2)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10, loc="left")
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", alpha=0.3)


def _figure(path, numbers, panels, peers):
    panels = [
        panel for panel in panels if any(numbers.value(peer, *panel[:2]) for peer in peers)
    ]
    if not panels:
        return
    height = 0.9 + 0.27 * len(peers)
    figure, axes = pyplot.subplots(
        len(panels), figsize=(8, height * len(panels)), squeeze=False, constrained_layout=True
    )
    for (cell, metric, title), one in zip(panels, axes[:, 0]):
        _bars(one, numbers, peers, cell, metric, title)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def _scale(path, numbers, peers):
    """Cost of a message as sessions grow."""
    counts = numbers.counts("scale-one-")
    figure, axes = pyplot.subplots(figsize=(8, 4), constrained_layout=True)
    for peer in peers:
        values = [
            (count, numbers.value(peer, f"scale-one-{count}", report.cpu_us_each))
            for count in counts
        ]
        values = [(count, value.median) for count, value in values if value is not None]
        if values:
            axes.plot(*zip(*values), marker="o", label=numbers.labels[peer])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("sessions open, one message under way", fontsize=9)
    axes.set_ylabel("server CPU, µs a message", fontsize=9)
    axes.legend(fontsize=7)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def main(source, folder):
    """Four pictures."""
    with open(source, encoding="utf-8") as file:
        numbers = report.Numbers(json.load(file))
    peers = list(numbers.labels)
    each, per_mb = report.cpu_us_each, report.cpu_ms_per_mb
    _figure(
        os.path.join(folder, "handshakes.png"),
        numbers,
        [
            ("full-x25519", each, "full TLS 1.3 handshake, X25519: server CPU, µs"),
            ("resumed", each, "resumed TLS 1.3 handshake: server CPU, µs"),
        ],
        peers,
    )
    _figure(
        os.path.join(folder, "echo.png"),
        numbers,
        [
            ("bulk-16k", per_mb, "echo of 16 KB messages: server CPU, ms a MB"),
            ("ping-1", report.latency("p50_us"), "round trip of 64 bytes, one session: p50, µs"),
        ],
        peers,
    )
    raw = [peer for peer in peers if peer.startswith(("raw", "stock"))]
    title = "TCP echo without TLS, 16 KB messages: server CPU, ms a MB"
    _figure(os.path.join(folder, "tcp.png"), numbers, [("raw-16k", per_mb, title)], raw)
    _scale(os.path.join(folder, "sessions.png"), numbers, peers)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
