"""Writes docs/PERFORMANCE.md from a benchmark's numbers.

usage: document.py bench.json FOLDER

FOLDER gets PERFORMANCE.md; the pictures that plot.py left beside bench.json are copied into performance/
in it.
"""

import json
import os
import shutil
import sys

import report
import targets

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURES = {
    "handshakes.png": "Server CPU for a handshake, peers side by side",
    "echo.png": "Server CPU for a MB echoed, and the round trip of 64 bytes",
    "tcp.png": "Server CPU for a MB echoed by TCP without TLS",
    "sessions.png": "Server CPU for a message as sessions grow from 1 to 1,000",
}

HEAD = """# Performance

How fast the firmware is, beside what one would pick instead, measured in one run on one machine. `./run bench
--document` measures and writes this page; how it measures stands in [test/bench/](../test/bench/README.md). All figures
are medians of {rounds} rounds, with the least and the most in brackets.

{machine}

Not the numbers themselves but their ratios carry over to another machine, and not all of those: see [below](#what-to-expect-on-a-raspberry-pi).

"""

CPU_NOTE = {
    "core": "\"Server CPU\" is the time in which the server's core worked, the kernel's share included.",
    "process": "The machine was **not quiet**: \"server CPU\" is the process's own time, and the figures "
    "say little. Run it again with nothing else to do.",
}


def _machine(results):
    about = results["machine"]
    rows = [["", ""]]
    rows += [
        ["Date, commit", f"{about['date']}, {about['commit']}"],
        ["CPU", f"{about['cpu']}, {about['cores']} cores: one for the server, one for the load"],
        ["System", f"{about['system']}, Linux {about['kernel']}, {about['compiler']}"],
        ["OpenSSL", f"{about['openssl']} (load generator and peers)"],
        ["lwIP's wire", results["lwip_wire"]],
        ["CPU time", CPU_NOTE[results["cpu"]]],
    ]
    return "\n".join(report.markdown(rows))


def _pictures(source, folder):
    """Copies those that there are; the lines that show them."""
    kept = os.path.join(folder, "performance")
    lines = []
    for name, words in PICTURES.items():
        path = os.path.join(os.path.dirname(os.path.abspath(source)), name)
        if os.path.exists(path):
            os.makedirs(kept, exist_ok=True)
            shutil.copyfile(path, os.path.join(kept, name))
            lines += [f"![{words}](performance/{name})", ""]
    return lines


def _failures(results):
    lines = []
    if results["not_built"]:
        names = [results["labels"][name] for name in results["not_built"]]
        lines += ["Not built here, so not in the tables: " + "; ".join(names) + ".", ""]
    for error in results["errors"]:
        lines += [f"- failed: {error['where']}: {error['reason']}"]
    return lines + [""] if lines else []


def write(source, folder):
    with open(source, encoding="utf-8") as file:
        results = json.load(file)
    with open(os.path.join(HERE, "boards.md"), encoding="utf-8") as file:
        boards = file.read()
    text = HEAD.format(rounds=results["rounds"], machine=_machine(results))
    lines = [*targets.lines(results, "## Targets"), *_pictures(source, folder), "## Tables", ""]
    for table in report.tables(results):
        lines += table.lines()
    lines += _failures(results)
    path = os.path.join(folder, "PERFORMANCE.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n".join(lines) + "\n" + boards)
    return path


if __name__ == "__main__":
    print(f"bench: wrote {write(sys.argv[1], sys.argv[2])}")
