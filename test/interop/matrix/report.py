"""Turns the results of a run into a page of Markdown: no cell is typed by hand."""

import os

from cases import all_cases
from peers.base import CLIENT, SERVER

MARKS = {"pass": "pass", "fail": "**FAIL**", "cannot": "cannot", None: ""}
HEAD = """# Interoperability

Other people's TLS stacks against ours, both ways. This page is generated: `{command}` installs the
peers, builds our firmware for the host, runs everything and writes it, from the results alone.

Last run: {date}. {passed} cells passed, {failed} failed, {cannot} are of a kind that the peer's program
cannot do (notes below).

What a cell takes to pass: our console log names the version, suite and group that the case asks for; every
byte that was sent came back; the session's end has the right reason; no process ended with an unexpected
status. HelloRetryRequest, SNI and the size of records are read off the wire. A peer that is restricted to one
version, suite or group leaves no other way out. Each cell is a run of its own, over a fresh TAP device between
the firmware's own IP stack and the kernel's, in a network namespace that leads nowhere.

`test/interop/matrix/README.md` says how it works. Peers marked "smoke" are asked a few cases only.
"""
EXAMPLE = "TLS 1.3, mutual TLS, ECDSA"
COMMANDS = f"""
## Exact options

As an example: {EXAMPLE}. Capitals stand for folders (CERTS: test certificates, BIN: our programs, PEERS: the
peers built here, MATRIX: `test/interop/matrix/`, FOLDER: a temporary one). The JSON file of the run, beside the
built peers, has the commands of every cell.
"""
FIRMWARE = """
## What was run

Our side:

```
{firmware}
```

| peer | version, as it prints it | its client | its server | Debian packages |
| --- | --- | --- | --- | --- |
"""


def _find(data, peer, direction, title):
    for result in data["results"]:
        if (result["peer"], result["direction"], result["case"]) == (peer, direction, title):
            return result
    return None


class _Notes:
    """Numbers each reason once."""

    def __init__(self):
        self._numbers = {}

    def number(self, text):
        return self._numbers.setdefault(text, len(self._numbers) + 1)

    def lines(self):
        return [f"{number}. {text}\n" for text, number in self._numbers.items()]


def _cell(result, notes):
    if result is None:
        return ""
    mark = MARKS[result["result"]]
    if "reason" in result:
        mark += f" [{notes.number(result['reason'])}]"
    return mark


def _table(data, direction, notes):
    peers = data["peers"]
    titles = [f"{peer['title']}{' (smoke)' if peer['smoke'] else ''}" for peer in peers.values()]
    lines = [f"| case | {' | '.join(titles)} |\n", f"| --- |{' --- |' * len(peers)}\n"]
    for title in data["cases"]:
        cells = [_cell(_find(data, key, direction, title), notes) for key in peers]
        lines.append(f"| {title} | {' | '.join(cells)} |\n")
    return lines


def _peers(data):
    for peer in data["peers"].values():
        words = (peer["title"], peer["version"], peer["client"], peer["server"], peer["packages"])
        yield f"| {' | '.join(word or '(built from our source of it)' for word in words)} |\n"


def _commands(data):
    """How both sides were started for mutual TLS 1.3, as an example of the exact options."""
    for key, peer in data["peers"].items():
        for direction in (SERVER, CLIENT):
            result = _find(data, key, direction, EXAMPLE)
            if result is not None and "commands" in result:
                yield f"\n{peer['title']}, {direction}:\n\n```\n"
                yield from (f"{command}\n" for command in result["commands"])
                yield "```\n"


def _meanings():
    kinds = {}
    for case in all_cases():
        kinds.setdefault(case.kind, case)
    for kind in kinds:
        yield f"- {MEANING[kind]}\n"


MEANING = {
    "echo": "Version, certificate, suite and group: a line, or our client's message, there and back, "
    "and an orderly end.",
    "retry": "HelloRetryRequest: the peer's client sends a key share of secp521r1, which we do not have; "
    "the peer's server has nothing but secp384r1, of which our client sends no key share at first.",
    "mutual": "Mutual TLS: each server demands a certificate and verifies it.",
    "resume": "Resumption: a second session, which our log calls resumed.",
    "alpn": "ALPN: both agree on a protocol.",
    "sni": "SNI: the ClientHello on the wire names the server; a peer's server that can be told to knows "
    "no other name.",
    "large": "1 MB, random where the peer can take that, in records as large as the sender makes them.",
    "tiny": "Records of one byte: 30 of them each way, counted on the wire.",
    "half_close": "Half-close: the peer's client sends 2 KB and close_notify while our server stands still; "
    "then all of it comes back, and our close_notify. Our client ends its side first, and takes the "
    "peer's close_notify: reason clean.",
    "cut": "Stream cut: the peer is gone with a FIN but without close_notify: reason truncated.",
    "reset": "Reset: the peer is gone with a RST: reason reset.",
}


def write(data, path):
    """Writes the page whole or not at all."""
    counts = {word: 0 for word in ("pass", "fail", "cannot")}
    for result in data["results"]:
        counts[result["result"]] += 1
    notes = _Notes()
    text = [HEAD.format(passed=counts["pass"], failed=counts["fail"], cannot=counts["cannot"], **data)]
    text += ["\n## Our server, the peer's client\n\n", *_table(data, SERVER, notes)]
    text += ["\n## Our client, the peer's server\n\n", *_table(data, CLIENT, notes)]
    text += ["\n## Notes\n\n", *(notes.lines() or ["None.\n"])]
    text += ["\n## The cases\n\n", *_meanings()]
    text += [FIRMWARE.format(**data), *_peers(data), COMMANDS, *_commands(data)]
    partial = f"{path}.partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.writelines(text)
    os.replace(partial, path)
