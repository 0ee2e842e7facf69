#!/bin/sh
# Makes the certificates of the TLS tests anew. They protect nothing; that is why their keys may lie here.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/config" <<END
[ca]
default_ca = test
[test]
database = $work/index
new_certs_dir = $work
default_md = sha256
policy = any
unique_subject = no
serial = $work/serial
rand_serial = yes
[any]
commonName = supplied
END

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>"$work/log"; }

# sign NAME KEY NOT_BEFORE NOT_AFTER EXTENSIONS [WHO_SIGNS...]
sign() {
    name=$1 key=$2 start=$3 end=$4 extensions=$5
    shift 5
    openssl req -new -key "$key" -subj "/CN=connmix test $name" -out "$work/request"
    printf '%b\n' "$extensions" >"$work/extensions"
    : >"$work/index"
    openssl ca -batch -notext -config "$work/config" -in "$work/request" -out "$name.pem" -startdate "$start" \
        -enddate "$end" -extfile "$work/extensions" "$@" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}

# authority NAME
authority() {
    key "$work/$1-key.pem"
    sign "$1" "$work/$1-key.pem" 20200101000000Z 21000101000000Z \
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash" \
        -selfsign -keyfile "$work/$1-key.pem"
}

# leaf NAME AUTHORITY NOT_AFTER USAGE SUBJECT_ALTERNATIVE_NAMES
leaf() {
    key "$1-key.pem"
    sign "$1" "$1-key.pem" 20200101000000Z "$3" \
        "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=$4\nsubjectAltName=$5" \
        -cert "$2.pem" -keyfile "$work/$2-key.pem"
}

authority ca
authority other-ca
leaf server ca 21000101000000Z serverAuth DNS:localhost,IP:127.0.0.1
leaf named ca 21000101000000Z serverAuth DNS:localhost
leaf expired ca 20210101000000Z serverAuth DNS:localhost,IP:127.0.0.1
leaf other-name ca 21000101000000Z serverAuth DNS:engine.example,IP:192.0.2.1
leaf client ca 21000101000000Z clientAuth DNS:consumer.example
leaf other-client other-ca 21000101000000Z clientAuth DNS:consumer.example
