# shellcheck shell=sh disable=SC2034,SC2154 # work, server_san and key_type are set by the script that sources this
# Shell functions that make keys, requests and certificates; sourced by make-certs.sh and
# make-negative.sh. Needs OpenSSL 3.0 or later and GNU date.
#
# A subject NAME owns the files NAME.key, NAME.csr, NAME.pem and NAME.der in the current folder.
# `openssl ca` signs, as `openssl x509` of OpenSSL 3.0 cannot set the day a validity begins.

organization='TLS echo firmware'
default_san='DNS:tls-echo.local,DNS:localhost,IP:198.18.0.2,IP:127.0.0.1,IP:2001:db8::2,IP:::1'

fail() {
    echo "$(basename "$0"): $1" >&2
    exit "${2:-70}"
}

# A day relative to now, as openssl wants it: day_from_now -1
day_from_now() {
    date -u -d "$1 days" +%Y%m%d%H%M%SZ
}

# OpenSSL reports progress on stderr even when all is well; show it only when something failed.
quietly() {
    "$@" 2>"$work/openssl.log" || {
        cat "$work/openssl.log" >&2
        fail "openssl failed: $1 $2"
    }
}

# new_key NAME ec|rsa|rsa-1024
new_key() {
    case $2 in
    ec) set -- "$1" -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve ;;
    rsa) set -- "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ;;
    rsa-1024) set -- "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:1024 ;;
    *) fail "unknown key type: $2" 64 ;;
    esac
    key_name=$1
    shift
    quietly openssl genpkey "$@" -out "$key_name.key"
}

# new_request NAME COMMON_NAME
new_request() {
    write_config "$1"
    quietly openssl req -new -utf8 -sha256 -config "$work/$1.cnf" -key "$1.key" \
        -subj "/O=$organization/CN=$2" -out "$1.csr"
}

# sign NAME ISSUER PROFILE FIRST_DAY LAST_DAY [DIGEST]
#   ISSUER: the subject that signs; NAME itself for a root.
#   PROFILE: a section of write_config below. Days are relative to now.
sign() {
    [ "$1" = "$2" ] && self=-selfsign || self="-cert $2.pem"
    : >"$work/index.txt"
    # shellcheck disable=SC2086 # self is one or two words on purpose
    quietly openssl ca -batch -notext -config "$work/$1.cnf" -keyfile "$2.key" $self \
        -extensions "$3" -startdate "$(day_from_now "$4")" -enddate "$(day_from_now "$5")" \
        -md "${6:-sha256}" -in "$1.csr" -out "$1.pem"
    quietly openssl x509 -in "$1.pem" -outform DER -out "$1.der"
}

# The profiles follow RFC 5280 section 4.2: critical where it says so. keyUsage is
# digitalSignature alone, as only (EC)DHE key exchange is offered; but NSS takes no RSA key of a
# server without keyEncipherment. server_san and key_type are set by the caller.
write_config() {
    case $key_type in
    rsa*) server_key_usage='digitalSignature, keyEncipherment' ;;
    *) server_key_usage=digitalSignature ;;
    esac
    cat >"$work/$1.cnf" <<END
[req]
distinguished_name = subject
prompt = no
string_mask = utf8only
[subject]
[ca]
default_ca = issuer
[issuer]
database = $work/index.txt
new_certs_dir = $work
unique_subject = no
rand_serial = yes
policy = any
[any]
organizationName = supplied
commonName = supplied

[ca_profile]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate_profile]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[bulky_ca_profile]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nsComment = $(printf '%02200d' 0)
[server_profile]
basicConstraints = critical, CA:FALSE
keyUsage = critical, $server_key_usage
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = $server_san
[client_profile]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[server_as_client_profile]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = $server_san
[client_as_server_profile]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
END
}
