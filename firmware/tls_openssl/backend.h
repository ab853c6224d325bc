/* What the files of the OpenSSL backend share: a context's and a session's insides. */
#ifndef TLS_OPENSSL_BACKEND_H
#define TLS_OPENSSL_BACKEND_H

#include <openssl/ssl.h>

#include "tls_port.h"

/* RSA of 2048 bits, curves of 224, no SHA-1 in signatures: SSL_CTX_set_security_level(3). */
#define TLS_OPENSSL_SECURITY_LEVEL 2

/* Longest DNS name in text (RFC 1035 section 2.3.4), without its terminator. */
#define TLS_OPENSSL_NAME_MAX 253

/* A write of at most this length is always taken, so that an alert is never lost behind other
 * output: an alert record has at most 5 + 2 + 1 + 24 bytes (header, alert, type, explicit nonce and
 * tag). */
#define TLS_OPENSSL_SMALL_LEN 64

/* One full record with its overhead, and the small writes before and behind it. */
#define TLS_OPENSSL_OUTPUT_CAP 17408

struct tls_context {
    SSL_CTX *ssl_ctx;        /* owned */
    BIO_METHOD *bio_method;  /* owned */
    const char *const *alpn; /* borrowed; NULL: none */
    enum tls_role role;
    int (*library_security)(const SSL *ssl, const SSL_CTX *ssl_ctx, int operation, int bits,
                            int nid, void *other, void *arg); /* OpenSSL's own judgement */
};

/* Sealed bytes that the transport has not taken yet. OpenSSL believes they are sent, so it never
 * blocks on output: what is pending is known here, exactly. */
struct tls_output {
    uint8_t *bytes; /* owned, TLS_OPENSSL_OUTPUT_CAP of them */
    size_t at, len; /* bytes[at] to bytes[len - 1] are pending */
};

/* The write that a want is outstanding for; bytes NULL: none. */
struct tls_pending_write {
    const uint8_t *bytes; /* borrowed until the outcome is no want */
    size_t len;
    size_t sealed_len; /* 0: OpenSSL has not sealed it yet */
};

struct tls_session {
    struct tls_context *context;     /* borrowed */
    struct tls_transport *transport; /* borrowed */
    SSL *ssl;                        /* owned */
    struct tls_output output;
    enum tls_transport_outcome sent;     /* OK until sending came to an end */
    enum tls_transport_outcome received; /* OK until receiving came to an end */
    struct tls_pending_write write;
    bool reads_need_room;
    size_t unanswered_len; /* bytes read and not written since */
    size_t want_len;

    bool library_handshake_over; /* its last bytes may still be pending */
    bool handshake_over;
    bool close_begun, close_notify_made;
    enum tls_outcome handshake_final; /* these three: TLS_OK while there is no final outcome */
    enum tls_outcome read_final;
    enum tls_outcome write_final;

    struct tls_error error; /* the first one */
    int alert_sent;         /* our fatal alert, or TLS_NO_ALERT */
    unsigned verify;        /* bits of enum tls_verify */
    int verify_code;        /* X509_V_*: the first one */
    unsigned deferred;      /* bits of enum tls_verify */
    X509 *peer;             /* owned; the peer's leaf, NULL if it sent none in this handshake */
    SSL_SESSION *ticket;    /* owned; the latest one, clients only */
    char server_name[TLS_OPENSSL_NAME_MAX + 1]; /* clients only */
};

/* ---- library.c ---- */

/* Sets OpenSSL up for this program; must come before anything else of OpenSSL. Cheap if repeated.
 */
bool tls_openssl_prepare(void);

/* ---- bio.c ---- */

/* A BIO type over a session's transport; NULL without memory. The caller frees it. */
BIO_METHOD *tls_openssl_bio_method(void);

/* A BIO over session's transport, borrowed; NULL without memory. */
BIO *tls_openssl_bio_new(struct tls_session *session);

/* Hands pending output to the transport. OK: nothing is pending any more. WANT_WRITE: the transport
 * has no room. RESET, FAILED: nothing can be sent any more, as the transport said once. */
enum tls_outcome tls_openssl_flush(struct tls_session *session);

/* Makes a close_notify that is not encrypted pending. Only before any key is in use, and with
 * nothing else pending. */
void tls_openssl_send_close_notify(struct tls_session *session);

/* ---- error.c ---- */

enum tls_direction { TLS_DIRECTION_READ, TLS_DIRECTION_WRITE };

/* The outcome of an OpenSSL call that returned result (not a success), from the error queue, which
 * is emptied, the session and its transport. direction says whose end counts first. Records the
 * session's first error, except a want; CLOSED is recorded during the handshake only. */
enum tls_outcome tls_openssl_outcome(struct tls_session *session, int result,
                                     enum tls_direction direction);

/* Records outcome as the session's first error, unless there was one; returns outcome. */
enum tls_outcome tls_openssl_fail(struct tls_session *session, enum tls_outcome outcome);

/* Fills error, if there is one, from outcome, verify and the error queue, which is emptied. Returns
 * outcome, or NO_MEMORY in place of FAILED where the queue says that. */
enum tls_outcome tls_openssl_describe(struct tls_error *error, enum tls_outcome outcome,
                                      unsigned verify);

/* ---- verify.c ---- */

/* For SSL_CTX_set_cert_verify_callback. */
int tls_openssl_verify_peer(X509_STORE_CTX *store_ctx, void *unused);

/* Verifies store_ctx's certificate at clock_wall()'s time and collects all that is wrong. Returns
 * bits of enum tls_verify, 0 if it is to be trusted; *code gets the first X509_V_*. What the clock
 * cannot tell goes to *deferred instead; deferred NULL: nothing is deferred. */
unsigned tls_openssl_verify(X509_STORE_CTX *store_ctx, int *code, unsigned *deferred);

/* ---- dates.c ---- */

/* Bits of enum tls_verify that the certificate's dates give now: EXPIRED, NOT_YET_VALID. */
unsigned tls_openssl_date_reasons(const X509 *certificate);

/* ---- identity.c ---- */

struct tls_openssl_identity {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf */
    EVP_PKEY *key;
};

/* Parses identity into *out, owned by the caller, who frees it also after an error. Errors,
 * with more in the error queue: NO_MEMORY; FAILED: *bad is the index of what does not parse,
 * chain_count stands for the key. */
enum tls_outcome tls_openssl_identity_parse(const struct tls_identity *identity,
                                            struct tls_openssl_identity *out, size_t *bad);
void tls_openssl_identity_free(struct tls_openssl_identity *identity);

/* Parses the anchors into store. Errors as above. */
enum tls_outcome tls_openssl_trust_parse(const struct tls_trust *trust, X509_STORE *store,
                                         size_t *bad);

/* ---- resumption.c ---- */

/* For SSL_CTX_sess_set_new_cb: keeps the latest ticket. */
int tls_openssl_keep_ticket(SSL *ssl, SSL_SESSION *ticket);

/* Offers what tls_session_export gave; does nothing if it is not for this server_name. */
void tls_openssl_offer(struct tls_session *session, struct tls_span resume);

/* ---- info.c ---- */

/* Text of a name, cut to fit, and of a time, both always terminated; empty if unknown. */
void tls_openssl_name_text(const X509_NAME *name, char *out, size_t cap);
void tls_openssl_time_text(const ASN1_TIME *time, char *out, size_t cap);

/* Fills all of out; false, with *out zeroed, for NULL or without memory. */
bool tls_openssl_certificate_info(const X509 *certificate, struct tls_peer_certificate *out);

#endif
