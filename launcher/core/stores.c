#include "core/stores.h"

#define DATA u"AppData\\Local\\ringfence"

/* What is closed still shows its name, and cannot be opened.  What a build cannot do
 * without stays open although it may hold a password (NuGet.Config, settings.xml,
 * pip.ini, .gitconfig), and so do the sign-ins of coding agents, which may run in the
 * fence themselves. */
static const char16_t *const rows[] = {
    u".ssh",   /* OpenSSH keys */
    u".gnupg", /* GnuPG, and below AppData */
    u"AppData\\Roaming\\gnupg",
    u".aws",                /* AWS access keys */
    u".azure",              /* Azure CLI's and PowerShell's tokens */
    u".kube",               /* cluster certificates and tokens */
    u".minikube",           /* its CA's key */
    u".docker",             /* registry passwords */
    u".config\\containers", /* podman's */
    u".config\\gcloud",     /* Google Cloud, and below AppData */
    u"AppData\\Roaming\\gcloud",
    u".config\\gh", /* GitHub CLI, and below AppData */
    u"AppData\\Roaming\\GitHub CLI",
    u".config\\glab-cli",         /* GitLab CLI */
    u".config\\hub",              /* hub's token */
    u".config\\git\\credentials", /* git's store helper, both places */
    u".git-credentials",
    u".config\\op",     /* 1Password CLI */
    u".config\\rclone", /* remotes' passwords, and below AppData */
    u"AppData\\Roaming\\rclone",
    u".config\\doctl", /* DigitalOcean */
    u"AppData\\Roaming\\doctl",
    u".oci",         /* Oracle Cloud */
    u".bluemix",     /* IBM Cloud */
    u".tsh",         /* Teleport */
    u".brev",        /* Brev */
    u".pki",         /* NSS keys */
    u".step",        /* step CA */
    u".vault-token", /* HashiCorp Vault */
    u".terraform.d", /* Terraform tokens, and below AppData */
    u".terraformrc",
    u"AppData\\Roaming\\terraform.d",
    u"AppData\\Roaming\\terraform.rc",
    u".pulumi\\credentials.json", /* Pulumi */
    u".netrc",                    /* passwords for curl, git and others */
    u"_netrc",
    u".npmrc",              /* npm's publishing token: what its worms steal first */
    u".yarnrc.yml",         /* yarn's */
    u".pypirc",             /* PyPI's */
    u".cargo\\credentials", /* crates.io's */
    u".cargo\\credentials.toml",
    u".gem\\credentials",    /* RubyGems' */
    u".composer\\auth.json", /* Composer's, and below AppData */
    u"AppData\\Roaming\\Composer\\auth.json",
    u".m2\\settings-security.xml", /* the key of Maven's passwords */
    u".pgpass",                    /* PostgreSQL */
    u"AppData\\Roaming\\postgresql",
    u".my.cnf", /* MySQL */
    u".mylogin.cnf",
    u"AppData\\Roaming\\MySQL",
    u".databrickscfg",             /* Databricks */
    u".snowflake",                 /* Snowflake */
    u".kaggle",                    /* Kaggle */
    u".cache\\huggingface\\token", /* Hugging Face */
    u".cache\\huggingface\\stored_tokens",
    u".password-store", /* pass */
    u".bash_history",   /* what was typed, passwords too */
    u".python_history",
    u".node_repl_history",
    u"AppData\\Roaming\\Microsoft\\Windows\\PowerShell\\PSReadLine",
    u".bitcoin", /* wallets */
    u"AppData\\Roaming\\Bitcoin",
    u"AppData\\Roaming\\Electrum",
    u"AppData\\Roaming\\Ethereum",
    u"AppData\\Roaming\\Exodus",

    /* Windows' own: DPAPI keys, Credential Manager, certificates, tokens, and the hives
     * of the registry, which hold what programs keep in HKCU. */
    u"NTUSER.DAT*",
    u"AppData\\Local\\Microsoft\\Windows\\UsrClass.dat*",
    u"AppData\\Local\\Microsoft\\Credentials",
    u"AppData\\Roaming\\Microsoft\\Credentials",
    u"AppData\\Local\\Microsoft\\Vault",
    u"AppData\\Roaming\\Microsoft\\Vault",
    u"AppData\\Local\\Microsoft\\Protect",
    u"AppData\\Roaming\\Microsoft\\Protect",
    u"AppData\\Local\\Microsoft\\Crypto",
    u"AppData\\Roaming\\Microsoft\\Crypto",
    u"AppData\\Roaming\\Microsoft\\SystemCertificates",
    u"AppData\\Roaming\\Microsoft\\UserSecrets", /* dotnet user-secrets */
    u".microsoft\\usersecrets",
    u"AppData\\Local\\Microsoft\\TokenBroker",
    u"AppData\\Local\\Microsoft\\IdentityCache",
    u"AppData\\Local\\Microsoft\\OneAuth",
    u"AppData\\Local\\.IdentityService",
    u"AppData\\Local\\Packages\\Microsoft.AAD.BrokerPlugin_*",
    u"AppData\\Local\\Packages\\Microsoft.AccountsControl_*",
    u"AppData\\Local\\Microsoft\\Remote Desktop Connection Manager",
    u"AppData\\Local\\Microsoft\\Outlook", /* mail */
    u"AppData\\Local\\ringfence\\secret*", /* Ringfence's own passwords */

    /* Browsers: cookies are sessions, and the saved passwords. */
    u"AppData\\Local\\Google\\Chrome*\\User Data",
    u"AppData\\Local\\Chromium\\User Data",
    u"AppData\\Local\\Microsoft\\Edge*\\User Data",
    u"AppData\\Local\\BraveSoftware",
    u"AppData\\Local\\Vivaldi\\User Data",
    u"AppData\\Local\\Yandex\\YandexBrowser",
    u"AppData\\Local\\Arc\\User Data",
    u"AppData\\Local\\Packages\\TheBrowserCompany.Arc_*",
    u"AppData\\Roaming\\Opera Software",
    u"AppData\\Local\\Opera Software",
    u"AppData\\Roaming\\Mozilla",
    u"AppData\\Local\\Mozilla",
    u"AppData\\Roaming\\Thunderbird",
    u"AppData\\Local\\Thunderbird",
    u"AppData\\Roaming\\LibreWolf",
    u"AppData\\Roaming\\Waterfox",
    u"AppData\\Local\\Microsoft\\Windows\\INetCookies",
    u"AppData\\Local\\Microsoft\\Windows\\WebCache",
    u"AppData\\Roaming\\Microsoft\\Windows\\Cookies",

    /* Password managers. */
    u"AppData\\Local\\1Password",
    u"AppData\\Roaming\\1Password",
    u"AppData\\Local\\Bitwarden",
    u"AppData\\Roaming\\Bitwarden*",
    u"AppData\\Local\\KeePassXC",
    u"AppData\\Roaming\\KeePass*",
    u"AppData\\Roaming\\Dashlane",
    u"AppData\\Local\\LastPass",

    /* Programs whose files are a sign-in. */
    u"AppData\\Roaming\\Slack",
    u"AppData\\Roaming\\discord",
    u"AppData\\Roaming\\Signal",
    u"AppData\\Roaming\\Telegram Desktop",
    u"AppData\\Roaming\\Microsoft\\Teams",
    u"AppData\\Local\\Packages\\MSTeams_*",
    u"AppData\\Roaming\\Code\\User\\globalStorage", /* extensions' secrets */
    u"AppData\\Roaming\\JetBrains\\*\\c.kdbx",
    u"AppData\\Roaming\\JetBrains\\*\\c.pwd",
    u"AppData\\Roaming\\FileZilla",
    u"AppData\\Roaming\\WinSCP.ini",
    u"AppData\\Roaming\\DBeaverData",
    u"AppData\\Roaming\\Subversion\\auth",
    u"AppData\\Roaming\\Tailscale",
    u"AppData\\Local\\Tailscale",
};

