#!/bin/sh
# Does a program that drops an outcome of the seams fail to compile? dropped_outcome.sh COMPILER PORT_DIR
set -eu
compiler=$1
port_dir=$2
failed=0

compiles() { # SOURCE: what the project asks of its own code
    printf '#include "net_port.h"\n#include "tls_port.h"\n%s\n' "$1" |
        "$compiler" -std=c11 -Wall -Wextra -Werror -I "$port_dir" -S -o /dev/null -x c - 2>&1
}

# Each call once with its outcome kept, which must compile, and once with it dropped.
check() { # PARAMETERS CALL
    if ! said=$(compiles "int f($1); int f($1) { return (int)$2; }"); then
        echo "FAIL: $2 does not compile even with its outcome kept: $said"
        failed=1
    elif said=$(compiles "void f($1); void f($1) { $2; }"); then
        echo "FAIL: the outcome of $2 may be dropped"
        failed=1
    elif ! echo "$said" | grep -q 'unused-result\|unused-value'; then
        echo "FAIL: $2 does not compile for another reason: $said"
        failed=1
    else
        echo "ok: $2"
    fi
}

check 'struct tls_session *s' 'tls_handshake(s)'
check 'struct tls_session *s, uint8_t *b, size_t *n' 'tls_read(s, b, 1, n)'
check 'struct tls_session *s, uint8_t *b, size_t *n' 'tls_write(s, b, 1, n)'
check 'struct tls_session *s' 'tls_close(s)'
check 'struct tls_session *s, uint8_t *b, size_t *n' 'tls_session_export(s, b, 1, n)'
check 'struct tls_context *c, struct tls_session_config *g, struct tls_session **o' \
    'tls_session_open(c, g, o)'
check 'struct tls_context_config *g, struct tls_context **o' 'tls_context_open(g, o, NULL)'
check 'struct net_socket *s, uint8_t *b, size_t *n' 'net_send(s, b, 1, n)'
check 'struct net_socket *s, uint8_t *b, size_t *n' 'net_receive(s, b, 1, n)'
check 'struct net_socket *s' 'net_shutdown(s)'
check 'struct net_socket *s' 'net_connect_result(s)'
check 'struct net_socket *l, struct net_socket **o, struct net_address *p' 'net_accept(l, o, p)'
exit $failed
