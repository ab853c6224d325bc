/* The entry points of a transparent PSA driver for elliptic curves, as our patch to Mbed TLS's
 * driver wrappers calls them.
 *
 * Their shape is that of the PSA driver interface ("key_agreement", "export_public_key").
 * PSA_ERROR_NOT_SUPPORTED means: not a curve of the driver's, Mbed TLS does it itself. */
#ifndef PSA_ECC_DRIVER_H
#define PSA_ECC_DRIVER_H

#include <psa/crypto.h>

/* The public key that belongs to a key pair: 0x04, x, y; or u alone for X25519. */
psa_status_t psa_ecc_driver_export_public_key(const psa_key_attributes_t *attributes,
                                              const uint8_t *key, size_t key_len, uint8_t *out,
                                              size_t out_cap, size_t *out_len);

/* The shared secret (RFC 8446 section 7.4.2). INVALID_ARGUMENT: the peer's key is no point of the
 * curve, or one of small order. */
psa_status_t psa_ecc_driver_key_agreement(const psa_key_attributes_t *attributes,
                                          const uint8_t *key, size_t key_len, psa_algorithm_t alg,
                                          const uint8_t *peer, size_t peer_len, uint8_t *out,
                                          size_t out_cap, size_t *out_len);

#endif
