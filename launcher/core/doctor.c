#include "core/doctor.h"

#include "core/aclplan.h"
#include "core/pathsearch.h"

static const char *const states[] = { [DOCTOR_OK] = "ok",
                                      [DOCTOR_WARN] = "warn",
                                      [DOCTOR_FAIL] = "fail",
                                      [DOCTOR_SKIP] = "skip" };

/* A pattern in which % stands for arg, in the doctor's room. */
static struct u16s put(struct doctor *d, const char *pattern, struct u16s arg)
{
    size_t from = d->room.len;

    for (; pattern && *pattern; pattern++) {
        if (*pattern == '%')
            u16buf_add(&d->room, arg);
        else
            u16buf_addc(&d->room, (char16_t)(unsigned char)*pattern);
    }
    return (struct u16s){ d->room.at + from, d->room.len - from };
}

static void add(struct doctor *d, const char *id, enum doctor_state state,
                const char *detail, const char *remedy, struct u16s arg)
{
    struct doctor_check *c = &d->check[d->count++];

    c->id = id;
    c->state = state;
    c->detail = put(d, detail, arg);
    c->remedy = put(d, remedy, arg);
}

/* The number, or the text, for as long as add needs it. */
static struct u16s number(struct u16buf *b, uint64_t n)
{
    u16buf_add_dec(b, n);
    return u16buf_text(b);
}

static void judge_policy(const struct doctor_facts *f, struct doctor *d)
{
    char16_t text[512];
    struct u16buf b = U16BUF(text);

    if (!f->policy_fault) {
        add(d, "policy", DOCTOR_OK, f->has_policy ? "%" : "% (not there: defaults)", NULL,
            f->policy_path);
        return;
    }
    if (f->policy_line) {
        u16buf_add_ascii(&b, "line ");
        u16buf_add_dec(&b, f->policy_line);
        u16buf_add_ascii(&b, " of ");
    }
    u16buf_add(&b, u16s_head(f->policy_path, 300));
    u16buf_add_ascii(&b, ": ");
    u16buf_add_ascii(&b, f->policy_fault);
    add(d, "policy", DOCTOR_FAIL, "refused whole, so nothing is started: %",
        "put it right, or take the file away", u16buf_text(&b));
}

static void judge_level(const struct doctor_facts *f, struct doctor *d)
{
    char16_t text[300];
    struct u16buf b = U16BUF(text);

    if (f->inside) {
        add(d, "level", DOCTOR_OK, "inside a fence: the token says so", NULL,
            (struct u16s){ 0 });
        return;
    }
    u16buf_add_ascii(&b, f->verdict.reason);
    if (f->verdict.refused)
        add(d, "level", DOCTOR_FAIL, "below what is required, so nothing is started: %",
            "ringfence verify shows what holds here", u16buf_text(&b));
    else if (f->verdict.level == LEVEL_ADVISORY)
        add(d, "level", DOCTOR_FAIL, "advisory, nothing is proven: %",
            "ringfence prepare, then ringfence verify", u16buf_text(&b));
    else if (f->verdict.level == LEVEL_ENFORCED)
        add(d, "level", DOCTOR_OK, "enforced, proven on this machine", NULL,
            u16buf_text(&b));
    else if (f->fence == FENCE_STRICT)
        add(d, "level", DOCTOR_OK, "confined (strict), proven on this machine", NULL,
            u16buf_text(&b));
    else
        add(d, "level", DOCTOR_WARN,
            "confined (standard): deletes and renames outside the workspace are open",
            "ringfence setup --user", u16buf_text(&b));
}

static void judge_box(const struct doctor_facts *f, struct doctor *d)
{
    if (f->has_box)
        add(d, "box", DOCTOR_OK, "%", NULL, f->box);
    else
        add(d, "box", DOCTOR_SKIP, "%: the first launch makes it", NULL, f->box);
}

static void judge_journal(const struct doctor_facts *f, struct doctor *d)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    if (!f->journal_read)
        add(d, "journal", DOCTOR_FAIL,
            "cannot be read: what was granted is not known from it",
            "ringfence clean PATH looks without it", (struct u16s){ 0 });
    else if (f->journal_damaged)
        add(d, "journal", DOCTOR_WARN, "damaged in % places: a root may be missing",
            "ringfence clean PATH looks without it", number(&b, f->journal_damaged));
    else
        add(d, "journal", DOCTOR_OK, "sound", NULL, (struct u16s){ 0 });
}

static struct u16s bare(struct u16s entry)
{
    while (entry.len && (entry.at[0] == u'"' || entry.at[0] == u' '))
        entry = u16s_from(entry, 1);
    while (entry.len &&
           (entry.at[entry.len - 1] == u'"' || entry.at[entry.len - 1] == u'\\' ||
            entry.at[entry.len - 1] == u'/'))
        entry.len--;
    return entry;
}

bool doctor_before(struct u16s path, struct u16s directory, struct u16s *before)
{
    struct u16s rest = path, entry;
    size_t len = 0;

    while (pathsearch_next(&rest, &entry)) {
        if (directory.len && u16s_ieq(bare(entry), bare(directory))) {
            *before = u16s_head(path, len);
            return true;
        }
        len = rest.at ? (size_t)(rest.at - path.at) : path.len;
    }
    return false;
}

