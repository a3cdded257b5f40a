#include "core/logon.h"

/* winerror.h by number: this file is pure. */
static const struct {
    uint32_t code;
    const char *remedy;
} known[] = {
    { 1058, "the service Secondary Logon is disabled, and it starts programs as another "
            "account: sc config seclogon start= demand" },
    { 1060,
      "this Windows has no service Secondary Logon, which starts programs as another "
      "account: `enforced` is not available" },
    { 1326, "the kept password is not the account's: ringfence setup repair" },
    { 1327, "account restrictions (hours, workstations, blank password): "
            "see `net user RingfenceOffline`" },
    { 1330, "policy lets the password expire: ringfence setup repair" },
    { 1331, "the account is disabled: ringfence setup repair" },
    { 1385, "Group Policy does not let the account log on locally: add "
            "RingfenceUsers to `Allow log on locally`" },
    { 1793, "the account has expired: net user NAME /expires:never" },
    { 1907, "policy wants the password changed: ringfence setup repair" },
    { 1909, "the account is locked out: wait for the lockout to end, then "
            "ringfence setup repair" },
};

const char *logon_remedy(uint32_t code)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].code == code)
            return known[i].remedy;
    return NULL;
}
