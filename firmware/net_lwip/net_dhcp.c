/* What lwIP's DHCP client leaves out. */
#include "lwip/opt.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/prot/dhcp.h"
#include "lwip_hooks.h"

/* RFC 2131 section 4.3.3, table 5: DHCPDECLINE must name the server. Servers drop one that does
 * not, and would offer the same address for ever. */
void net_dhcp_add_options(const struct dhcp *dhcp, struct dhcp_msg *message, uint8_t type,
                          uint16_t *options_len)
{
    const ip4_addr_t *server = ip_2_ip4(&dhcp->server_ip_addr);
    const size_t added_len = 2 + sizeof(server->addr);
    if (type != DHCP_DECLINE || *options_len + added_len >= DHCP_OPTIONS_LEN) {
        return;
    }
    uint8_t *option = message->options + *options_len;
    option[0] = DHCP_OPTION_SERVER_ID;
    option[1] = sizeof(server->addr);
    memcpy(option + 2, &server->addr, sizeof(server->addr));
    *options_len = (uint16_t)(*options_len + added_len);
}