static void judge_path(const struct doctor_facts *f, struct doctor *d)
{
    struct u16s shims = { 0 }, denybin = { 0 };
    bool has_shims = doctor_before(f->path, f->shims, &shims);
    bool has_denybin = doctor_before(f->path, f->denybin, &denybin);
    struct u16s install = pathsearch_dir(f->shims);
    bool has_blank = u16s_find(install, u' ', 0) < install.len;

    if (!f->shims.len)
        add(d, "path", DOCTOR_FAIL, "this program is in no install: there are no shims",
            "unzip the whole of Ringfence, and start it from there", f->shims);
    else if (f->inside && !f->network_on && (!has_denybin || denybin.len > shims.len))
        add(d, "path", DOCTOR_WARN, "inside the fence % does not come before the shims",
            "something set PATH anew: start it through `ringfence run`", f->denybin);
    else if (!has_shims)
        add(d, "path", DOCTOR_WARN,
            "%\\shims is not on PATH: tools are started without a fence",
            has_blank ? "\"%\\activate\", or ringfence run -- CMD"
                      : "%\\activate, or ringfence run -- CMD",
            install);
    else if (f->shadowed.len)
        add(d, "path", DOCTOR_FAIL, "% comes before the shim, and runs without a fence",
            "deactivate, then activate, last of all that changes PATH", f->shadowed);
    else
        add(d, "path", DOCTOR_OK, "the shims come first", NULL, f->shims);
}

static void judge_aliases(const struct doctor_facts *f, struct doctor *d)
{
    if (f->aliases.len)
        add(d, "aliases", DOCTOR_WARN,
            "App Execution Aliases that only open the Store come before a real %",
            "Settings, Apps, Advanced app settings, App execution aliases: off",
            f->aliases);
    else
        add(d, "aliases", DOCTOR_OK, "no App Execution Alias hides a tool", NULL,
            f->aliases);
}

/* MS: Schannel Error Codes, SEC_E_NO_CREDENTIALS (0x8009030E). */
static void judge_schannel(const struct doctor_facts *f, struct doctor *d)
{
    static const char others[] =
        "git uses OpenSSL. Windows' own curl, .NET and PowerShell use Schannel, which "
        "gives a fenced program no credentials: SEC_E_NO_CREDENTIALS (0x8009030E)";

    if (f->verdict.level == LEVEL_ADVISORY && !f->inside)
        add(d, "schannel", DOCTOR_SKIP, "no fence is proven here", NULL, f->git_backend);
    else if (!f->network_on)
        add(d, "schannel", DOCTOR_SKIP, "the network is off", NULL, f->git_backend);
    else if (f->git_backend_kept && u16s_ieq(f->git_backend, U16S("schannel")))
        add(d, "schannel", DOCTOR_FAIL,
            "git's https fails in the fence (SEC_E_NO_CREDENTIALS): the policy keeps its "
            "http.sslBackend, which is %",
            "take http.sslBackend out of the policy's keep", f->git_backend);
    else
        add(d, "schannel", DOCTOR_WARN, others,
            "use a curl that is built with OpenSSL, such as Git for Windows' own",
            f->git_backend);
}

static void judge_volumes(const struct doctor_facts *f, struct doctor *d)
{
    if (f->volumes.len)
        add(d, "volumes", DOCTOR_WARN, "%: no ACLs, so nothing is confined there",
            "keep workspaces and secrets on NTFS", f->volumes);
    else
        add(d, "volumes", DOCTOR_OK, "every local volume keeps ACLs", NULL, f->volumes);
}

static void judge_stores(const struct doctor_facts *f, struct doctor *d)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    if (!f->granted)
        add(d, "stores", DOCTOR_SKIP, "the profile is not granted, so nothing reads it",
            NULL, f->store_open);
    else if (f->store_open.len)
        add(d, "stores", DOCTOR_FAIL, "% can be read by a fenced tool",
            "ringfence setup --user", f->store_open);
    else
        add(d, "stores", DOCTOR_OK, "% credential stores are closed", NULL,
            number(&b, f->stores_closed));
}

static void judge_accounts(const struct doctor_facts *f, struct doctor *d)
{
    const struct u16s none = { 0 };

    if (!f->has_accounts) {
        add(d, "accounts", DOCTOR_SKIP, "no sandbox accounts were set up", NULL, none);
        return;
    }
    if (f->seclogon == DOCTOR_SERVICE_DISABLED)
        add(d, "accounts", DOCTOR_FAIL,
            "the Secondary Logon service is disabled: no runner can be started",
            "as an administrator: sc config seclogon start= demand", none);
    else if (f->seclogon == DOCTOR_SERVICE_UNKNOWN)
        add(d, "accounts", DOCTOR_WARN, "the Secondary Logon service cannot be asked",
            "sc qc seclogon", none);
    else
        add(d, "accounts", DOCTOR_OK,
            f->runner_warm ? "set up, and their runner is warm"
                           : "set up; the next command starts their runner",
            NULL, none);
}

