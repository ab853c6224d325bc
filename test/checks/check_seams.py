"""Fails if the echo logic or a seam knows what is below it.

usage: check_seams.py SOURCE_DIR

Files in firmware/echo/ and firmware/port/ may include each other and the C standard library's
headers, nothing else; no condition of the preprocessor may ask for a library, system or board; and
no name of a TLS library or IP stack may stand in the code. First the check is tried on bad examples.
"""

import os
import re
import sys
import tempfile

LAYERS = ("firmware/echo", "firmware/port")

STANDARD_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
    "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h",
    "string.h", "time.h",
}  # fmt: skip

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b(.*)")
# What a condition may ask for: a file's own include guard, and the compiler.
HARMLESS = re.compile(r"\b(?:[A-Z0-9_]+_H|__GNUC__|__clang__|__cplusplus|__has_attribute|defined)\b")
FOREIGN_NAME = re.compile(r"\b(?:mbedtls_|psa_|lwip_|netconn_|pbuf_|SSL_|EVP_|X509_)\w+")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def without_comments(text):
    """The text with each comment blanked out, lines kept."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def find_in_line(line, own_headers):
    """What is wrong with one line, or None."""
    include = INCLUDE.match(line)
    if include:
        quote, name = include.groups()
        allowed = STANDARD_HEADERS if quote == "<" else own_headers
        return None if name in allowed else f"includes {name}"
    condition = CONDITION.match(line)
    if condition:
        rest = HARMLESS.sub("", condition.group(1))
        names = re.findall(r"[A-Za-z_]\w*", rest)
        return f"asks for {names[0]}" if names else None
    name = FOREIGN_NAME.search(line)
    return f"names {name.group()}" if name else None


def layer_files(source_dir):
    """Paths of all files of the layers, relative to source_dir."""
    for layer in LAYERS:
        for folder, _, names in os.walk(os.path.join(source_dir, layer)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), source_dir)


def check(source_dir):
    """All violations as "path:line: what"."""
    paths = list(layer_files(source_dir))
    own_headers = {os.path.basename(path) for path in paths if path.endswith(".h")}
    violations = []
    for path in paths:
        with open(os.path.join(source_dir, path), encoding="utf-8") as file:
            lines = without_comments(file.read()).split("\n")
        for number, line in enumerate(lines, 1):
            wrong = find_in_line(line, own_headers)
            if wrong:
                violations.append(f"{path}:{number}: {wrong}")
    return violations, len(paths)


BAD_EXAMPLES = {
    "#include <mbedtls/ssl.h>": "includes mbedtls/ssl.h",
    "#include <psa/crypto.h>": "includes psa/crypto.h",
    '#include "lwip/sockets.h"': "includes lwip/sockets.h",
    "#  include <openssl/ssl.h>": "includes openssl/ssl.h",
    "#include <sys/socket.h>": "includes sys/socket.h",
    "#include <unistd.h>": "includes unistd.h",
    "#ifdef MBEDTLS_SSL_PROTO_TLS1_3": "asks for MBEDTLS_SSL_PROTO_TLS1_3",
    "#if defined(__linux__)": "asks for __linux__",
    "#elif NET_BACKEND == 1": "asks for NET_BACKEND",
    "int n = lwip_send(s, p, 1, 0);": "names lwip_send",
}
GOOD_EXAMPLES = (
    "#include <stdint.h>",
    '#include "own.h"',
    "#ifndef OWN_H",
    "#if defined(__GNUC__)",
    "/* like mbedtls_ssl_read */",
)


def try_itself():
    """Dies unless each bad example is found, as such, and no good one."""
    with tempfile.TemporaryDirectory() as folder:
        for layer in LAYERS:
            os.makedirs(os.path.join(folder, layer))
        with open(os.path.join(folder, LAYERS[1], "own.h"), "w", encoding="utf-8") as file:
            file.write("\n".join(GOOD_EXAMPLES))
        with open(os.path.join(folder, LAYERS[0], "bad.c"), "w", encoding="utf-8") as file:
            file.write("\n".join(BAD_EXAMPLES))
        found, _ = check(folder)
    wanted = [
        f"firmware/echo/bad.c:{number}: {wrong}"
        for number, wrong in enumerate(BAD_EXAMPLES.values(), 1)
    ]
    if found != wanted:
        sys.exit(f"the check itself is wrong: it found {found}, not {wanted}")


def main(source_dir):
    """Exit status 0 if all is clean, 1 otherwise or when there was nothing to look at."""
    try_itself()
    violations, count = check(source_dir)
    print("\n".join(violations))
    print(f"seams: {count} files, {len(violations)} violations")
    return 1 if violations or not count else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
