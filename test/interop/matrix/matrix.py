"""Runs the interop matrix: every case with every peer, in both directions. See README.md."""

import argparse
import datetime
import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time

import netns
import settings
import testcerts

import cases
import peers
import report
from cell import Cell
from peers.base import CLIENT, PEERS_DIR, SERVER, CannotRun, first_words

PASS, FAIL, CANNOT = "pass", "fail", "cannot"


def generic(argv, folder):
    """A command without what is particular to this machine and run."""
    text = shlex.join(argv)
    for path, name in (
        (settings.CERTS_DIR, "CERTS"),
        (PEERS_DIR, "PEERS"),
        (settings.BIN_DIR, "BIN"),
        (folder, "FOLDER"),
        (os.path.dirname(os.path.abspath(__file__)), "MATRIX"),
    ):
        text = text.replace(path, name)
    return text


def run_cell(peer, direction, case):
    """The result of one cell as the JSON file keeps it; log is for the screen."""
    result = {"peer": peer.key, "direction": direction, "case": case.title}
    reason = peer.cannot(direction, case)
    if reason:
        return {**result, "result": CANNOT, "reason": reason}, ""
    cell = Cell(peer, direction, case)
    began = time.monotonic()
    log = ""
    try:
        cell.run_case()
        result["result"] = PASS
    except Exception as error:  # pylint: disable=broad-exception-caught
        result.update(result=FAIL, reason=f"{type(error).__name__}: {error}")
        log = cell.logs()
    finally:
        cell.doCleanups()
    result["commands"] = [generic(process.argv, peer.folder) for process in cell.owned]
    result.update(seconds=round(time.monotonic() - began, 3), agreed=cell.noted)
    return result, log


def run_peer(peer, directions, chosen):
    results = []
    for direction in directions:
        for case in chosen:
            result, log = run_cell(peer, direction, case)
            results.append(result)
            print(f"{result['result']:6} {peer.title}, {direction}: {case.title}", flush=True)
            if log:
                print(f"       {result['reason']}\n{log}", flush=True)
    return results


def matching(found, words):
    return [case for case in found if not words or any(word in case.title for word in words)]


def choose(peer, options):
    if options.quick:
        return cases.quick_cases()
    return cases.smoke_cases() if peer.smoke else cases.all_cases()


def describe(peer):
    """What the report says about a peer; raises CannotRun if it is not there."""
    return {
        "title": peer.title,
        "version": peer.version(),
        "client": peer.how_client,
        "server": peer.how_server,
        "packages": peer.packages,
        "smoke": peer.smoke,
    }


def run_all(options, folder):
    data = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "command": options.command,
        "firmware": first_words(settings.program("tls-echo-server"), "--version"),
        "peers": {},
        "cases": [case.title for case in cases.all_cases()],
        "results": [],
    }
    for key in options.peers:
        peer = peers.ALL[key](folder)
        try:
            data["peers"][key] = describe(peer)
        except CannotRun as error:
            raise SystemExit(f"matrix: {peer.title} is not there: {error}") from error
        found = choose(peer, options)
        data["results"] += run_peer(peer, options.directions, matching(found, options.cases))
    return data


def parse_options():
    parser = argparse.ArgumentParser(prog="matrix.py", description=__doc__)
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(peers.ALL))
    parser.add_argument("--cases", nargs="*", help="only those whose title has one of these words")
    parser.add_argument("--quick", action="store_true", help="a few cases of each kind")
    parser.add_argument(
        "--directions",
        type=lambda text: [SERVER if word == "server" else CLIENT for word in text.split(",")],
        default=[SERVER, CLIENT],
        help="server,client: which of ours",
    )
    parser.add_argument("--json", help="write the results there")
    parser.add_argument("--report", help="write the table there")
    parser.add_argument("--command", default="./run interop", help="as the report names it")
    return parser.parse_args()


def give_up(_number, _frame):
    raise SystemExit("matrix: ran out of time")


def main():
    options = parse_options()
    netns.enter()
    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(settings.TIME_LIMIT_S)
    folder = tempfile.mkdtemp(prefix="tls-echo-interop-")
    try:
        data = run_all(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
    if options.report:
        report.write(data, options.report)
    counts = {word: 0 for word in (PASS, FAIL, CANNOT)}
    for result in data["results"]:
        counts[result["result"]] += 1
    print(f"{counts[PASS]} passed, {counts[FAIL]} failed, {counts[CANNOT]} that the peer cannot do")
    sys.stdout.flush()
    os._exit(int(counts[FAIL] > 0 or counts[PASS] == 0))


if __name__ == "__main__":
    main()
