/* What the backends of the small firmware have: TLS 1.3 alone, no RSA, no IPv6. */
#include "contract.h"
#include "pair.h"

const struct pair_version pair_versions[] = {
    {.name = "TLSv1.3"},
    {0},
};

const bool contract_has_ip6 = false;

bool contract_lacks(const char *what)
{
    contract_remark("skipped, for this firmware is built without %s", what);
    return true;
}
