#!/usr/bin/env python3
"""Prints which of our lines and branches the tests have executed, from gcovr's summary in JSON.

usage: report.py SUMMARY.json [--at-least PERCENT]

What can run on an emulated board alone, where nothing counts, stands apart with the reason and is not
in the sum. Exit status 1: less than PERCENT of the other lines were executed.
"""

import argparse
import json

FIRST_PROCESS = "a board's first process: test/boards"
ELSEWHERE = {
    "firmware/app/whole_system.c": FIRST_PROCESS,
    "board/linux/system_clock.c": "a board's own clock: boards/test_time.py",
}
# These of its folder are pure, and have unit tests.
SYSTEM, PURE = "board/linux/system/", ("kernel_option.c", "kernel_record.c", "module_list.c", "uevent.c")


def why_elsewhere(name):
    """The reason, or "" for a file that is counted here."""
    if name.startswith(SYSTEM) and not name.endswith(PURE):
        return FIRST_PROCESS
    return ELSEWHERE.get(name, "")


def percent(covered, total):
    return 100.0 * covered / total if total else 100.0


def row(name, file, why=""):
    lines = percent(file["line_covered"], file["line_total"])
    branches = percent(file["branch_covered"], file["branch_total"])
    missed = file["line_total"] - file["line_covered"]
    return f"{name:<46} {lines:>7.1f} % {missed:>6} {branches:>7.1f} %  {why}".rstrip()


def total(files):
    keys = ("line_covered", "line_total", "branch_covered", "branch_total")
    return {key: sum(file[key] for file in files) for key in keys}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("summary")
    parser.add_argument("--at-least", type=float, default=0)
    args = parser.parse_args()
    with open(args.summary, encoding="utf-8") as source:
        files = sorted(json.load(source)["files"], key=lambda file: file["filename"])
    here = [file for file in files if not why_elsewhere(file["filename"])]
    print(f"{'file':<46} {'lines':>9} {'missed':>6} {'branches':>9}")
    for file in files:
        print(row(file["filename"], file, why_elsewhere(file["filename"])))
    print(row("sum of what can be counted here", total(here)))
    print(row("sum of all", total(files)))
    counted = total(here)
    return int(percent(counted["line_covered"], counted["line_total"]) < args.at_least)


if __name__ == "__main__":
    raise SystemExit(main())
