"""The machine, and the versions of what runs on it."""

import json
import os
import platform
import subprocess
import sys
import time


def _output(words, cwd=None):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=cwd)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("model name", "Model")):
                return line.split(":", 1)[1].strip()
    return "unknown"


def _distribution():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "unknown"


def describe(source):
    """Words for the report."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": _output(["git", "rev-parse", "--short=12", "HEAD"], source),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release().split("-")[0],
        "system": _distribution(),
        "openssl": _output(["openssl", "version"]).split("(")[0].strip(),
        "compiler": _output(["cc", "--version"]).splitlines()[0],
    }


def flash_sizes(source):
    """{preset: bytes of flash without the C library} of the boards' firmware that has been built."""
    found = {}
    builds = os.path.join(source, "build")
    for preset in sorted(os.listdir(builds) if os.path.isdir(builds) else ()):
        cache = os.path.join(builds, preset, "CMakeCache.txt")
        if not os.path.exists(cache) or preset.startswith("host"):
            continue
        sizes = os.path.join(source, "test", "bench", "sizes.py")
        text = _output([sys.executable, sizes, os.path.join(builds, preset), "--json"])
        if text.startswith("{"):
            found[preset] = json.loads(text)["flash_without_libc"]
    return found
