/* What the options may say in the small firmware: the same ones as in the full one, so that a
 * configuration file serves both, but with fewer values. */
#ifndef PROFILE_H
#define PROFILE_H

#define PROFILE_TLS_VERSIONS "1.3"
#define PROFILE_MIN_TLS "1.3"
#define PROFILE_MIN_TLS_ALLOWED "1.3 (this firmware is built without TLS 1.2)"
#define PROFILE_IP6_FORMS "off"
#define PROFILE_IP6 "off"
#define PROFILE_MDNS_MODES "off"
#define PROFILE_HAS_CONSOLE false
#define PROFILE_CONSOLE_MODES "off"
#define PROFILE_CONSOLE "off"
#define PROFILE_CONSOLE_ALLOWED "off (this firmware is built without the console's commands)"

#endif
