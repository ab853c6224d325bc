#!/bin/sh
# Makes the certificates and keys that the contract suite embeds, as DER files: make-certs.sh OUTDIR
#
# Dates are fixed and the suite sets the clock, so that nothing here ever runs out: CAs are valid from
# 2020 to 2050, everything else from 2024 to 2034. Needs only the openssl command.
set -eu
umask 077

[ $# -eq 1 ] || { echo "usage: make-certs.sh OUTDIR" >&2; exit 64; }
mkdir -p "$1"
cd "$1"

LEAF_DATES="-startdate 20240101000000Z -enddate 20340101000000Z"
CA_DATES="-startdate 20200101000000Z -enddate 20500101000000Z"
SAN="DNS:tls-echo.local,DNS:localhost,IP:198.18.0.2,IP:127.0.0.1"

cat > ca.cnf <<'CNF'
[ca]
default_ca = default
[default]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
[any]
organizationName = optional
commonName = supplied
CNF

run() {
    "$@" > log.txt 2>&1 || { cat log.txt >&2; exit 1; }
}

# make_key NAME ec|rsa2048|rsa1024
make_key() {
    case $2 in
    ec) run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
    rsa*) run openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" ;;
    esac
    run openssl pkcs8 -topk8 -nocrypt -in "$1.key" -outform DER -out "$1_key.der"
}

# make_cert NAME ISSUER DIGEST DATES EXTENSIONS: ISSUER is a NAME, NAME itself for a root
make_cert() {
    printf '%b' "$5" > extensions.cnf
    : > index.txt
    rm -f index.txt.attr
    openssl rand -hex 8 > serial
    run openssl req -new -key "$1.key" -subj "/O=TLS echo contract/CN=$1" -out "$1.csr" \
        -config /dev/null
    signer="-cert $2.pem -keyfile $2.key"
    [ "$1" != "$2" ] || signer="-selfsign -keyfile $1.key"
    # shellcheck disable=SC2086 # lists of options
    run openssl ca -batch -config ca.cnf -notext -md "$3" $4 $signer -in "$1.csr" -out "$1.pem" \
        -extfile extensions.cnf
    run openssl x509 -in "$1.pem" -outform DER -out "$1_cert.der"
}

# make_ca NAME ISSUER and make_leaf NAME ISSUER KEY DIGEST USAGE [SAN]
make_ca() {
    make_key "$1" ec
    make_cert "$1" "$2" sha256 "$CA_DATES" \
        'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
}

make_leaf() {
    make_key "$1" "$3"
    make_cert "$1" "$2" "$4" "$LEAF_DATES" \
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=$5\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n${6:+subjectAltName=$6\n}"
}

make_ca ca ca
make_ca other_ca other_ca
make_ca intermediate ca
make_leaf server ca ec sha256 serverAuth "$SAN"
make_leaf server_rsa ca rsa2048 sha256 serverAuth "$SAN"
make_leaf server_below intermediate ec sha256 serverAuth "$SAN"
make_leaf server_below_leaf server ec sha256 serverAuth "$SAN"
make_leaf server_rsa1024 ca rsa1024 sha256 serverAuth "$SAN"
make_leaf server_sha1 ca ec sha1 serverAuth "$SAN"
make_leaf server_bad_usage ca ec sha256 clientAuth "$SAN"
make_leaf cn-only.example ca ec sha256 serverAuth
make_leaf server_dns_ip ca ec sha256 serverAuth DNS:198.18.0.2
make_leaf client ca ec sha256 clientAuth
make_leaf client_rsa ca rsa2048 sha256 clientAuth
make_leaf client_other other_ca ec sha256 clientAuth
make_leaf client_bad_usage ca ec sha256 serverAuth
mv cn-only.example_cert.der server_cn_only_cert.der
mv cn-only.example_key.der server_cn_only_key.der
