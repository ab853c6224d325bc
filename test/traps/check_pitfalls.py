#!/usr/bin/env python3
"""Does docs/PITFALLS.md still name code and tests that exist? check_pitfalls.py SOURCE_DIR"""

import re
import sys
from pathlib import Path

PLACE = re.compile(r"`((?:firmware|board|certs|third_party)/[\w./-]+)`(?:\s+\(([^)]*)\))?")
PROOF = re.compile(r"^- \*\*Proof:\*\*(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
CASES = re.compile(r"`(\w+)`\s+›\s+((?:`\w+`(?:,\s+)?)+)")
WORD = re.compile(r"`(\w+)`")
PYTHON_RUNGS = ("faults", "interop", "firmware")
TRAP_SOURCES = {"trap_dropped_outcome": "dropped_outcome.sh", "trap_nagle_posix": "test_nodelay.c"}


def has_word(text, word):
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def check_places(root, text):
    """Files that are named, and the functions behind them in parentheses."""
    for path, names in PLACE.findall(text):
        file = root / path
        if not file.exists():
            yield f"there is no {path}"
        elif file.is_file():
            source = file.read_text(encoding="utf-8")
            for name in WORD.findall(names):
                if not has_word(source, name):
                    yield f"{path} has no {name}"


def sources_of(test_dir, test):
    """The files that a ctest name may stand for."""
    rung, _, name = test.partition("_")
    if test in TRAP_SOURCES:
        return [test_dir / "traps" / TRAP_SOURCES[test]]
    if rung == "trap":
        return [test_dir / "traps" / f"test_{name}.py"]
    if rung in PYTHON_RUNGS:
        return [test_dir / rung / f"test_{name}.py"]
    return sorted((test_dir / rung).rglob("*test*.c"))


def check_proofs(root, text):
    """Tests that are named, and the cases behind them."""
    for proof in PROOF.findall(text):
        found = CASES.findall(proof)
        if not found:
            yield f"a proof names no test: {' '.join(proof.split())[:60]}"
        for test, cases in found:
            files = [file for file in sources_of(root / "test", test) if file.exists()]
            source = "\n".join(file.read_text(encoding="utf-8") for file in files)
            for case in WORD.findall(cases):
                if not has_word(source, case):
                    yield f"{test} has no case {case}"


def check_contents(text):
    """Each trap is in the table of contents, with all parts of its form."""
    for number, title, body in re.findall(
        r"^### (\d+) (.*?)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL
    ):
        anchor = re.sub(r"[^\w -]", "", f"{number} {title}".lower()).replace(" ", "-")
        if f"(#{anchor})" not in text:
            yield f"trap {number} is not in the table of contents as #{anchor}"
        for part in ("Seen", "Why", "Here", "Proof"):
            if f"**{part}:**" not in body:
                yield f"trap {number} does not say: {part}"


def main():
    root = Path(sys.argv[1])
    text = (root / "docs" / "PITFALLS.md").read_text(encoding="utf-8")
    faults = [*check_places(root, text), *check_proofs(root, text), *check_contents(text)]
    for fault in faults:
        print(f"docs/PITFALLS.md: {fault}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
