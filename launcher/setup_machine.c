#include "setup_machine.h"

#include "elevate.h"
#include "grant/sandbox.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"

static struct {
    HANDLE stop;
    struct handover_order order;
    bool made; /* the passwords in it are new */
    struct elevate_answer answer;
    char16_t text[HANDOVER_TEXT_MAX + 1];
    char16_t words[256];
    char16_t path[WIN_PATH_CAP];
} setup;

static BOOL WINAPI on_control(DWORD type)
{
    (void)type;
    SetEvent(setup.stop);
    return TRUE;
}

static bool is_change(const struct setup_machine *how)
{
    return !how->plan && (how->command == SETUP_INSTALL || how->command == SETUP_REPAIR);
}

static bool name_secret(const struct setup_machine *how, struct err *err)
{
    struct u16buf path = U16BUF(setup.path);

    sandbox_secret_path(how->data_dir, &path);
    return !path.cut || err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW",
                                how->data_dir);
}

/* Those that are kept, unless the accounts do not take them any more. */
static bool find_passwords(bool change, struct err *err)
{
    switch (secret_load(setup.path, &setup.order.passwords, err)) {
    case SECRET_LOADED:
        if (!change ||
            sandbox_try_logon(&setup.order.passwords) != SANDBOX_NEEDS_PASSWORD)
            return true;
        break;
    case SECRET_ABSENT:
    case SECRET_TORN:
        break;
    case SECRET_FAILED:
        return false;
    }
    setup.made = setup.order.rotate = change;
    setup.order.empty = !change;
    return !change || secret_make(&setup.order.passwords, err);
}

static bool make_order(const struct setup_machine *how, struct err *err)
{
    struct u16buf dir = U16BUF(setup.path);

    u16buf_addz(&dir, how->data_dir);
    if (is_change(how) && !file_make_dirs(setup.path, err))
        return false; /* now, when there is nothing to be kept in it yet */
    if (how->command != SETUP_UNINSTALL)
        return name_secret(how, err) && find_passwords(is_change(how), err);
    setup.order.empty = true;
    return true;
}

static struct u16s make_words(const struct setup_machine *how)
{
    static const char16_t *const names[] = { u"install", u"repair", u"status",
                                             u"uninstall" };
    struct u16buf b = U16BUF(setup.words);

    u16buf_addz(&b, names[how->command]);
    if (how->plan)
        u16buf_addz(&b, u" --plan");
    if (how->json)
        u16buf_addz(&b, u" --json");
    if (how->keep_accounts)
        u16buf_addz(&b, u" --keep-accounts");
    if (how->loopback.len) {
        u16buf_addz(&b, u" --loopback ");
        u16buf_add(&b, how->loopback);
    }
    return u16buf_text(&b);
}

/* What a part of the answer says. */
static void say(DWORD where, const char *at, size_t bytes)
{
    struct u16buf text = U16BUF(setup.text);

    if (u16buf_add_utf8(&text, at, bytes, NULL))
        out_text(where, u16buf_text(&text));
}

static void say_answer(void)
{
    const struct elevate_answer *a = &setup.answer;
    char16_t number[12];
    struct u16buf b = U16BUF(number);

    if (a->has_text) {
        say(OUT_STDOUT, a->text, a->out_bytes);
        say(OUT_STDERR, a->text + a->out_bytes, a->err_bytes);
        return;
    }
    u16buf_add_dec(&b, a->exit_code);
    out_line(OUT_STDERR,
             u"ringfence: ringfence-setup.exe ended without a word, with exit code ",
             number);
}

/* The records of fences that were readied without the accounts: the next launch in each
 * workspace readies it again. */
static void forget_fences(const struct setup_machine *how)
{
    struct u16buf path = U16BUF(setup.path);
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;
    size_t len = 0;

    u16buf_addz(&path, how->data_dir);
    u16buf_addz(&path, u"\\box\\");
    len = path.len;
    u16buf_addc(&path, u'*');
    find = path.cut ? INVALID_HANDLE_VALUE : FindFirstFileW(setup.path, &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        path.len = len;
        u16buf_addz(&path, found.cFileName);
        u16buf_addz(&path, u"\\fence");
        if (!path.cut)
            DeleteFileW(setup.path);
    } while (!path.cut && FindNextFileW(find, &found));
    FindClose(find);
}

/* Keeps the passwords that were set. */
static bool keep(struct err *err)
{
    struct err why = { 0 };

    if (!secret_save(setup.path, &setup.order.passwords, err))
        return err_hint(err, "the accounts' new passwords are lost: ringfence setup "
                             "repair makes others");
    if (!secret_close(setup.path, &why))
        err_report(&why, u"keep the accounts' passwords from fenced programs");
    return true;
}

/* After a change that went through. */
static bool settle(const struct setup_machine *how, struct err *err)
{
    if (!name_secret(how, err))
        return false;
    if (how->command == SETUP_UNINSTALL && !how->plan) {
        if (!how->keep_accounts)
            DeleteFileW(setup.path);
        forget_fences(how);
        if (!how->json && sandbox_group_to_take(how->data_dir))
            out_line(OUT_STDOUT, u"your files still name the accounts' group: "
                                 u"`ringfence clean --all` ends that");
        return true;
    }
    if (!is_change(how))
        return true;
    if (setup.made && !keep(err))
        return false;
    forget_fences(how);
    if (!how->json)
        out_line(OUT_STDOUT, u"next: `ringfence setup --user --background` lets the "
                             u"accounts read your profile");
    return true;
}

static bool run(const struct setup_machine *how, struct err *err)
{
    const struct elevate elevate = { .program = how->setup_exe,
                                     .words = make_words(how),
                                     .order = &setup.order,
                                     .stop = setup.stop };

    if (!make_order(how, err))
        return false;
    if (!elevate_run(&elevate, &setup.answer, err)) {
        if (err->domain == ERR_WIN32 && err->code == ERROR_CANCELLED)
            err_hint(err, "nothing was changed: answer yes to the question, or have an "
                          "administrator at hand");
        return false;
    }
    say_answer();
    return setup.answer.exit_code != 0 || settle(how, err);
}

bool setup_machine_run(const struct setup_machine *how, uint32_t *exit_code,
                       struct err *err)
{
    bool good = false;

    setup.order = (struct handover_order){ .empty = false };
    setup.made = false;
    setup.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!setup.stop)
        return err_win32(err, "CreateEventW", NULL);
    SetConsoleCtrlHandler(on_control, TRUE);
    good = run(how, err);
    password_wipe(&setup.order, sizeof setup.order);
    SetConsoleCtrlHandler(on_control, FALSE);
    CloseHandle(handle_take(&setup.stop));
    if (good)
        *exit_code = setup.answer.exit_code;
    return good;
}
