#include "core/envrules.h"
#include "core/pathsearch.h"

#define VALUE_CAP (ENVBLOCK_MAX + 1u)

const struct envrule envrules_table[] = {
#define ENVRULE(name, value, mode, when, reader, proof)                                  \
    { name, value, ENVRULE_##mode, ENVRULE_##when },
#include "core/envrules.def"
#undef ENVRULE
};
const size_t envrules_count = sizeof envrules_table / sizeof envrules_table[0];

/* Secrets by name.  A pattern is here only if a build that does not talk to a server
 * works without the variable.  Not here, because builds and tests need them or because
 * they hit harmless names: *_KEY (cache keys), *_AUTH, *_PWD and *PWD* (directories),
 * SECRET_KEY (Django reads it in every test), DATABASE_URL (local test databases),
 * KUBECONFIG and other paths of files (the file's own protection is what counts).
 * AWS_* also takes AWS_REGION and AWS_PROFILE: keep them by name where tests want them.
 */
const char *const envrules_secrets[] = {
    /* By the word at the end, with its bare form where that is a whole name. */
    "*_ACCESS_KEY",
    "*ACCESSTOKEN",
    "*_API_KEY",
    "API_KEY",
    "*_APIKEY",
    "*_CREDENTIALS",
    "*_MASTER_KEY",
    "*_PASSPHRASE",
    "*_PASSWD",
    "*_PASSWORD",
    "PASSWORD",
    "*_PAT",
    "*_PRIVATE_KEY",
    "*_SECRET",
    "*_SECRET_KEY",
    "*_TOKEN",
    "TOKEN",
    "*_WEBHOOK_URL",

    /* By product. */
    "AWS_*",
    "AZURE_*_CONNECTION_STRING",
    "AZURE_STORAGE_KEY",
    "COMPOSER_AUTH",
    "DOCKER_AUTH_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "MYSQL_PWD",
    "npm_config_*_auth",
    "npm_config_*_authToken",
    "NuGetPackageSourceCredentials_*",
    "PGPASSWORD",
    "REDISCLI_AUTH",
    "SECRET_KEY_BASE",
    "TF_TOKEN_*",
    "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS",

    /* Doors to an agent that answers for the user. */
    "GPG_AGENT_INFO",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "VSCODE_GIT_IPC_*",
};
const size_t envrules_secrets_count =
    sizeof envrules_secrets / sizeof envrules_secrets[0];

/* One application: the table, its input, and the text being put together. */
struct apply {
    struct envblock *env;
    const struct envrules_input *in;
    struct u16buf value;
};

/* u16s_imatch, but the common `*_WORD` costs one comparison from the end. */
static bool matches(struct u16s pattern, struct u16s name)
{
    if (u16s_find(pattern, u'*', 0) == 0 && u16s_find(pattern, u'*', 1) == pattern.len)
        return u16s_iends(name, u16s_from(pattern, 1));
    return u16s_imatch(pattern, name);
}

static bool is_kept(struct u16s name, struct u16s keep)
{
    while (keep.at) {
        struct u16s pattern = u16s_trim(u16s_split(&keep, u','));

        if (pattern.len && matches(pattern, name))
            return true;
    }
    return false;
}

bool envrules_is_secret(struct u16s name, struct u16s keep)
{
    char16_t text[ENVRULES_NAME_CAP];

    for (size_t i = 0; i < envrules_secrets_count; i++)
        if (matches(u16s_ascii(text, ENVRULES_NAME_CAP, envrules_secrets[i]), name))
            return !is_kept(name, keep);
    return false;
}

static bool is_separator(char16_t c)
{
    return c == u'\\' || c == u'/';
}

static struct u16s without_separators(struct u16s dir)
{
    while (dir.len && is_separator(dir.at[dir.len - 1]))
        dir.len--;
    return dir;
}

static void add_proxy(struct apply *a)
{
    u16buf_add_ascii(&a->value, "http://127.0.0.1:");
    u16buf_add_dec(&a->value, a->in->dead_port);
}

/* dir with forward slashes; for the inside of sh's double quotes, where $ and ` are alive
 * (and a backslash would be, were there one left), or as it is. */
static void add_slashed(struct u16buf *b, struct u16s dir, bool for_sh)
{
    for (size_t i = 0; i < dir.len; i++) {
        if (for_sh && (dir.at[i] == u'$' || dir.at[i] == u'`'))
            u16buf_addc(b, u'\\');
        u16buf_addc(b, dir.at[i] == u'\\' ? u'/' : dir.at[i]);
    }
}

/* Whether field, up to its brace, is this word. */
static bool is_field(const char *field, const char *word)
{
    while (*word && *field == *word) {
        field++;
        word++;
    }
    return *word == 0 && *field == '}';
}

static void add_field(struct apply *a, const char *field)
{
    if (is_field(field, "proxy"))
        add_proxy(a);
    else if (is_field(field, "port"))
        u16buf_add_dec(&a->value, a->in->dead_port);
    else if (is_field(field, "denybin"))
        u16buf_add(&a->value, without_separators(a->in->denybin));
    else if (is_field(field, "denybin/"))
        add_slashed(&a->value, without_separators(a->in->denybin), true);
    else if (is_field(field, "temp"))
        u16buf_add(&a->value, without_separators(a->in->temp));
    else if (is_field(field, "cache"))
        u16buf_add(&a->value, without_separators(a->in->cache));
    else if (is_field(field, "install"))
        u16buf_add(&a->value, without_separators(a->in->install));
    else if (is_field(field, "install/"))
        add_slashed(&a->value, without_separators(a->in->install), false);
    else if (is_field(field, "q") &&
             u16s_find(a->in->install, u' ', 0) < a->in->install.len)
        u16buf_addc(&a->value, u'"');
}

static void value_clear(struct apply *a)
{
    a->value = u16buf_init(a->value.at, a->value.cap);
}

/* A value cut short must not reach the child: it counts as env->text running full. */
static void value_set(struct apply *a, struct u16s name)
{
    if (a->value.cut)
        a->env->text.cut = true;
    else
        envblock_set(a->env, name, u16buf_text(&a->value));
}

/* Appends what the template says. */
static void value_expand(struct apply *a, const char *template)
{
    for (; *template; template ++) {
        if (*template != '{') {
            u16buf_addc(&a->value, (char16_t)(unsigned char)*template);
            continue;
        }
        add_field(a, template + 1);
        while (*template != '}')
            template ++;
    }
}

static bool applies(const struct apply *a, const struct envrule *rule, struct u16s name)
{
    if (rule->mode == ENVRULE_DEFAULT && envblock_find(a->env, name))
        return false;
    switch (rule->when) {
    case ENVRULE_ALWAYS:
        break;
    case ENVRULE_OFFLINE:
        if (!a->in->offline)
            return false;
        break;
    case ENVRULE_DENYBIN:
        if (!a->in->offline || a->in->denybin.len == 0)
            return false;
        break;
    case ENVRULE_BOX:
        if (a->in->temp.len == 0 || a->in->cache.len == 0)
            return false;
        break;
    case ENVRULE_SCHANNEL:
        if (a->in->offline || !a->in->fenced)
            return false;
        break;
    case ENVRULE_OBJECTS:
        if (!a->in->fenced || a->in->install.len == 0 ||
            u16s_istarts(a->in->install, U16S("\\\\")) ||
            u16s_find(a->in->install, u';', 0) < a->in->install.len)
            return false;
        break;
    }
    return !is_kept(name, a->in->keep);
}

/* GIT_CONFIG_KEY_7, in *name (storage for any number). */
static struct u16s git_name(struct u16buf *name, const char *kind, uint64_t n)
{
    *name = u16buf_init(name->at, name->cap);
    u16buf_add_ascii(name, "GIT_CONFIG_");
    u16buf_add_ascii(name, kind);
    u16buf_add_dec(name, n);
    return u16buf_text(name);
}

/* Whether the last of count settings of that name, the one that git obeys, is a->value.
 */
static bool has_git_setting(const struct apply *a, struct u16s key, struct u16buf *name,
                            uint64_t count)
{
    for (uint64_t i = count; i-- > 0;)
        if (u16s_ieq(envblock_get(a->env, git_name(name, "KEY_", i)), key))
            return u16s_eq(envblock_get(a->env, git_name(name, "VALUE_", i)),
                           u16buf_text(&a->value));
    return false;
}

/* Appends a->value.  A count that git would choke on is left alone: git then stops, which
 * is no way out either. */
static void append_git(struct apply *a, struct u16s key)
{
    char16_t text[40], count_text[20];
    struct u16buf name = U16BUF(text);
    struct u16s all = u16s_ascii(count_text, 20, "GIT_CONFIG_COUNT");
    struct u16s count = u16s_trim(envblock_get(a->env, all));
    uint64_t n = 0;

    if ((count.len && !u16s_number(count, ENVBLOCK_VARS_MAX, &n)) ||
        is_kept(all, a->in->keep) || has_git_setting(a, key, &name, n))
        return;
    value_set(a, git_name(&name, "VALUE_", n));
    envblock_set(a->env, git_name(&name, "KEY_", n), key);
    value_clear(a);
    u16buf_add_dec(&a->value, n + 1);
    value_set(a, all);
}

/* The name under which the variable is there, so that its spelling stays. */
static struct u16s spelling(const struct apply *a, struct u16s name)
{
    const struct envblock_var *var = envblock_find(a->env, name);

    return var ? var->name : name;
}

/* Joins a->value, which is what the rule says, to what is there. */
static void join(struct apply *a, const struct envrule *rule, struct u16s name)
{
    struct u16s old = envblock_get(a->env, name), ours = u16buf_text(&a->value);
    bool first = rule->mode == ENVRULE_FIRST;

    if (old.len == 0) {
        value_set(a, name);
    } else if (first && !(u16s_istarts(old, ours) &&
                          (old.len == ours.len || old.at[ours.len] == u';'))) {
        u16buf_addc(&a->value, u';');
        u16buf_add(&a->value, old);
        value_set(a, spelling(a, name));
    } else if (!first && !u16s_iends(old, ours)) {
        value_clear(a);
        u16buf_add(&a->value, old);
        u16buf_addc(&a->value, u' ');
        value_expand(a, rule->value);
        value_set(a, spelling(a, name));
    }
}

static void apply_table(struct apply *a)
{
    char16_t text[ENVRULES_NAME_CAP];

    for (size_t i = 0; i < envrules_count; i++) {
        struct u16s name = u16s_ascii(text, ENVRULES_NAME_CAP, envrules_table[i].name);

        if (!applies(a, &envrules_table[i], name))
            continue;
        value_clear(a);
        value_expand(a, envrules_table[i].value);
        switch (envrules_table[i].mode) {
        case ENVRULE_GIT:
            append_git(a, name);
            break;
        case ENVRULE_FIRST:
        case ENVRULE_LAST:
            join(a, &envrules_table[i], name);
            break;
        case ENVRULE_FORCE:
        case ENVRULE_DEFAULT:
            value_set(a, name);
            break;
        }
    }
}

/* Pattern by pattern, so that each is widened once. */
static void remove_secrets(struct apply *a)
{
    char16_t text[ENVRULES_NAME_CAP];

    for (size_t p = 0; p < envrules_secrets_count; p++) {
        struct u16s pattern = u16s_ascii(text, ENVRULES_NAME_CAP, envrules_secrets[p]);

        for (size_t i = a->env->count; i-- > 0;) {
            struct u16s name = a->env->var[i].name;

            if (matches(pattern, name) && !is_kept(name, a->in->keep))
                envblock_unset(a->env, name);
        }
    }
}

/* Whether a PATH entry is dir, its quotes and trailing separators aside. */
static bool entry_is(struct u16s entry, struct u16s dir)
{
    struct u16s want = without_separators(dir);
    size_t at = 0;

    for (size_t i = 0; i < entry.len; i++) {
        char16_t c = entry.at[i];

        if (c == u'"')
            continue;
        if (at < want.len ? u16_upper(c) != u16_upper(want.at[at]) : !is_separator(c))
            return false;
        at += at < want.len;
    }
    return want.len > 0 && at == want.len;
}

/* Appends an entry to a list; *any tells whether one came before, as an entry may be
 * empty. */
static void list_add(struct apply *a, bool *any, struct u16s entry)
{
    if (*any)
        u16buf_addc(&a->value, u';');
    u16buf_add(&a->value, entry);
    *any = true;
}

static void list_add_dir(struct apply *a, bool *any, struct u16s dir)
{
    bool quote = u16s_find(dir, u';', 0) < dir.len;

    if (without_separators(dir).len == 0)
        return;
    /* No directory has a quote in its name, and this one could never be found in PATH
     * again: somebody is playing. */
    if (u16s_find(dir, u'"', 0) < dir.len)
        a->value.cut = true;
    list_add(a, any, quote ? U16S("\"") : dir);
    if (quote) {
        u16buf_add(&a->value, dir);
        u16buf_addc(&a->value, u'"');
    }
}

static void rewrite_path(struct apply *a)
{
    struct u16s rest = envblock_get(a->env, U16S("PATH"));
    struct u16s entry = { NULL, 0 };
    bool any = false;

    if (a->in->denybin.len == 0 && a->in->shims.len == 0)
        return;
    if (rest.len == 0)
        rest.at = NULL;
    value_clear(a);
    if (a->in->offline)
        list_add_dir(a, &any, a->in->denybin);
    list_add_dir(a, &any, a->in->shims);
    while (pathsearch_next(&rest, &entry))
        if (!entry_is(entry, a->in->denybin) && !entry_is(entry, a->in->shims))
            list_add(a, &any, entry);
    if (any || envblock_find(a->env, U16S("PATH")))
        value_set(a, spelling(a, U16S("PATH")));
}

/* .exe before .bat, so that a denybin stub is found before a script of the same name. */
static void rewrite_pathext(struct apply *a)
{
    struct u16s rest = envblock_get(a->env, U16S("PATHEXT"));
    bool any = true;

    if (rest.len == 0)
        rest = U16S(".BAT;.CMD"); /* what Windows does without a PATHEXT */
    value_clear(a);
    u16buf_add_ascii(&a->value, ".COM;.EXE");
    while (rest.at) {
        struct u16s entry = u16s_split(&rest, u';');

        if (!u16s_ieq(entry, U16S(".COM")) && !u16s_ieq(entry, U16S(".EXE")))
            list_add(a, &any, entry);
    }
    value_set(a, spelling(a, U16S("PATHEXT")));
}

void envrules_apply(struct envblock *env, const struct envrules_input *in)
{
    char16_t text[VALUE_CAP];
    struct apply a = { .env = env, .in = in, .value = U16BUF(text) };

    remove_secrets(&a);
    apply_table(&a);
    rewrite_path(&a);
    rewrite_pathext(&a);
}
