/* What of Mbed TLS 3.6 is compiled in: TLS 1.2 and 1.3 with (EC)DHE and AEAD, and nothing else.
 *
 * This file replaces the library's own mbedtls_config.h (MBEDTLS_CONFIG_FILE). Whatever is not
 * named here is off: no CBC, no DTLS, no renegotiation, no static RSA, no finite-field DH, no
 * external PSK, no early data, no PEM, no files, no sockets, no debug output, no
 * self-tests. MBEDTLS_THREADING_C is off as well: one thread makes all calls into TLS. */
#ifndef TLS_MBEDTLS_CONFIG_H
#define TLS_MBEDTLS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

/* ---- The system below ---------------------------------------------------------------------- */

#define MBEDTLS_PLATFORM_C

/* All memory comes from memory_port.h: see platform_hooks.c. Macros rather than run-time hooks keep
 * a global pointer away. */
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO tls_mbedtls_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO tls_mbedtls_free
void *tls_mbedtls_calloc(size_t count, size_t size);
void tls_mbedtls_free(void *p);

/* Dates of certificates and tickets are checked against clock_wall(); without HAVE_TIME_DATE the
 * library would accept an expired certificate in silence. See platform_hooks.c. */
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO int64_t /* good after 2038 on 32-bit cores too */
#define MBEDTLS_PLATFORM_TIME_MACRO tls_mbedtls_time
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT /* libc's reads a time zone file and allocates */
int64_t tls_mbedtls_time(int64_t *out);

/* Random bytes come straight from entropy_port.h: the system's generator is seeded, reseeded and
 * fork-safe already, a second one on top of it would only be more state to protect. */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

#define MBEDTLS_HAVE_ASM /* constant-time and bignum code in assembler */

/* The library's own words for its error codes, in the log of a failed handshake. */
#define MBEDTLS_ERROR_C

/* ---- Symmetric cryptography ---------------------------------------------------------------- */

#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES /* 8 KB of flash instead of RAM that is filled on first use */
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT /* GCM only ever encrypts blocks */
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

/* AES instructions where the CPU has them, found out at run time, on both architectures. */
#define MBEDTLS_AESCE_C
#define MBEDTLS_AESNI_C

#define MBEDTLS_MD_C
#define MBEDTLS_SHA1_C /* refused everywhere; known so that such a certificate is called weak */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C /* AES-256-GCM's suites, P-384 */
#define MBEDTLS_SHA512_C /* RSA and ECDSA signatures of CAs */
#define MBEDTLS_HKDF_C   /* TLS 1.3 key schedule (RFC 8446 section 7.1) */
#if defined(__aarch64__)
/* SHA-256 instructions where the CPU has them; off by default. The library refuses it elsewhere. */
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif

/* ---- Public-key cryptography --------------------------------------------------------------- */

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM /* reduction made for each NIST prime: several times faster */
#define MBEDTLS_ECDH_C
/* X25519 by Everest: verified, constant time and several times faster. A patch of ours brings it to
 * TLS 1.3. */
#define MBEDTLS_ECDH_VARIANT_EVEREST_ENABLED
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15 /* signatures of certificates, and of TLS 1.2 handshakes */
#define MBEDTLS_PKCS1_V21 /* RSA-PSS: TLS 1.3 handshakes allow no other with RSA */

/* TLS 1.3 does its cryptography through PSA. MBEDTLS_USE_PSA_CRYPTO, which would send TLS 1.2,
 * X.509 and the records through it as well, is off: it sets the key up anew for every record. */
#define MBEDTLS_PSA_CRYPTO_C
/* Keys in a list that grows: the default of 32 slots would bound the number of handshakes. */
#define MBEDTLS_PSA_KEY_STORE_DYNAMIC
/* No other protection domain shares our buffers, so PSA need not copy them defensively. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS

/* ---- Certificates -------------------------------------------------------------------------- */

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C /* ECDSA signatures are DER */
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_REMOVE_INFO /* human-readable dumps: we log a few fields of our own */

/* ---- TLS ----------------------------------------------------------------------------------- */

#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED /* resumption, still (EC)DHE */
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE /* passes middleboxes (RFC 8446 appendix D.4) */
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET    /* TLS 1.2: closes the triple handshake (RFC 7627) */
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE     /* the library's TLS 1.3 cannot do without */
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES        /* a peer with no common suite learns why, too */
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TICKET_C
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_SERVER_NAME_INDICATION

/* A peer may send records of 16,384 bytes; ours are as large, for few of them per megabyte. */
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 16384

/* TLS 1.3 records are not padded (the default pads to 16 bytes, which hides next to nothing): an
 * encrypted alert then has a length of its own, by which wire.c knows it. */
#define MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY 1

/* One ticket a handshake: each costs the server a signature-free but real amount of work, and our
 * client keeps only the newest. */
#define MBEDTLS_SSL_TLS1_3_DEFAULT_NEW_SESSION_TICKETS 1
/* Need only be unique within its connection (RFC 8446 section 4.6.1). Mbed TLS's own 32 bytes are
 * more than wolfSSL 5.5 takes: it ends the connection with illegal_parameter. */
#define MBEDTLS_SSL_TLS1_3_TICKET_NONCE_LENGTH 8

#endif
