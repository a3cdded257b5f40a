#include "remote/enforced.h"

#include "confine.h"
#include "core/aclplan.h"
#include "core/runlog.h"
#include "core/sandbox.h"
#include "win/account.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/secret.h"
#include "win/security.h"
#include "win/statefile.h"

#define ANSWER_MAX 64u

static struct {
    struct passwords passwords;
    char16_t path[WIN_PATH_CAP];
    struct remote_request request;
    struct security security; /* of a root */
} store;

static void wipe_password(void)
{
    password_wipe(&store.passwords, sizeof store.passwords);
}

static bool not_set_up(struct err *err)
{
    err_rule(err, "no sandbox accounts were set up for this user", NULL);
    return err_hint(err, "ringfence setup");
}

static bool secret_path(struct u16s data)
{
    struct u16buf path = U16BUF(store.path);

    u16buf_add(&path, data);
    u16buf_addz(&path, u"\\" SANDBOX_SECRET);
    return !path.cut;
}

static const char16_t *open_password(const struct remote_request *request,
                                     struct err *err)
{
    if (!secret_path(request->data))
        return not_set_up(err), NULL;
    switch (secret_load(store.path, &store.passwords, err)) {
    case SECRET_LOADED:
        return store.passwords.text[!request->offline];
    case SECRET_ABSENT:
        not_set_up(err);
        break;
    case SECRET_TORN:
        err_rule(err, "the passwords of the sandbox accounts cannot be opened",
                 store.path);
        (void)err_hint(err, "ringfence setup repair");
        break;
    case SECRET_FAILED:
        break;
    }
    return NULL;
}

/* The SID is looked up each time: it is what whoever answers is held against. */
bool enforced_request(const struct context *c, bool network_on,
                      struct remote_request *request, struct err *err)
{
    struct remote_account *account = &request->account;

    if (!secret_path(u16buf_text(&c->data)) || file_kind(store.path) == FILE_ABSENT)
        return not_set_up(err);
    account->name = network_on ? SANDBOX_ONLINE : SANDBOX_OFFLINE;
    account->open_password = open_password;
    account->wipe_password = wipe_password;
    if (!account_find(account->name, ACCOUNT_IS_USER, &account->sid, err))
        return false;
    request->install = u16buf_text(&c->install);
    request->data = u16buf_text(&c->data);
    request->offline = !network_on;
    return true;
}

static bool is_given(const struct context_root *root, const struct sid *group)
{
    struct u16buf path = U16BUF(store.path);
    struct err unused;

    u16buf_add(&path, root->path);
    return !path.cut &&
           security_read(store.path, &store.security, &unused) == SECURITY_READ &&
           store.security.sd.dacl.at &&
           aclplan_shows_root(&store.security.sd.dacl, group);
}

/* The first root in the token that is not given, or the count of all.  With forget the
 * records of those go: what is written down as ready is not prepared again. */
static size_t find_not_given(const struct context *c, const struct sid *group,
                             bool forget)
{
    size_t first = c->root_count;

    for (size_t i = c->root_count; i-- > 0;) {
        struct u16buf path;

        if ((i > 0 && !c->root_list[i].usable) || is_given(&c->root_list[i], group))
            continue;
        first = i;
        path = U16BUF(store.path);
        confine_record_path(c, c->root_list[i].digest, &path);
        if (forget && !path.cut)
            DeleteFileW(store.path);
    }
    return first;
}

bool enforced_give_roots(struct context *c, const struct context_wish *wish,
                         struct err *err)
{
    struct sid group;
    struct u16buf path;
    size_t missing = 0;

    if (!account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &group, err))
        return err_hint(err, "ringfence setup repair");
    missing = find_not_given(c, &group, true);
    if (missing < c->root_count && confine_prepare(c, wish, (struct u16s){ 0 }))
        missing = find_not_given(c, &group, false);
    if (missing == c->root_count)
        return true;
    path = U16BUF(store.path);
    u16buf_add(&path, c->root_list[missing].path);
    err_rule(err, "the sandbox accounts were not given this root", store.path);
    return err_hint(err, "ringfence grant");
}

const char *enforced_missing(const struct context *c, struct enforced_runner *runner,
                             struct err *err)
{
    const char *missing = "the runner of the sandbox account cannot be started";
    struct wire_hello hello;

    store.request = (struct remote_request){ .run = context_run_sid() };
    if (enforced_request(c, false, &store.request, err) &&
        remote_look(&store.request, &hello, err)) {
        missing = wire_missing(&hello, true);
        *runner = (struct enforced_runner){ &store.request, hello.net_held };
    }
    return missing;
}

/* One line of who let what onto the network. */
static void note(const struct context *c, const char16_t *answer, struct u16s what)
{
    char bytes[3 * 1024];
    char16_t text[1024];
    struct u16buf path = U16BUF(store.path), line = U16BUF(text);
    struct err err;

    runlog_add_time(win_time(), u'T', &line);
    u16buf_addc(&line, u' ');
    u16buf_addz(&line, answer);
    u16buf_addc(&line, u' ');
    u16buf_add(&line, u16s_head(u16buf_text(&c->root), 400));
    u16buf_addz(&line, u": ");
    u16buf_add(&line, u16s_head(what, 400));
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < u' ')
            line.at[i] = u'?';
    u16buf_addc(&line, u'\n');
    u16buf_add(&path, u16buf_text(&c->data));
    u16buf_addz(&path, u"\\network.log");
    if (!path.cut &&
        !statefile_append(path.at, bytes,
                          u16s_to_utf8(u16buf_text(&line), bytes, sizeof bytes), &err))
        err_report(&err, u"note who allowed the network");
}

/* The user himself: what a pipe says is no answer. */
static bool ask(struct u16s what)
{
    HANDLE in =
        CreateFileW(u"CONIN$", GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    char16_t answer[ANSWER_MAX], text[512];
    struct u16buf b = U16BUF(text);
    DWORD len = 0;
    bool yes = false;

    if (in == INVALID_HANDLE_VALUE)
        return false;
    u16buf_add_ascii(&b, "ringfence: let this onto the network: ");
    u16buf_add(&b, u16s_head(what, 300));
    u16buf_add_ascii(&b, " [y/N]? ");
    out_text(OUT_STDERR, u16buf_text(&b));
    yes = ReadConsoleW(in, answer, ANSWER_MAX, &len, NULL) && len &&
          (answer[0] == u'y' || answer[0] == u'Y');
    CloseHandle(in);
    return yes;
}

bool enforced_allow_network(const struct context *c, struct u16s what)
{
    bool yes = c->policy.network_on || ask(what);

    note(c, c->policy.network_on ? u"policy" : yes ? u"yes" : u"no", what);
    return yes;
}
