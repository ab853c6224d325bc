"""Runs clang-tidy on every file of ours in a build's compile_commands.json, on all cores.

usage: check_tidy.py CLANG_TIDY SOURCE_DIR BUILD_DIR
"""

import concurrent.futures
import json
import os
import subprocess
import sys

OWN_FOLDERS = ("firmware", "board", "test")


def own_files(source_dir, build_dir):
    """The C files below our folders that this build compiles."""
    with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    roots = tuple(os.path.join(source_dir, folder) + os.sep for folder in OWN_FOLDERS)
    paths = {os.path.join(command["directory"], command["file"]) for command in commands}
    return sorted(path for path in paths if path.startswith(roots) and path.endswith(".c"))


def check(clang_tidy, build_dir, path):
    """What clang-tidy finds wrong in one file; empty if nothing."""
    command = [clang_tidy, "--quiet", "-p", build_dir, path]
    # The commands are gcc's: a warning option that clang does not know is no finding.
    command += ["--extra-arg=-Wno-unknown-warning-option"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def main(clang_tidy, source_dir, build_dir):
    """Exit status 0 if nothing was found, 1 otherwise or when there was nothing to look at."""
    files = own_files(source_dir, build_dir)
    workers = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        findings = list(pool.map(lambda path: check(clang_tidy, build_dir, path), files))
    bad = [finding for finding in findings if finding]
    print("\n".join(bad))
    print(f"clang-tidy: {len(files)} files, {len(bad)} with findings")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