static void judge_tools(const struct doctor_facts *f, struct doctor *d)
{
    if (!f->has_accounts)
        add(d, "tools", DOCTOR_SKIP, "no sandbox accounts were set up", NULL,
            f->unreadable);
    else if (f->unreadable.len)
        add(d, "tools", DOCTOR_WARN, "on PATH, but closed to the sandbox accounts: %",
            "whoever owns it: icacls DIR /grant RingfenceUsers:(OI)(CI)RX",
            f->unreadable);
    else
        add(d, "tools", DOCTOR_OK,
            "the sandbox accounts can read every directory on PATH", NULL, f->unreadable);
}

void doctor_judge(const struct doctor_facts *f, struct doctor *d)
{
    d->count = 0;
    d->room = U16BUF(d->text);
    judge_policy(f, d);
    if (f->complete) {
        judge_level(f, d);
        judge_box(f, d);
    }
    judge_journal(f, d);
    judge_path(f, d);
    judge_aliases(f, d);
    if (f->complete)
        judge_schannel(f, d);
    judge_volumes(f, d);
    judge_stores(f, d);
    judge_accounts(f, d);
    judge_tools(f, d);
}

size_t doctor_count(const struct doctor *d, enum doctor_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < d->count; i++)
        count += d->check[i].state == state;
    return count;
}

static void add_padded(struct u16buf *out, const char *word, size_t width)
{
    size_t len = 0;

    for (; word[len]; len++)
        u16buf_addc(out, (char16_t)word[len]);
    for (; len < width; len++)
        u16buf_addc(out, u' ');
}

void doctor_text(const struct doctor *d, struct u16buf *out)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct doctor_check *c = &d->check[i];

        add_padded(out, states[c->state], 6);
        add_padded(out, c->id, 10);
        u16buf_add(out, c->detail);
        u16buf_addc(out, u'\n');
        if (c->remedy.len) {
            add_padded(out, "", 16);
            u16buf_add_ascii(out, "fix: ");
            u16buf_add(out, c->remedy);
            u16buf_addc(out, u'\n');
        }
    }
    u16buf_add_dec(out, d->count);
    u16buf_add_ascii(out, " checks: ");
    for (unsigned s = DOCTOR_OK; s <= DOCTOR_SKIP; s++) {
        u16buf_add_ascii(out, s ? ", " : "");
        u16buf_add_dec(out, doctor_count(d, (enum doctor_state)s));
        u16buf_addc(out, u' ');
        u16buf_add_ascii(out, states[s]);
    }
    u16buf_addc(out, u'\n');
}

void doctor_json(const struct doctor *d, struct json *json)
{
    for (unsigned s = DOCTOR_OK; s <= DOCTOR_SKIP; s++)
        json_number(json, states[s], doctor_count(d, (enum doctor_state)s));
    json_open(json, "checks", u'[');
    for (size_t i = 0; i < d->count; i++) {
        const struct doctor_check *c = &d->check[i];

        json_open(json, NULL, u'{');
        json_ascii(json, "id", c->id);
        json_ascii(json, "state", states[c->state]);
        json_text(json, "detail", c->detail);
        json_text(json, "remedy", c->remedy);
        json_close(json, u'}');
    }
    json_close(json, u']');
}

bool doctor_account_reads(const struct sid *account, const struct sid *group,
                          const struct secdesc *sd)
{
    const struct accesscheck_sid sids[] = {
        { *account, true, false },
        { *group, true, false },
        { sid_everyone(), true, false },
        { sid_well_known(SID_USERS), true, false },
        { sid_well_known(SID_AUTHENTICATED), true, false },
        { sid_short(5, 1, 4, 0), true, false },  /* INTERACTIVE */
        { sid_short(5, 1, 15, 0), true, false }, /* This Organization */
    };
    const struct accesscheck_token token = { .sid = sids,
                                             .sid_count = sizeof sids / sizeof sids[0],
                                             .level = SID_LEVEL_MEDIUM,
                                             .no_write_up = true };
    struct accesscheck_verdict v;

    accesscheck_object(&token, sd, ACLPLAN_READ, &rights_file, &v);
    return v.allowed;
}

bool doctor_git_backend(const char *text, size_t bytes, struct u16buf *out)
{
    bool in_http = false, found = false;

    for (size_t i = 0; i < bytes;) {
        char16_t room[128];
        struct u16buf b = U16BUF(room);
        struct u16s line, name, rest;

        for (; i < bytes && text[i] != '\n'; i++)
            u16buf_addc(&b, text[i] == '\r' ? u' ' : (char16_t)(unsigned char)text[i]);
        i++;
        line = u16s_trim(u16buf_text(&b));
        if (line.len && line.at[0] == u'[') {
            in_http = u16s_ieq(line, U16S("[http]"));
            continue;
        }
        rest = line;
        name = u16s_trim(u16s_split(&rest, u'='));
        if (!in_http || !rest.at || !u16s_ieq(name, U16S("sslBackend")))
            continue;
        *out = u16buf_init(out->at, out->cap);
        u16buf_add(out, u16s_trim(rest));
        found = true;
    }
    return found;
}
