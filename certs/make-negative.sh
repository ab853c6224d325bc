#!/bin/sh
# Makes identities and blobs for tests: good ones of several kinds, and one of each bad kind.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source=issue.sh source-path=SCRIPTDIR
. "$here/issue.sh"

usage() {
    cat <<'END'
usage: make-negative.sh OUTDIR

Makes a good identity in OUTDIR (as make-certs.sh does, replacing an older one), and for each of
these a folder OUTDIR/NAME in the same layout and a blob OUTDIR/NAME.bin:

  good           the identity of OUTDIR itself: the blob only
  rsa            good: RSA-2048 leaves from the EC CA of OUTDIR
  rsa_ca         good: RSA-2048 throughout, with a CA of its own
  intermediate   good: leaves from an intermediate CA that is in the chain
  many_cas       good: ca.pem holds this CA and the one of unknown_ca
  expired        ended yesterday
  not_yet_valid  begins in a year
  wrong_name     a server with other names (DNS:wrong.invalid, IP:198.18.255.250)
  unknown_ca     good in itself, from a CA (its ca.pem) of the same name that nobody else knows
  key_mismatch   the keys are of other certificates
  weak           RSA-1024 leaves
  weak_sha1      leaves signed with SHA-1
  bad_usage      server and client with each other's extended key usage

and the blobs cut.bin (its end is missing), corrupt.bin (one bit flipped), too_large.bin (sound,
but larger than the section of a firmware).
END
}

case ${1-} in
--help) usage; exit 0 ;;
'' | -*) usage >&2; exit 64 ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 64; }

blob() {
    python3 "$here/blob.py" "$@"
}

"$here/make-certs.sh" --force "$1"
umask 077
outdir=$(CDPATH='' cd -- "$1" && pwd)
work=$(mktemp -d "$outdir/.making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"

# shellcheck disable=SC2034 # read by issue.sh
server_san=$default_san
server_profile=server_profile
client_profile=client_profile
issuer=ca
first_day=-1
last_day=823
key_type=ec
digest=sha256

cp "$outdir/ca.key" "$outdir/ca.pem" .

make_identities() {
    for role in server client; do
        [ $role = server ] && profile=$server_profile || profile=$client_profile
        new_key $role "$key_type"
        new_request $role "tls-echo $role"
        sign $role "$issuer" "$profile" "$first_day" "$last_day" "$digest"
    done
}

# deliver NAME CA_PEM...: what make_identities made, and its blob
deliver() {
    folder=$outdir/$1
    rm -rf "$folder"
    mkdir "$folder"
    chmod 755 "$folder"
    name=$1
    shift
    cat "$@" >"$folder/ca.pem"
    mv server.key server.pem client.key client.pem "$folder/"
    chmod 644 "$folder"/*.pem
    blob pack --no-check "$folder" "$outdir/$name.bin"
}

# variant NAME [SETTING=VALUE]...: settings are the variables above, for this one alone
variant() (
    name=$1
    shift
    for setting in "$@"; do
        eval "${setting%%=*}=\${setting#*=}"
    done
    make_identities
    deliver "$name" ca.pem
)

variant rsa key_type=rsa
variant expired first_day=-365 last_day=-1
variant not_yet_valid first_day=365 last_day=730
variant wrong_name server_san='DNS:wrong.invalid,IP:198.18.255.250'
variant weak key_type=rsa-1024
variant weak_sha1 digest=sha1
variant bad_usage server_profile=server_as_client_profile client_profile=client_as_server_profile

make_identities
new_key server ec
new_key client ec
deliver key_mismatch ca.pem

new_key intermediate ec
new_request intermediate 'TLS echo intermediate CA'
sign intermediate ca intermediate_profile -1 3651
issuer=intermediate
make_identities
for role in server client; do
    cat intermediate.pem >>$role.pem
done
deliver intermediate ca.pem
issuer=ca

mkdir other
(
    cd other
    new_key ca ec
    new_request ca 'TLS echo CA'
    sign ca ca ca_profile -1 3652
    make_identities
    deliver unknown_ca ca.pem
)
make_identities
deliver many_cas ca.pem other/ca.pem

"$here/make-certs.sh" --key rsa rsa_ca
(
    cd rsa_ca
    deliver rsa_ca ca.pem
)

blob pack "$outdir" "$outdir/good.bin"
head -c -40 "$outdir/good.bin" >"$outdir/cut.bin"

# Offset 200 is within the first certificate; one bit of it is turned over.
python3 - "$outdir/good.bin" "$outdir/corrupt.bin" <<'END'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
data[200] ^= 1
open(sys.argv[2], "wb").write(data)
END

# A valid but bulky CA certificate beside the right one, as often as a blob takes it.
new_key bulky ec
new_request bulky 'TLS echo bulky CA'
sign bulky bulky bulky_ca_profile -1 3652
mkdir bulky_folder
for file in ca bulky bulky bulky bulky bulky bulky bulky; do
    cat $file.pem
done >bulky_folder/ca.pem
cp "$outdir/server.pem" "$outdir/server.key" bulky_folder/
blob pack --no-check bulky_folder "$outdir/too_large.bin"
