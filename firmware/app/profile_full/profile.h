/* What the options may say in the full firmware. */
#ifndef PROFILE_H
#define PROFILE_H

#define PROFILE_TLS_VERSIONS "1.2|1.3"
#define PROFILE_MIN_TLS "1.2"
#define PROFILE_MIN_TLS_ALLOWED "1.2 or 1.3"
#define PROFILE_IP6_FORMS "auto|ADDR/64|off"
#define PROFILE_IP6 "auto"
#define PROFILE_MDNS_MODES "on|off"
#define PROFILE_HAS_CONSOLE true
#define PROFILE_CONSOLE_MODES "off|on|auto"
#define PROFILE_CONSOLE "auto"
#define PROFILE_CONSOLE_ALLOWED "off, on or auto"

#endif
