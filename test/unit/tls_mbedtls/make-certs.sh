#!/bin/sh
# Makes the DER files that these tests use: make-certs.sh OUTDIR. Needs only the openssl command.
set -eu
umask 077

[ $# -eq 1 ] || { echo "usage: make-certs.sh OUTDIR" >&2; exit 64; }
mkdir -p "$1"
cd "$1"

run() {
    "$@" >log.txt 2>&1 || { cat log.txt >&2; exit 1; }
}

# issue NAME SUBJECT SIGNER_OPTIONS EXTENSION...: a P-256 key and a certificate for it
issue() {
    name=$1 subject=$2 signer=$3
    shift 3
    printf '%s\n' "$@" >extensions.cnf
    run openssl ecparam -name prime256v1 -genkey -noout -out "$name.pem.key"
    run openssl req -new -config /dev/null -key "$name.pem.key" -subj "$subject" -out "$name.csr"
    # shellcheck disable=SC2086 # a list of options
    run openssl x509 -req -in "$name.csr" $signer -days 3650 -sha256 -set_serial 1 \
        -extfile extensions.cnf -out "$name.pem"
    run openssl x509 -in "$name.pem" -outform DER -out "$name.der"
    run openssl pkcs8 -topk8 -nocrypt -in "$name.pem.key" -outform DER -out "$name.key"
}

from_ca='-CA ca.pem -CAkey ca.pem.key'
issue ca '/O=unit test/CN=CA' '-signkey ca.pem.key' \
    'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign'
issue server '/O=unit test/CN=server' "$from_ca" \
    'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth' \
    'subjectAltName=DNS:server.test,DNS:*.wild.test,IP:198.18.0.2,IP:2001:db8::2'
issue client '/O=unit test/CN=client' "$from_ca" \
    'keyUsage=critical,digitalSignature' 'extendedKeyUsage=clientAuth'
issue cn_only '/CN=server.test' "$from_ca" \
    'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth'
