"""Runs clang-tidy on every file of ours in a build's compile_commands.json, on all cores.

usage: check_tidy.py CLANG_TIDY SOURCE_DIR BUILD_DIR [FOLDER...]

Folders are SOURCE_DIR's: firmware, board and test if none is named.
A file in which nothing was found is not looked at again until it, what it includes, how it is
compiled or the rules change: an empty file in the cache folder stands for it.
"""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys

OWN_FOLDERS = ("firmware", "board", "test")


def cache_folder():
    """Beside the downloads: ~/.cache/tls-echo, or what TLS_ECHO_CACHE names."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    root = os.environ.get("TLS_ECHO_CACHE") or os.path.join(home, "tls-echo")
    folder = os.path.join(root, "tidy")
    os.makedirs(folder, exist_ok=True)
    return folder


class Tidy:
    """clang-tidy, for one build."""

    def __init__(self, clang_tidy, source_dir, build_dir, folders):
        self.clang_tidy = clang_tidy
        self.source_dir = source_dir
        self.build_dir = build_dir
        self.folders = folders
        self.cache = cache_folder()
        self.rules = self._rules()

    def _rules(self):
        """The version and all rule files."""
        version = [self.clang_tidy, "--version"]
        rules = subprocess.run(version, capture_output=True, check=True).stdout
        for folder in ("", *OWN_FOLDERS):
            path = os.path.join(self.source_dir, folder, ".clang-tidy")
            if os.path.exists(path):
                with open(path, "rb") as file:
                    rules += path[len(self.source_dir) :].encode() + file.read()
        return rules

    def commands(self):
        """The compile commands of the C files below our folders."""
        with open(os.path.join(self.build_dir, "compile_commands.json"), encoding="utf-8") as file:
            commands = json.load(file)
        roots = tuple(os.path.join(self.source_dir, folder) + os.sep for folder in self.folders)
        by_path = {os.path.join(one["directory"], one["file"]): one for one in commands}
        return [
            one
            for path, one in sorted(by_path.items())
            if path.startswith(roots) and path.endswith(".c")
        ]

    def _stamp(self, command):
        """Where a clean result is remembered: named by all that it depends on. Comments are part of
        it, as some of them are for clang-tidy."""
        words = shlex.split(command["command"])
        words[words.index("-o") + 1] = "-"
        preprocessed = subprocess.run(
            [*words, "-E", "-C"], cwd=command["directory"], capture_output=True, check=False
        )
        everything = preprocessed.stdout + " ".join(words).encode()
        for folder in (self.build_dir, self.source_dir):
            everything = everything.replace(folder.encode(), b"")
        return os.path.join(self.cache, hashlib.sha256(self.rules + everything).hexdigest())

    def check(self, command):
        """What clang-tidy finds wrong in one file; empty if nothing."""
        stamp = self._stamp(command)
        if os.path.exists(stamp):
            return ""
        path = os.path.join(command["directory"], command["file"])
        words = [self.clang_tidy, "--quiet", "-p", self.build_dir, path]
        # The commands are gcc's: a warning option that clang does not know is no finding.
        words += ["--extra-arg=-Wno-unknown-warning-option"]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            return result.stdout + result.stderr
        with open(stamp, "wb"):
            return ""


def main(clang_tidy, source_dir, build_dir, *folders):
    """Exit status 0 if nothing was found, 1 otherwise or when there was nothing to look at."""
    tidy = Tidy(clang_tidy, source_dir, build_dir, folders or OWN_FOLDERS)
    commands = tidy.commands()
    workers = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        findings = list(pool.map(tidy.check, commands))
    bad = [finding for finding in findings if finding]
    print("\n".join(bad))
    print(f"clang-tidy: {len(commands)} files, {len(bad)} with findings")
    return 1 if bad or not commands else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
