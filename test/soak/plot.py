"""Plots a soak's samples.json as soak.png beside it: memory, sessions and handshakes over time.

usage: plot.py FOLDER
"""

import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # pylint: disable=wrong-import-position


def rates(samples, name):
    """Per second, from one sample to the next."""
    pairs = zip(samples, samples[1:])
    return [(b[name] - a[name]) / (b["time"] - a["time"]) for a, b in pairs]


def main(folder):
    """Three panels over one axis of time."""
    with open(os.path.join(folder, "samples.json"), encoding="ascii") as file:
        samples = json.load(file)
    minutes = [(sample["time"] - samples[0]["time"]) / 60 for sample in samples]
    figure, (memory, sessions, shakes) = pyplot.subplots(3, sharex=True, figsize=(9, 8))
    for name, label in (("rss", "resident"), ("tls_heap", "TLS heap"), ("net_heap", "lwIP in use")):
        memory.plot(minutes, [sample[name] / 1024 for sample in samples], label=label)
    memory.set_ylabel("KiB")
    memory.set_yscale("log")
    memory.legend()
    sessions.plot(minutes, [sample["sessions"] for sample in samples], label="sessions")
    sessions.plot(minutes, [sample["time_wait_pcbs"] for sample in samples], label="TIME_WAIT")
    sessions.legend()
    shakes.plot(minutes[1:], rates(samples, "handshakes"), label="handshakes/s")
    shakes.plot(minutes[1:], rates(samples, "handshakes_failed"), label="failed/s")
    shakes.set_xlabel("minutes")
    shakes.legend()
    figure.tight_layout()
    figure.savefig(os.path.join(folder, "soak.png"), dpi=100)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
