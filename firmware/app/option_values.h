/* Strict readers of option values: all of the text must be the value, and in range. */
#ifndef OPTION_VALUES_H
#define OPTION_VALUES_H

#include "option_table.h"

/* For the table: one parser for each kind of value. */
bool option_parse_number(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_number_or_off(const struct option_spec *spec, const char *value,
                                struct options *out);
bool option_parse_size(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_choice(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_text(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_host_name(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_sntp(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_switch(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_address(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_ip(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_ip6(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_label(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_mdns(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_mac(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_netif(const struct option_spec *spec, const char *value, struct options *out);
bool option_parse_alpn(const struct option_spec *spec, const char *value, struct options *out);

/* Decimal digits alone, at most max. */
bool value_read_number(const char *text, size_t len, uint64_t max, uint64_t *out);

/* Four decimal numbers without leading zeros. */
bool value_read_ipv4(const char *text, size_t len, uint8_t out[4]);

/* RFC 4291 section 2.2, any form; no brackets, no zone. */
bool value_read_ipv6(const char *text, size_t len, uint8_t out[16]);

/* A host name's characters and lengths (RFC 1123 section 2.1), or an address of either family. */
bool value_is_host_name(const char *text);

#endif