const char16_t *stores_row(size_t index)
{
    return index < sizeof rows / sizeof rows[0] ? rows[index] : NULL;
}

static bool matches(struct u16s row, struct u16s path)
{
    bool same = true;

    while (same && row.at && path.at) {
        struct u16s part = u16s_split(&row, u'\\');

        same = u16s_imatch(part, u16s_split(&path, u'\\'));
    }
    return same && !row.at && !path.at;
}

/* Whether the row is below one of them: its name and the rest behind it. */
static bool is_moved(struct u16s row, const struct stores_dirs *dirs, struct u16s *dir,
                     struct u16s *rest)
{
    const struct u16s roaming = U16S("AppData\\Roaming\\");
    const struct u16s local = U16S("AppData\\Local\\");
    bool is_local = u16s_istarts(row, local);

    if (!is_local && !u16s_istarts(row, roaming))
        return false;
    *dir = is_local ? dirs->local : dirs->roaming;
    *rest = u16s_from(row, is_local ? local.len : roaming.len);
    return dir->len > 0;
}

static bool matches_in(const char16_t *text, const struct stores_dirs *dirs,
                       struct u16s path)
{
    struct u16s row = u16s_of(text), dir, rest;

    if (matches(row, path))
        return true;
    return is_moved(row, dirs, &dir, &rest) && u16s_istarts(path, dir) &&
           path.len > dir.len && path.at[dir.len] == u'\\' &&
           matches(rest, u16s_from(path, dir.len + 1));
}

static bool is_closed_in(const struct stores_dirs *dirs, struct u16s path)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (matches_in(rows[i], dirs, path))
            return true;
    return false;
}

bool stores_is_closed(struct u16s path)
{
    static const struct stores_dirs nowhere;

    return is_closed_in(&nowhere, path);
}

enum aclplan_kind stores_kind(struct u16s path, const struct stores_dirs *dirs)
{
    if (is_closed_in(dirs, path))
        return ACLPLAN_PROTECTED;
    if (matches_in(DATA, dirs, path))
        return ACLPLAN_STATE;
    /* A deny for the read SID would hold in the box's own fence too. */
    if (matches_in(DATA u"\\box\\*\\temp", dirs, path) ||
        matches_in(DATA u"\\box\\*\\cache", dirs, path))
        return ACLPLAN_OUTSIDE;
    return ACLPLAN_INSIDE;
}

void stores_add_row(struct u16s row, const struct stores_dirs *dirs, struct u16buf *out)
{
    struct u16s dir, rest;

    if (!is_moved(row, dirs, &dir, &rest)) {
        u16buf_add(out, row);
        return;
    }
    u16buf_add(out, dir);
    u16buf_addc(out, u'\\');
    u16buf_add(out, rest);
}
