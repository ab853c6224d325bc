/* What the backends of the full firmware have. */
#include "contract.h"
#include "pair.h"

const struct pair_version pair_versions[] = {
    {.name = "TLSv1.3"},
    {.name = "TLSv1.2", .is_1_2 = true},
    {0},
};

const bool contract_has_ip6 = true;

bool contract_lacks(const char *what)
{
    (void)what;
    return false;
}
