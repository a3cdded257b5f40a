#include "codes.h"

#include "core/logon.h"

static const struct codes_row rows[CODES_COUNT] = {
    [CODES_OK] = { "ok", 0, u"", "" },
    [CODES_USAGE] = { "usage", 2, u"read the command line",
                      "ringfence-setup install|repair|status|uninstall" },
    [CODES_ELEVATION] = { "not_elevated", 10, u"change this machine",
                          "run `ringfence setup`, and answer yes to the question" },
    [CODES_DOMAIN_CONTROLLER] = { "domain_controller", 11,
                                  u"make local accounts on a domain controller",
                                  "level `enforced` is not for domain controllers; "
                                  "`confined` needs no setup" },
    [CODES_PLATFORM] = { "filtering_platform", 12, u"use the filtering platform",
                         "start the Base Filtering Engine: sc start BFE" },
    [CODES_POLICY] = { "firewall_policy", 13, u"rely on the firewall of this machine",
                       "turn Windows Firewall on in all profiles: "
                       "netsh advfirewall set allprofiles state on" },
    [CODES_HANDOVER] = { "handover", 14, u"get the accounts' passwords",
                         "start it through `ringfence setup install`, which makes and "
                         "keeps them" },
    [CODES_JOURNAL] = { "journal", 15, u"keep the journal of setup",
                        "see who may write HKLM\\SOFTWARE\\Ringfence" },
    [CODES_BUSY] = { "busy", 16, u"start", "wait until the other setup has ended" },
    [CODES_SERVICE] = { "secondary_logon", 17, u"start programs as another account",
                        "the runner is started by the service Secondary Logon: sc config "
                        "seclogon start= demand" },
    [CODES_GROUP] = { "group", 20, u"make the group RingfenceUsers",
                      "see `net localgroup RingfenceUsers`" },
    [CODES_ACCOUNT] = { "account", 21, u"make the sandbox accounts",
                        "see `net user RingfenceOffline`" },
    [CODES_MEMBERSHIP] = { "membership", 22, u"put the accounts into their groups",
                           "see `net localgroup RingfenceUsers`" },
    [CODES_HIDING] = { "hiding", 23, u"hide the accounts from the logon screen",
                       "see who may write the Winlogon key in HKLM" },
    [CODES_RIGHTS] = { "logon_rights", 24, u"deny the accounts other logons",
                       "Group Policy may own User Rights Assignment: see `gpresult /h`" },
    [CODES_FIREWALL] = { "firewall_rules", 25, u"add the firewall rules",
                         "see `netsh advfirewall firewall show rule name=all`" },
    [CODES_FILTERS] = { "wfp_filters", 26, u"add the network filters",
                        "see `netsh wfp show filters`" },
    [CODES_ENABLE] = { "enable", 27, u"enable the accounts",
                       "see `net user RingfenceOffline`" },
    [CODES_LOGON] = { "logon", 28, u"log on as a sandbox account",
                      "ringfence setup repair" },
    [CODES_INCOMPLETE] = { "not_installed", 30, u"say that setup is whole",
                           "ringfence setup repair" },
    [CODES_LEFT] = { "left", 31, u"take everything back",
                     "run `ringfence setup uninstall` again" },
};

/* winerror.h, lmerr.h and fwptypes.h by number: this file is pure. */
static const struct {
    enum err_domain domain;
    uint32_t code;
    const char *remedy;
} known[] = {
    { ERR_WIN32, 5, "this needs an administrator's full token: ringfence setup" },
    { ERR_WIN32, 1764,
      "this system has no working filtering platform: "
      "`enforced` is not available" },
    { ERR_WIN32, 2224,
      "an account of that name is there and is not Ringfence's: "
      "rename or remove it" },
    { ERR_WIN32, 2245,
      "password policy refuses 32 mixed characters (a filter?): see "
      "`net accounts`" },
    { ERR_WIN32, 1379,
      "a group of that name is there and is not Ringfence's: "
      "rename or remove it" },
    { ERR_WIN32, 0x80070424u, "the Windows Firewall service is not there" },
    { ERR_WIN32, 0x800706D9u, "start Windows Firewall: sc start MpsSvc" },
    { ERR_WIN32, 0x80040154u,
      "this Windows has no such firewall: `enforced` is not "
      "available" },
    { ERR_WIN32, 0x80004002u,
      "firewall rules for one account need Windows 8 or Server "
      "2012: `enforced` is not available" },
    { ERR_WIN32, 0x8032000Au, "filters that are not Ringfence's hang on its provider" },
    { ERR_NTSTATUS, 0xC0000022u, "this needs an administrator's full token" },
};

const struct codes_row *codes_row(enum codes_phase phase)
{
    return &rows[phase < CODES_COUNT ? phase : CODES_USAGE];
}

const char *codes_remedy(enum codes_phase phase, const struct err *err)
{
    const char *of_logon = err->domain == ERR_WIN32 ? logon_remedy(err->code) : NULL;

    if (err->hint)
        return err->hint;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].domain == err->domain && known[i].code == err->code)
            return known[i].remedy;
    return of_logon ? of_logon : codes_row(phase)->remedy;
}
