"""The Debian package under test, and a small arm64 Debian to install it into."""

import functools
import glob
import os
import shutil
import signal
import subprocess

import elf
import settings
from firmware import Firmware

# What a root shell on Debian has: dpkg refuses to work without the sbin folders.
ROOT_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def package():
    """The path of the package."""
    found = glob.glob(os.path.join(settings.PACKAGE_DIR, "*.deb"))
    if len(found) != 1:
        raise RuntimeError(f"no package in {settings.PACKAGE_DIR}: ./run package makes it")
    return found[0]


def run(*words, status=0, **more):
    """Runs a command; returns its output, or raises what it said if it ends with another status."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode != status:
        command = " ".join(words)
        raise RuntimeError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def unpack(deb, folder):
    """Puts the files of a package into a folder, and its control files into folder/DEBIAN."""
    run("dpkg-deb", "--raw-extract", deb, folder)


def build(folder, deb):
    """Makes a package out of what unpack gave, changed or not."""
    run("dpkg-deb", "--root-owner-group", "--build", folder, deb)


def _system():
    script = os.path.join(settings.SOURCE_DIR, "test", "package", "make_root.sh")
    folder = run(script, "--where").strip()
    if not os.path.isdir(folder):
        raise RuntimeError(f"there is no arm64 system in {folder}: {script} makes it")
    return folder


# Where a system sees this machine's /usr, which has proot and the emulator.
TOOLS = "/.tools"

# proot alone would do, but it is older than some system calls, whose paths it lets through as they
# are. Where the system's folder is the root already, they mean the same.
ENTER = f"""
root=$1
shift
mkdir -p "$root{TOOLS}"
mount --bind /usr "$root{TOOLS}"
mount -o remount,bind,ro "$root{TOOLS}" || true
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
exec unshare --root="$root" --wd=/ "$@"
"""


class System:
    """A copy of the small Debian, whose programs run emulated and think that they are root's. The
    test must be root, if only in a namespace of its own."""

    def __init__(self, folder, original=None):
        """Copies a clean system, or another one, to folder, which must not exist."""
        self.folder = folder
        source = original.folder if original else _system()
        shutil.copytree(source, folder, symlinks=True)

    def path(self, path):
        """Where a file of the system is for us."""
        return os.path.join(self.folder, path.lstrip("/"))

    def read(self, path):
        """The text of a file."""
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def command(self):
        """The words before a program of the system's."""
        machine = f"{TOOLS}/lib/{os.uname().machine}-linux-gnu"
        loader = f"{machine}/{os.path.basename(os.path.realpath(_interpreter('proot')))}"
        emulator = f"{TOOLS}/bin/{os.path.basename(settings.RUNNER[0])}"
        proot = [loader, "--library-path", machine, f"{TOOLS}/bin/proot"]
        enter = [*_room(), "--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh"]
        return [*enter, self.folder, *proot, "--root-id", "-q", emulator, "-r", "/", "-w", "/"]

    def run(self, *words, status=0):
        """Runs a program of the system's; returns its output."""
        environment = {"PATH": ROOT_PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        return run(*self.command(), *words, status=status, env=environment)

    def install(self, deb):
        """Installs a package; returns what dpkg said."""
        shutil.copy(deb, self.path("/tmp/package.deb"))
        try:
            return self.run("dpkg", "--install", "/tmp/package.deb")
        finally:
            os.remove(self.path("/tmp/package.deb"))

    def files(self):
        """Every path of the system, but what dpkg and the tools for users write for themselves."""
        found = set()
        for folder, folders, names in os.walk(self.folder):
            for name in folders + names:
                found.add(os.path.relpath(os.path.join(folder, name), self.folder))
        own = (TOOLS[1:], "var/lib/dpkg", "var/log", "var/lib/systemd", "etc/.pwd.lock")
        users = {f"etc/{name}{end}" for name in _USER_FILES for end in ("", "-")}
        return {path for path in found if not path.startswith(own)} - users


_USER_FILES = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")


class FirmwareInSystem(Firmware):
    """A program of the system's that is the firmware."""

    def __init__(self, system, program, args, **more):
        super().__init__(program, args, runner=system.command(), **more)

    def signal(self, number):
        """To the firmware itself, the last of the processes: proot passes no signal on."""
        pid = self.pid
        while children := _children(pid):
            pid = children[0]
        os.kill(pid, number)

    def kill(self):
        if self.running:
            self.signal(signal.SIGKILL)
        super().kill()


@functools.cache
def _room():
    """proot leaves its program behind when it is killed: in a namespace of processes of its own
    nothing is left, where this user may have one with a /proc."""
    words = ["unshare", "--pid", "--fork", "--kill-child"]
    trial = subprocess.run([*words, "--mount-proc", "true"], capture_output=True, check=False)
    return words if trial.returncode == 0 else ["unshare"]


def _interpreter(name):
    """What loads a dynamic program of this machine."""
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is missing: install the package {name}")
    segment = elf.read(path).segment(elf.PT_INTERP)
    with open(path, "rb") as file:
        file.seek(segment.offset)
        return file.read(segment.size).rstrip(b"\0").decode()


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]
