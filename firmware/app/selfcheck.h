/* The self-check at start: what must be right before the firmware listens or connects.
 *
 * Each check that fails is one ERROR line: selfcheck result=failed check=... reason="..."
 * hint="...". All checks of a step run, so that one start shows all that is wrong; the status is
 * that of the first that failed. */
#ifndef SELFCHECK_H
#define SELFCHECK_H

#include "exit_status.h"
#include "identity.h"
#include "net_port.h"

/* Connections beyond the sessions: one newcomer to be refused, and one that TCP is still closing.
 */
#define SELFCHECK_CONNECTIONS_SLACK 2

/* What the log says of the identity once all checks are done. */
struct selfcheck_report {
    struct tls_identity_report identity; /* of the role's own identity; zeroed if it has none */
};

/* Logs that the blob could not be loaded, and returns BAD_BLOB. reason is identity_load's;
 * from_file: the blob is the one of --certs. */
enum exit_status selfcheck_fail_blob(const char *reason, bool from_file);

/* Checks entropy, and the role's own identity: it parses, key and certificate match, the chain
 * leads to the trusted CA (a warning if not), the dates hold. */
enum exit_status selfcheck_identity(enum tls_role role, const struct cert_blob *blob,
                                    struct selfcheck_report *out);

/* Checks that the stack can hold a whole TLS record in its window, and sessions connections. Only a
 * stack that runs can tell, so this step comes last, and says nothing when all is well. */
enum exit_status selfcheck_net(struct net *net, unsigned sessions);

/* Logs that the identity is well, and which clock its dates were held against. */
void selfcheck_log_ok(const struct selfcheck_report *report);

#endif
