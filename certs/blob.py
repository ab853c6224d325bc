#!/usr/bin/env python3
"""Packs, shows, checks and swaps the certificate blob of the firmware."""

import sys

sys.dont_write_bytecode = True  # the modules beside this file belong to the source tree

import argparse
import datetime
import os
import stat
import tempfile

import blob_format
import elf
import judge
import x509
from blob_format import CertsError
from user_folder import Folder

SECTION = ".cert_blob"
SECTION_ALIGN = 4096

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CANTCREAT = 64, 65, 66, 69, 73

EPILOG = """exit status: 0 all well; 64 usage; 65 bad blob, firmware or certificates; 66 a file cannot
be read; 69 no openssl command; 73 a file cannot be written"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(EX_USAGE, f"blob.py: {message}\n")


def say(level: str, message: str) -> None:
    print(f"blob.py: {level}: {message}", file=sys.stderr)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def made_now() -> int:
    """The time that a blob says it was made; reproducible builds choose it."""
    chosen = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not chosen:
        return int(now().timestamp())
    if not chosen.isdecimal() or not 0 < int(chosen) <= blob_format.MADE_MAX:
        raise CertsError(f"SOURCE_DATE_EPOCH must be seconds since 1970, not {chosen!r}")
    return int(chosen)


def report(errors: list[str], warnings: list[str]) -> int:
    """Says the errors, or if there are none the warnings."""
    for message in errors or warnings:
        say("error" if errors else "warning", message)
    return EX_DATAERR if errors else 0


# ---- Files ---------------------------------------------------------------------------------------


class NoInput(Exception):
    """A file named on the command line cannot be read."""


def read_file(path: str) -> bytes:
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise NoInput(f"{path}: not a file")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}") from None


def write_atomically(path: str, data: bytes, like: os.stat_result | None = None) -> None:
    """Replaces path in one step, or leaves it as it is. Mode and owner of like, else 0600, ours."""
    folder = os.path.dirname(os.path.abspath(path))
    descriptor, temporary = tempfile.mkstemp(prefix=".blob-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like:
                if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, like.st_uid, like.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_folder(folder)


def sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def firmware_section(data: bytes) -> elf.Section:
    section = elf.find_section(data, SECTION)
    if section.size != blob_format.CAPACITY:
        raise CertsError(
            f"the section {SECTION} has {section.size} bytes, not {blob_format.CAPACITY}: "
            "this firmware is of another version"
        )
    if section.align % SECTION_ALIGN != 0 or section.offset % SECTION_ALIGN != 0:
        raise CertsError(f"the section {SECTION} is not page-aligned in the file")
    return section


def load_blob(path: str) -> tuple[bytes, str]:
    """The blob of a blob file or of a firmware, and a word for which it was."""
    data = read_file(path)
    if not elf.is_elf(data):
        return blob_format.blob_bytes(data), "certificate blob"
    section = firmware_section(data)
    return blob_format.blob_bytes(data[section.offset : section.offset + section.size]), "firmware"


# ---- pack ----------------------------------------------------------------------------------------


def pack(arguments) -> int:
    folder = Folder(arguments.dir)
    contents = folder.read()
    contents.made = made_now()
    errors, warnings = folder.errors, folder.warnings
    blob = b"" if errors else blob_format.encode(contents)
    if not errors and not arguments.no_check:
        findings = judge.judge(contents, "folder", now())
        errors += findings.errors + findings.dates
        warnings += findings.warnings
        excess = len(blob) - blob_format.CAPACITY
        if excess > 0:
            errors.append(
                f"the blob has {len(blob)} bytes, {excess} more than the firmware has room for: "
                "leave out certificates, or use EC keys"
            )
    if report([f"{arguments.dir}: {error}" for error in errors], warnings):
        return EX_DATAERR
    write_atomically(arguments.outfile, blob)
    if arguments.depfile:
        write_depfile(arguments.depfile, arguments.outfile, folder.files())
    return 0


def write_depfile(path: str, target: str, sources: list[str]) -> None:
    def escape(name: str) -> str:
        return os.path.abspath(name).replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ")

    line = f"{escape(target)}: {' '.join(escape(source) for source in sources)}\n"
    write_atomically(path, line.encode())


# ---- show and check ------------------------------------------------------------------------------


def show(arguments) -> int:
    blob, kind = load_blob(arguments.file)
    contents = blob_format.decode(blob)
    free = blob_format.CAPACITY - len(blob)
    room = f"{free} free" if free >= 0 else f"{-free} too many for a firmware"
    print(f"{arguments.file}: {kind}, format {blob_format.VERSION}, hash ok")
    print(f"  {len(blob)} bytes of {blob_format.CAPACITY}, {room}")
    if contents.made:
        made = datetime.datetime.fromtimestamp(contents.made, datetime.timezone.utc)
        print(f"  made {made.strftime(judge.DATE_FORMAT)}: no clock that says less is believed")
    show_certificates("CA", contents.cas)
    show_identity("server", contents.server)
    show_identity("client", contents.client)
    return 0


def show_identity(role: str, identity: blob_format.Identity) -> None:
    if not identity.chain:
        print(f"{role}: none")
        return
    certificates = show_certificates(f"{role} certificate", identity.chain)
    try:
        key = x509.read_key(identity.key)
    except CertsError as error:
        print(f"{role} key: {error}")
        return
    leaf = certificates[0]
    matches = leaf is not None and key.public_key == leaf.public_key
    print(f"{role} key: {key.key_type}, {'matches' if matches else 'DOES NOT MATCH'} (not shown)")


def show_certificates(title: str, ders: list[bytes]) -> list[x509.Certificate | None]:
    certificates = []
    for index, der in enumerate(ders):
        print(f"{title} {index + 1} of {len(ders)}: {len(der)} bytes")
        try:
            certificate = x509.read_certificate(der)
        except CertsError as error:
            print(f"  {error}")
            certificate = None
        if certificate:
            show_certificate(certificate)
        certificates.append(certificate)
    return certificates


def show_certificate(certificate: x509.Certificate) -> None:
    print(f"  subject     {certificate.subject}")
    print(f"  issuer      {certificate.issuer}")
    if certificate.names:
        print(f"  names       {certificate.names}")
    not_yet = " (NOT YET VALID)" if now() < certificate.not_before else ""
    expired = " (EXPIRED)" if now() > certificate.not_after else ""
    print(f"  not before  {certificate.not_before.strftime(judge.DATE_FORMAT)}{not_yet}")
    print(f"  not after   {certificate.not_after.strftime(judge.DATE_FORMAT)}{expired}")
    print(f"  key         {certificate.key_type}, signed with {certificate.signature}")
    print(f"  SHA-256     {certificate.sha256()}")


def check(arguments) -> int:
    blob, kind = load_blob(arguments.file)
    findings = judge.judge(blob_format.decode(blob), "blob", now())
    errors = findings.errors + findings.dates
    if len(blob) > blob_format.CAPACITY:
        errors.append(f"{len(blob)} bytes: too large to be put into a firmware")
    status = report([f"{arguments.file}: {error}" for error in errors], findings.warnings)
    if status == 0:
        print(f"{arguments.file}: {kind}, all well")
    return status


# ---- swap ----------------------------------------------------------------------------------------


def swap(arguments) -> int:
    # A link stays a link: what it names is replaced.
    path = os.path.realpath(arguments.firmware)
    firmware = read_file(path)
    before = os.stat(path)
    if not elf.is_elf(firmware):
        raise CertsError(f"{arguments.firmware}: this is not a firmware (no ELF file)")
    section = firmware_section(firmware)
    if before.st_nlink > 1:
        raise CertsError(
            f"{arguments.firmware}: the file has {before.st_nlink} names (hard links), and the "
            "others would keep the old identity: copy it first"
        )
    blob = load_for_swap(arguments.blob)
    if blob is None:
        return EX_DATAERR

    capable = has_capabilities(path)
    padded = blob.ljust(section.size, b"\0")
    end = section.offset + section.size
    write_atomically(path, firmware[: section.offset] + padded + firmware[end:], before)
    if capable:
        say("warning", f"{path}: its file capabilities are gone: set them again with setcap")
    print(f"{arguments.firmware}: now has the certificates of {arguments.blob}")
    return 0


def has_capabilities(path: str) -> bool:
    try:
        return "security.capability" in os.listxattr(path)
    except OSError:
        return False  # a file system without such attributes


def load_for_swap(path: str) -> bytes | None:
    """The blob if it may go into a firmware; None, with the reasons said, if not."""
    blob, _ = load_blob(path)
    findings = judge.judge(blob_format.decode(blob), "blob", now())
    errors = findings.errors
    if len(blob) > blob_format.CAPACITY:
        errors.append(
            f"the blob has {len(blob)} bytes, the firmware has room for {blob_format.CAPACITY}"
        )
    if len(errors) > 1:
        errors = [f"{errors[0]} (and {len(errors) - 1} more: blob.py check)"]
    # The clock here need not be the device's: dates do not stop a swap.
    report([f"{path}: {error}" for error in errors], findings.dates + findings.warnings)
    return None if errors else blob


# ---- The command line ----------------------------------------------------------------------------


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = Parser(prog="blob.py", description=__doc__, epilog=EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("pack", help="make a blob from a folder of PEM files")
    command.add_argument("dir", metavar="DIR", help="ca.pem server.pem server.key [client.*]")
    command.add_argument("outfile", metavar="OUTFILE")
    command.add_argument("--no-check", action="store_true", help="pack bad identities, for tests")
    command.add_argument("--depfile", metavar="FILE", help="for a build: what was read")
    command.set_defaults(run=pack)

    command = commands.add_parser("show", help="print what is inside, never the keys")
    command.add_argument("file", metavar="FILE", help="a blob or a firmware")
    command.set_defaults(run=show)

    command = commands.add_parser("check", help="would a firmware be content with it?")
    command.add_argument("file", metavar="FILE", help="a blob or a firmware")
    command.set_defaults(run=check)

    command = commands.add_parser("swap", help="put another blob into a built firmware")
    command.add_argument("firmware", metavar="FIRMWARE")
    command.add_argument("blob", metavar="BLOB", help="a blob, or a firmware to take it from")
    command.set_defaults(run=swap)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    arguments = parse_arguments(argv)
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except CertsError as error:
        say("error", str(error))
        return EX_DATAERR
    except x509.OpensslMissing:
        say("error", "the openssl command is missing: install the package openssl")
        return EX_UNAVAILABLE
    except NoInput as error:
        say("error", str(error))
        return EX_NOINPUT
    except BrokenPipeError:
        # Who read our output has seen enough; let the interpreter's own flush not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        say("error", ": ".join(filter(None, (error.filename, error.strerror))))
        return EX_CANTCREAT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
