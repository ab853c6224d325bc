"""Prints the software bill of materials of a built firmware, as CycloneDX 1.5 JSON.

usage: sbom.py SOURCE_DIR BUILD_DIR

What is linked in: the version of each part, where it came from with its hashes, our patches to it,
its licence. The same build gives the same bytes.
"""

import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid

# What a distribution's copyright file says in prose; SPDX expressions.
LICENCES = {
    "mbedtls": "Apache-2.0 OR GPL-2.0-or-later",
    "lwip": "BSD-3-Clause",
    "everest": "Apache-2.0",
    "libc6": "LGPL-2.1-or-later",
    "libcrypto": "Apache-2.0",
    "zstd": "BSD-3-Clause",
    "zlib": "Zlib",
    "libgcc": "GPL-3.0-or-later WITH GCC-exception-3.1",
}
NAMES = {"mbedtls": "Mbed TLS", "lwip": "lwIP"}
NAMESPACE = uuid.UUID("6f0c1b9a-2f0d-5f2e-8f57-7d0b6a1f3c55")


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def cache_value(build_dir, name):
    """A variable of CMake's cache, or an empty string."""
    cache = read_text(os.path.join(build_dir, "CMakeCache.txt"))
    match = re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE)
    return match.group(1) if match else ""


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def locked_sources(source_dir):
    """{package: (version, [(file, sha256)])} of third_party/sources.lock."""
    sources = {}
    for line in read_text(os.path.join(source_dir, "third_party", "sources.lock")).splitlines():
        if line.strip() and not line.startswith("#"):
            package, version, digest, name = line.split()
            sources.setdefault(package, (version, []))[1].append((name, digest))
    return sources


def patches(source_dir, package):
    """Our patches to a package, with their hashes."""
    folder = os.path.join(source_dir, "third_party", "patches")
    names = sorted(name for name in os.listdir(folder) if name.startswith(package + "-"))
    return [
        {
            "type": "unofficial",
            "diff": {"url": f"third_party/patches/{name}"},
            "resolves": [{"type": "defect", "name": read_text(os.path.join(folder, name)).split("\n")[0]}],
        }
        for name in names
    ]


def component(name, version, licence, **more):
    return {
        "type": "library",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "licenses": [{"expression": licence}],
        **more,
    }


def source_component(source_dir, package, locked):
    version, files = locked
    references = [
        {"type": "distribution", "url": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
        for name, digest in files
    ]
    return component(
        NAMES[package],
        version,
        LICENCES[package],
        purl=f"pkg:deb/debian/{package}@{version.replace('+', '%2B')}?arch=source",
        externalReferences=references,
        pedigree={"patches": patches(source_dir, package)},
    )


def debian_version(package):
    found = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    return found.stdout if found.returncode == 0 else "unknown"


def compiler_path(build_dir):
    """CMake's cache does not have it when a toolchain file names it."""
    found = glob.glob(os.path.join(build_dir, "CMakeFiles", "*", "CMakeCCompiler.cmake"))
    match = re.search(r'^set\(CMAKE_C_COMPILER "(.*)"\)$', read_text(max(found)), re.MULTILINE)
    return match.group(1)


def compiler_components(build_dir):
    """What a static link takes from the C library and the compiler."""
    compiler = compiler_path(build_dir)
    cross = "aarch64" in compiler
    libc = "libc6-dev-arm64-cross" if cross else "libc6-dev"
    version = debian_version(libc)
    release = subprocess.run(
        [compiler, "-dumpfullversion"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return [
        component("GNU C library", version, LICENCES["libc6"], purl=f"pkg:deb/debian/{libc}@{version}"),
        component("libgcc", release or "unknown", LICENCES["libgcc"]),
    ]


def driver_package(build_dir, package):
    """The version of a package of the crypto driver's: fetched for the board, or this machine's."""
    root = cache_value(build_dir, "LIBCRYPTO_ARCHIVE").split("/usr/lib/")[0]
    if root and os.path.exists(os.path.join(root, "packages")):
        listed = dict(line.split() for line in read_text(os.path.join(root, "packages")).splitlines())
        return listed.get(package, "unknown")
    return debian_version(package)


def driver_components(build_dir):
    """What is linked in below Mbed TLS, if the build has something there."""
    if cache_value(build_dir, "CRYPTO_BACKEND") != "libcrypto":
        return []
    archives = [("OpenSSL libcrypto", "libssl-dev", "libcrypto", "LIBCRYPTO_ARCHIVE")]
    if cache_value(build_dir, "LIBCRYPTO_COMPRESSION"):
        archives.append(("zstd", "libzstd-dev", "zstd", "LIBCRYPTO_ZSTD"))
        archives.append(("zlib", "zlib1g-dev", "zlib", "LIBCRYPTO_ZLIB"))
    parts = []
    for name, package, licence, variable in archives:
        version = driver_package(build_dir, package)
        hashes = [{"alg": "SHA-256", "content": sha256(cache_value(build_dir, variable))}]
        purl = f"pkg:deb/debian/{package}@{version}"
        parts.append(component(name, version, LICENCES[licence], purl=purl, hashes=hashes))
    return parts


def linked_components(source_dir, build_dir):
    sources = locked_sources(source_dir)
    if cache_value(build_dir, "MBEDTLS_SOURCE_DIR") or cache_value(build_dir, "LWIP_SOURCE_DIR"):
        sys.exit("sbom: this build has its libraries from folders of yours: describe those yourself")
    tls, net = (cache_value(build_dir, f"{kind}_BACKEND") for kind in ("TLS", "NET"))
    if (tls, net) != ("mbedtls", "lwip"):
        sys.exit(f"sbom: this build is {tls} over {net}, which is no firmware")
    parts = [source_component(source_dir, package, sources[package]) for package in ("mbedtls", "lwip")]
    everest = component("Everest Curve25519", f"as in Mbed TLS {sources['mbedtls'][0]}", LICENCES["everest"])
    return [*parts, *(driver_components(build_dir) or [everest]), *compiler_components(build_dir)]


def main(source_dir, build_dir):
    program = os.path.join(build_dir, "bin", "tls-echo")
    if not os.path.exists(program):
        sys.exit(f"sbom: there is no {program}: build it first (./run build PRESET)")
    version = cache_value(build_dir, "CMAKE_PROJECT_VERSION")
    digest = sha256(program)
    parts = linked_components(source_dir, build_dir)
    firmware = {
        "type": "firmware",
        "bom-ref": "tls-echo",
        "name": "tls-echo",
        "version": version,
        "licenses": [{"expression": "Apache-2.0"}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "properties": [{"name": "board", "value": cache_value(build_dir, "BOARD")}],
    }
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, digest)}",
        "version": 1,
        "metadata": {"component": firmware},
        "components": parts,
        "dependencies": [{"ref": "tls-echo", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    print(json.dumps(bom, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
