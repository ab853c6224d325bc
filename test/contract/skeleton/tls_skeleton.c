/* A TLS backend that does nothing yet: every function is there, every call fails.
 *
 * Copy it to firmware/tls_NAME/, and make the contract suite green from the top of its list down:
 * docs/PORTING.md says what each function owes. */
#include <string.h>

#include "tls_port.h"

/* Give these what your library needs. */
struct tls_context {
    int unused;
};

struct tls_session {
    int unused;
};

enum tls_outcome tls_context_open(const struct tls_context_config *config, struct tls_context **out,
                                  struct tls_error *error)
{
    (void)config;
    *out = NULL;
    if (error != NULL) {
        *error = (struct tls_error){.outcome = TLS_FAILED, .alert = TLS_NO_ALERT};
    }
    return TLS_FAILED;
}

void tls_context_close(struct tls_context *context)
{
    (void)context;
}

void tls_memory_needs(enum tls_role role, struct tls_memory *out)
{
    (void)role;
    memset(out, 0, sizeof *out);
}

const char *tls_library_version(void)
{
    return "";
}

enum tls_outcome tls_session_open(struct tls_context *context,
                                  const struct tls_session_config *config, struct tls_session **out)
{
    (void)context;
    (void)config;
    *out = NULL;
    return TLS_FAILED;
}

void tls_session_free(struct tls_session *session)
{
    (void)session;
}

enum tls_outcome tls_handshake(struct tls_session *session)
{
    (void)session;
    return TLS_FAILED;
}

enum tls_outcome tls_read(struct tls_session *session, uint8_t *buf, size_t cap, size_t *count)
{
    (void)session;
    (void)buf;
    (void)cap;
    *count = 0;
    return TLS_FAILED;
}

enum tls_outcome tls_write(struct tls_session *session, const uint8_t *bytes, size_t len,
                           size_t *count)
{
    (void)session;
    (void)bytes;
    (void)len;
    *count = 0;
    return TLS_FAILED;
}

enum tls_outcome tls_close(struct tls_session *session)
{
    (void)session;
    return TLS_FAILED;
}

size_t tls_want_len(const struct tls_session *session)
{
    (void)session;
    return 1;
}

bool tls_has_input(const struct tls_session *session)
{
    (void)session;
    return false;
}

bool tls_record_is_begun(const struct tls_session *session)
{
    (void)session;
    return false;
}

bool tls_session_info(const struct tls_session *session, struct tls_session_info *out)
{
    (void)session;
    memset(out, 0, sizeof *out);
    return false;
}

bool tls_session_peer(const struct tls_session *session, struct tls_peer_certificate *out)
{
    (void)session;
    memset(out, 0, sizeof *out);
    return false;
}

const struct tls_error *tls_session_error(const struct tls_session *session)
{
    static const struct tls_error none = {.outcome = TLS_OK, .alert = TLS_NO_ALERT};
    (void)session;
    return &none;
}

enum tls_outcome tls_session_export(struct tls_session *session, uint8_t *buf, size_t cap,
                                    size_t *len)
{
    (void)session;
    (void)buf;
    (void)cap;
    *len = 0;
    return TLS_FAILED;
}

unsigned tls_context_recheck(struct tls_context *context)
{
    (void)context;
    return TLS_VERIFY_OTHER;
}

unsigned tls_session_recheck(const struct tls_session *session)
{
    (void)session;
    return TLS_VERIFY_OTHER;
}

bool tls_certificate_describe(const struct tls_span *certificate, struct tls_peer_certificate *out)
{
    (void)certificate;
    memset(out, 0, sizeof *out);
    return false;
}

enum tls_outcome tls_identity_check(enum tls_role role, const struct tls_identity *identity,
                                    const struct tls_trust *trust,
                                    struct tls_identity_report *report, struct tls_error *error)
{
    (void)role;
    (void)identity;
    (void)trust;
    memset(report, 0, sizeof *report);
    if (error != NULL) {
        *error = (struct tls_error){.outcome = TLS_FAILED, .alert = TLS_NO_ALERT};
    }
    return TLS_FAILED;
}

bool tls_sha256(const uint8_t *bytes, size_t len, uint8_t out[32])
{
    (void)bytes;
    (void)len;
    memset(out, 0, 32);
    return false;
}
