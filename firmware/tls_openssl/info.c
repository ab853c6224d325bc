/* What a session agreed on and who its peer is, as text. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend.h"

/* ---- Text ---- */

void tls_openssl_name_text(const X509_NAME *name, char *out, size_t cap)
{
    out[0] = '\0';
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
        int got = BIO_read(bio, out, (int)cap - 1);
        out[got > 0 ? got : 0] = '\0';
    }
    BIO_free(bio);
}

void tls_openssl_time_text(const ASN1_TIME *time, char *out, size_t cap)
{
    struct tm utc;
    out[0] = '\0';
    if (ASN1_TIME_to_tm(time, &utc) == 1) {
        (void)strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
}

/* ---- The session ---- */

static const char *group_name(const struct tls_session *session)
{
    bool tls12 = SSL_version(session->ssl) == TLS1_2_VERSION;
    if (tls12 && SSL_session_reused(session->ssl) == 1) {
        return "none"; /* RFC 5246 section 7.3: the abbreviated handshake has no key exchange */
    }
    switch (SSL_get_negotiated_group(session->ssl)) {
    case NID_X25519:
        return "x25519";
    case NID_X9_62_prime256v1:
        return "secp256r1";
    case NID_secp384r1:
        return "secp384r1";
    default:
        return "none";
    }
}

/* OpenSSL's name has a length and no terminator; ours, of the same name, has. */
static const char *alpn_name(const struct tls_session *session)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(session->ssl, &name, &len);
    const char *const *own = session->context->alpn;
    for (; len > 0 && own != NULL && *own != NULL; own++) {
        if (strlen(*own) == len && memcmp(*own, name, len) == 0) {
            return *own;
        }
    }
    return "";
}

bool tls_session_info(const struct tls_session *session, struct tls_session_info *out)
{
    memset(out, 0, sizeof *out);
    if (!session->handshake_over) {
        return false;
    }
    out->version = SSL_get_version(session->ssl);
    out->cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(session->ssl));
    out->group = group_name(session);
    out->alpn = alpn_name(session);
    out->resumed = SSL_session_reused(session->ssl) == 1;
    return true;
}

bool tls_openssl_certificate_info(const X509 *certificate, struct tls_peer_certificate *out)
{
    memset(out, 0, sizeof *out);
    unsigned digest_len = sizeof out->sha256;
    if (certificate == NULL ||
        X509_digest(certificate, EVP_sha256(), out->sha256, &digest_len) != 1) {
        memset(out, 0, sizeof *out);
        return false;
    }
    tls_openssl_name_text(X509_get_subject_name(certificate), out->subject, sizeof out->subject);
    tls_openssl_name_text(X509_get_issuer_name(certificate), out->issuer, sizeof out->issuer);
    tls_openssl_time_text(X509_get0_notBefore(certificate), out->not_before,
                          sizeof out->not_before);
    tls_openssl_time_text(X509_get0_notAfter(certificate), out->not_after, sizeof out->not_after);
    ERR_clear_error();
    return true;
}

bool tls_session_peer(const struct tls_session *session, struct tls_peer_certificate *out)
{
    if (!tls_openssl_certificate_info(session->peer, out)) {
        return false;
    }
    out->deferred = session->deferred;
    return true;
}

const struct tls_error *tls_session_error(const struct tls_session *session)
{
    return &session->error;
}
