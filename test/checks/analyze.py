#!/usr/bin/env python3
"""Runs gcc's own static analyser (-fanalyzer) on every file of the firmware and the boards in a build.

usage: analyze.py BUILD_DIR

It follows paths within one file only. In gcc 12 it is young, and may see what is not there (it once did
not believe in an array's "= {0}"): such a place is then written so that the analyser sees it, too.
Exit status 1: it found something.
"""

import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

OWN = ("firmware/", "board/")


def commands(build, source):
    """One compiler's command line for each file of our own."""
    seen = set()
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), source)
            if path.startswith(OWN) and path.endswith(".c") and path not in seen:
                seen.add(path)
                yield path, entry["directory"], shlex.split(entry["command"])


def analyze(job):
    """What the analyser says of one file; the other warnings are the build's matter."""
    _path, folder, argv = job
    if os.path.basename(argv[0]) == "ccache":
        argv = argv[1:]
    argv[argv.index("-o") + 1] = os.devnull
    for option in ("-MD", "-Werror"):
        if option in argv:
            argv.remove(option)
    # Optimised code has lost what it looks for: gcc 12 then misses even a plain double free.
    argv = [*argv, "-O0", "-U_FORTIFY_SOURCE", "-fanalyzer", "-fdiagnostics-plain-output"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done.stderr
    return done.stderr if "-Wanalyzer" in done.stderr else ""


def main():
    build = os.path.abspath(sys.argv[1])
    source = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    jobs = sorted(commands(build, source))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(analyze, jobs) if text]
    print("\n".join(found), end="")
    print(f"analyze: {len(jobs)} files, {len(found)} with findings")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
