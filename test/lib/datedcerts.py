"""Identities whose validity a test chooses to the day, and blobs that say when they were made."""

import os
import shutil
import subprocess
import sys

import settings

CERTS = os.path.join(settings.SOURCE_DIR, "certs")
USER_FILES = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")

_SCRIPT = """
set -eu
. "$1/issue.sh"
work=$PWD server_san=$default_san key_type=ec
shift
new_key ca ec; new_request ca "TLS echo CA"; sign ca ca ca_profile -1 3652
while [ $# -gt 0 ]; do
    new_key "$1" ec; new_request "$1" "tls-echo $1"; sign "$1" ca "$2" "$3" "$4"
    shift 4
done
"""


def make(folder, **windows):
    """Makes a CA that is valid for ten years, and for each name (server_NAME or client_NAME) a
    certificate and key that are valid from the first to the last day given, relative to now."""
    words = []
    for name, (first_day, last_day) in windows.items():
        words += [name, f"{name.split('_')[0]}_profile", str(first_day), str(last_day)]
    command = ["sh", "-c", _SCRIPT, "make", CERTS, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"certificates: {done.stderr}")


def blob(folder, server, client, made_s):
    """A blob of two of the names, that says it was made then. Returns its path."""
    chosen = os.path.join(folder, f"{server}-{client}")
    os.mkdir(chosen)
    for file in USER_FILES:
        name, _, kind = file.partition(".")
        source = {"server": server, "client": client}.get(name, name)
        shutil.copy(os.path.join(folder, f"{source}.{kind}"), os.path.join(chosen, file))
    tool = [sys.executable, os.path.join(CERTS, "blob.py"), "pack", "--no-check", chosen]
    done = subprocess.run(
        [*tool, f"{chosen}.bin"],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(int(made_s))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"blob: {done.stderr}")
    return f"{chosen}.bin"
