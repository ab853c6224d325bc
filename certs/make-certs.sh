#!/bin/sh
# Makes a CA, a server and a client identity with fresh keys: what the firmware embeds by default.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=issue.sh source-path=SCRIPTDIR
. "$here/issue.sh"

usage() {
    cat <<'END'
usage: make-certs.sh [--key ec|rsa] [--san LIST] [--force] OUTDIR

Makes in OUTDIR:
  ca, server, client  each with .key (PKCS#8 PEM, mode 0600), .csr, .pem and .der
  client.p12          the client's identity for browsers and phones (mode 0600)
  client.p12.password its random password (mode 0600)

  --key ec|rsa  ECDSA P-256 (default) or RSA-2048
  --san LIST    more names of the server: DNS:NAME or IP:ADDRESS, separated by commas
  --force       replace what an earlier run left in OUTDIR
END
}

# A CA lives for 10 years, so that peers need not be given another one soon. Leaves live for 824
# days: some platforms refuse more than 825. All begin a day ago, for peers whose clocks are late.
first_day=-1
ca_last_day=3652
leaf_last_day=823

key_type=ec
server_san=$default_san
force=no
outdir=

need_value() {
    [ "$2" -ge 2 ] || { usage >&2; fail "$1 needs a value" 64; }
}

while [ $# -gt 0 ]; do
    case $1 in
    --key) need_value "$1" $#; key_type=$2; shift 2 ;;
    --san) need_value "$1" $#; [ -z "$2" ] || server_san=$default_san,$2; shift 2 ;;
    --force) force=yes; shift ;;
    --help) usage; exit 0 ;;
    -*) usage >&2; fail "unknown option: $1" 64 ;;
    *) [ -z "$outdir" ] || { usage >&2; fail "one OUTDIR only" 64; }; outdir=$1; shift ;;
    esac
done
[ -n "$outdir" ] || { usage >&2; exit 64; }
case $key_type in ec | rsa) ;; *) fail "--key is ec or rsa, not: $key_type" 64 ;; esac

# The list goes into a configuration file: let nothing through that could end its line.
check_san() {
    old_ifs=$IFS
    IFS=,
    set -f
    for item in $server_san; do
        case $item in
        DNS:?* | IP:?*) ;;
        *) fail "--san takes DNS:NAME or IP:ADDRESS, not: $item" 64 ;;
        esac
        case $item in
        *[!A-Za-z0-9.:*_-]*) fail "--san: a character that no name or address has: $item" 64 ;;
        esac
    done
    set +f
    IFS=$old_ifs
}
check_san

command -v openssl >/dev/null || fail "the openssl command is missing: install the package openssl" 69

# The folder gets the caller's umask, the private files get theirs.
mkdir -p "$outdir" || fail "cannot make the folder $outdir" 73
if [ "$force" = no ]; then
    for name in ca server client; do
        [ ! -e "$outdir/$name.key" ] || fail "$outdir/$name.key is there already: --force replaces it" 73
    done
fi
umask 077
work=$(mktemp -d "$outdir/.making.XXXXXX") || fail "cannot write in $outdir" 73
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(CDPATH='' cd -- "$work" && pwd)
outdir=$(CDPATH='' cd -- "$outdir" && pwd)
cd "$work"

new_key ca "$key_type"
new_request ca 'TLS echo CA'
sign ca ca ca_profile $first_day $ca_last_day

new_key server "$key_type"
new_request server 'tls-echo server'
sign server ca server_profile $first_day $leaf_last_day

new_key client "$key_type"
new_request client 'tls-echo client'
sign client ca client_profile $first_day $leaf_last_day

# By file, as an argument could be read by every user of the machine.
openssl rand -hex 16 >client.p12.password
quietly openssl pkcs12 -export -inkey client.key -in client.pem -certfile ca.pem \
    -name 'tls-echo client' -passout file:client.p12.password -out client.p12

chmod 644 ./*.pem ./*.der ./*.csr
# Into place only now that all is there.
for name in ca server client; do
    mv -f "$name.key" "$name.csr" "$name.der" "$name.pem" "$outdir/"
done
mv -f client.p12 client.p12.password "$outdir/"
