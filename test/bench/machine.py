"""The machine, and the versions of what runs on it."""

import os
import platform
import subprocess
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
