#!/usr/bin/env python3
"""Makes the manual pages: the options come from the program's own --help, so they never go stale.

usage: make_man.py --version TEXT --epoch SECONDS --out FOLDER --program WORD... -- TEMPLATE...

A line "@OPTIONS server|client|common@" in a template becomes the options of that part of the help,
"@SETTINGS ...@" the same as lines of a configuration file; @VERSION@ and @DATE@ what they say.
"""

import argparse
import datetime
import gzip
import os
import re
import subprocess
import sys

OPTION = re.compile(r"^  --(?P<name>[a-z0-9-]+)(?: (?P<value>\S+))?(?:  +(?P<help>\S.*))?$")
DEFAULT = re.compile(r" \(default: (?P<default>.*)\)$")
PLACEHOLDER = re.compile(r"^@(OPTIONS|SETTINGS) (server|client|common)@$", re.MULTILINE)

# What has no place in a file.
COMMAND_LINE_ONLY = {"config", "help", "version"}


class Option:
    """One option of the help page."""

    def __init__(self, name, value, text):
        default = DEFAULT.search(text)
        self.name = name
        self.value = value
        self.help = text[: default.start()] if default else text
        self.default = default["default"] if default else None


def parse_block(block):
    """The options of one paragraph of the help page."""
    options = []
    lines = iter(block.splitlines())
    for line in lines:
        match = OPTION.match(line)
        if match is None:
            raise ValueError(f"not a line of options: {line!r}")
        options.append(Option(match["name"], match["value"], match["help"] or next(lines).strip()))
    return options


def parse_help(page):
    """The paragraphs of options of a help page: those of the role, and those of both."""
    blocks = [block for block in page.split("\n\n") if block.startswith("  --")]
    if len(blocks) != 2:
        raise ValueError(f"the help page has {len(blocks)} paragraphs of options, not 2")
    return [parse_block(block) for block in blocks]


def ask_program(program, role):
    """The help page of a role."""
    command = [*program, role, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read_options(program):
    """The options by part: server, client, common."""
    server, common = parse_help(ask_program(program, "server"))
    client, _ = parse_help(ask_program(program, "client"))
    return {"server": server, "client": client, "common": common}


def escape(text):
    """Text as roff wants it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def sentence(text):
    """A help text as a sentence."""
    return escape(text[0].upper() + text[1:] + ".")


def value_words(value):
    """What an option takes: words in capitals are to be replaced, the others typed as they are."""
    parts = re.split(r"([A-Z]+)", value)
    return "".join(f"\\fI{part}\\fR" if part.isupper() else escape(part) for part in parts)


def describe(option):
    """The paragraph below an option's name."""
    lines = [sentence(option.help)]
    if option.default is not None:
        lines += [f"Default: {escape(option.default)}."]
    return lines


def as_option(option):
    """One option of the command line."""
    value = f" {value_words(option.value)}" if option.value else ""
    return [".TP", f"\\fB\\-\\-{escape(option.name)}\\fR{value}", *describe(option)]


def as_setting(option):
    """One line of a configuration file."""
    value = value_words(option.value or "yes|no")
    return [".TP", f"\\fB{escape(option.name)} =\\fR {value}", *describe(option)]


def render(template, options, version, epoch):
    """A template with everything filled in."""

    def fill(match):
        kind, part = match.groups()
        if kind == "OPTIONS":
            items = [as_option(option) for option in options[part]]
        else:
            items = [
                as_setting(option)
                for option in options[part]
                if option.name not in COMMAND_LINE_ONLY
            ]
        return "\n".join(line for item in items for line in item)

    date = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%d")
    page = PLACEHOLDER.sub(fill, template).replace("@VERSION@", version).replace("@DATE@", date)
    left = re.search(r"@[A-Z][A-Za-z ]*@", page)
    if left:
        raise ValueError(f"nothing to fill in for {left[0]}")
    return page


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch", required=True, type=int)
    parser.add_argument("--out", required=True)
    parser.add_argument("--program", required=True, action="append")
    parser.add_argument("templates", nargs="+")
    args = parser.parse_args(argv)
    options = read_options(args.program)
    os.makedirs(args.out, exist_ok=True)
    for path in args.templates:
        with open(path, encoding="utf-8") as file:
            page = render(file.read(), options, args.version, args.epoch)
        name = os.path.basename(path).removesuffix(".in") + ".gz"
        with open(os.path.join(args.out, name), "wb") as file:
            # No name and no time in it: the same page is the same file.
            file.write(gzip.compress(page.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
