#include "win/secret.h"

#include <bcrypt.h>
#include <dpapi.h>

#include "win/dll.h"
#include "win/file.h"
#include "win/security.h"
#include "win/statefile.h"
#include "win/token.h"

#define MAGIC      0x31534652u /* "RFS1" */
#define SEALED_MAX 8192u
#define LIST_MAX   4096u /* a longer one is not ours */
#define DRAWS_MAX  64u   /* 1 in 4 draws gives no password: 64 in a row never happen */

/* What is sealed. */
struct content {
    uint32_t magic;
    uint32_t bytes;
    struct passwords passwords;
};

/* Not secret: keeps the blob from being opened by a program that hands any blob to DPAPI.
 */
static uint8_t entropy[] = "Ringfence sandbox accounts, 1";

typedef NTSTATUS(WINAPI *gen_random)(BCRYPT_ALG_HANDLE, PUCHAR, ULONG, ULONG);
typedef BOOLEAN(WINAPI *rtl_gen_random)(PVOID, ULONG);

bool secret_random(void *data, size_t bytes, struct err *err)
{
    HMODULE bcrypt = dll_system(u"bcrypt.dll");
    gen_random generate =
        bcrypt ? (gen_random)(void (*)(void))GetProcAddress(bcrypt, "BCryptGenRandom")
               : NULL;
    rtl_gen_random old = NULL;
    NTSTATUS status = 0;

    if (generate) {
        status = generate(NULL, data, (ULONG)bytes, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
        return NT_SUCCESS(status) ||
               err_set(err, ERR_NTSTATUS, (uint32_t)status, "BCryptGenRandom", NULL);
    }
    old = (rtl_gen_random)(void (*)(void))dll_security("SystemFunction036");
    return (old && old(data, (ULONG)bytes)) ||
           err_rule(err, "this system gives no random numbers", NULL);
}

bool secret_make(struct passwords *out, struct err *err)
{
    uint8_t random[128];
    bool ok = true;

    for (size_t i = 0; ok && i < PASSWORD_ACCOUNTS; i++) {
        unsigned draws = 0;

        do
            ok = draws++ < DRAWS_MAX ? secret_random(random, sizeof random, err)
                                     : err_rule(err,
                                                "the system's random numbers are "
                                                "not random",
                                                NULL);
        while (ok && !password_make(out->text[i], random, sizeof random));
    }
    password_wipe(random, sizeof random);
    if (!ok)
        password_wipe(out, sizeof *out);
    return ok;
}

static struct {
    __typeof__(CryptProtectData) *seal;
    __typeof__(CryptUnprotectData) *open;
} dpapi;

static bool load(struct err *err)
{
    HMODULE dll = dpapi.open ? NULL : dll_system(u"crypt32.dll");

    if (dll) {
        dpapi.seal = (__typeof__(dpapi.seal))(void (*)(void))GetProcAddress(
            dll, "CryptProtectData");
        dpapi.open = (__typeof__(dpapi.open))(void (*)(void))GetProcAddress(
            dll, "CryptUnprotectData");
    }
    return (dpapi.seal && dpapi.open) ||
           err_rule(err, "crypt32.dll lacks CryptProtectData", NULL);
}

static bool same(const struct passwords *a, const struct passwords *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;
    uint8_t differ = 0;

    for (size_t i = 0; i < sizeof *a; i++)
        differ |= p[i] ^ q[i];
    return differ == 0;
}

/* For the user and SYSTEM, and nothing inherited. */
struct own_list {
    SECURITY_ATTRIBUTES attributes;
    uint8_t bytes[256];
};

static bool describe(struct own_list *list, const struct sid *user, struct err *err)
{
    const struct acl_entry entries[] = {
        { ACE_ALLOW, 0, RIGHT_FILE_ALL, *user },
        { ACE_ALLOW, 0, RIGHT_FILE_ALL, sid_well_known(SID_SYSTEM) },
    };
    uint8_t acl[sizeof list->bytes - SECDESC_HEAD_BYTES];
    struct aclbuf b = aclbuf_init(acl, sizeof acl);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        aclbuf_add(&b, &entries[i]);
    if (b.cut || !acl_read(&sd.dacl, acl, b.bytes) ||
        !secdesc_write(&sd, list->bytes, sizeof list->bytes, &size))
        return err_rule(err, "the passwords' list does not fit", NULL);
    list->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof list->attributes,
                                              .lpSecurityDescriptor = list->bytes };
    return true;
}

/* Whether it lets nobody in but the user and SYSTEM; what it denies is as may be. */
static bool lets_in_only(const struct secdesc *sd, const struct sid *user)
{
    const struct sid system = sid_well_known(SID_SYSTEM);
    struct ace ace = { 0 };

    if (!sd->dacl.at || !(sd->control & SECDESC_DACL_PROTECTED))
        return false;
    while (acl_next(&sd->dacl, &ace))
        if (!ace_is_deny(ace.type) &&
            (!ace.plain || !(sid_eq(&ace.sid, user) || sid_eq(&ace.sid, &system))))
            return false;
    return true;
}

static bool is_closed(HANDLE file, const struct sid *user)
{
    uint8_t bytes[LIST_MAX];
    struct secdesc sd;
    ULONG needed = 0;

    return NT_SUCCESS(NtQuerySecurityObject(file, DACL_SECURITY_INFORMATION, bytes,
                                            sizeof bytes, &needed)) &&
           secdesc_read(&sd, bytes, sizeof bytes) && lets_in_only(&sd, user);
}

bool secret_close(const char16_t *path, struct err *err)
{
    auto_handle HANDLE file = NULL;
    struct own_list list;
    struct sid user;
    NTSTATUS status = 0;

    if (!token_user_sid(&user, err) || !describe(&list, &user, err) ||
        !security_open(path, &file, err))
        return false;
    if (!security_is_kept(file))
        return err_rule(err, "the volume keeps no lists", path);
    if (is_closed(file, &user))
        return true;
    status = NtSetSecurityObject(file, DACL_SECURITY_INFORMATION, list.bytes);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtSetSecurityObject", path);
    return is_closed(file, &user) ||
           err_rule(err, "the file does not keep the list it was given", path);
}

bool secret_save(const char16_t *path, const struct passwords *passwords, struct err *err)
{
    struct content content = { MAGIC, sizeof content, *passwords };
    DATA_BLOB plain = { sizeof content, (BYTE *)&content }, sealed = { 0, NULL };
    DATA_BLOB key = { sizeof entropy, entropy };
    struct passwords back;
    struct own_list list;
    struct sid user;
    bool ok = load(err) && token_user_sid(&user, err) && describe(&list, &user, err);

    if (ok &&
        !dpapi.seal(&plain, NULL, &key, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &sealed))
        ok = err_win32(err, "CryptProtectData", NULL);
    password_wipe(&content, sizeof content);
    ok = ok &&
         statefile_replace_as(path, &list.attributes, sealed.pbData, sealed.cbData, err);
    if (sealed.pbData)
        LocalFree(sealed.pbData);
    if (ok && secret_load(path, &back, err) != SECRET_LOADED)
        ok = false;
    else if (ok && !same(&back, passwords))
        ok = err_rule(err, "what was sealed does not open as it was", path);
    password_wipe(&back, sizeof back);
    return ok;
}

/* Whether it is what secret_save sealed. */
static bool is_sound(const DATA_BLOB *plain)
{
    const struct content *content = (const void *)plain->pbData;

    if (plain->cbData != sizeof *content || content->magic != MAGIC ||
        content->bytes != sizeof *content)
        return false;
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++)
        if (!password_is_sound(content->passwords.text[i]) ||
            content->passwords.text[i][PASSWORD_LEN] != 0)
            return false;
    return true;
}

enum secret_load secret_load(const char16_t *path, struct passwords *out, struct err *err)
{
    uint8_t bytes[SEALED_MAX];
    size_t size = 0;
    DATA_BLOB sealed = { 0, bytes }, plain = { 0, NULL };
    DATA_BLOB key = { sizeof entropy, entropy };
    enum secret_load result = SECRET_TORN;

    password_wipe(out, sizeof *out);
    switch (file_read(path, bytes, sizeof bytes, &size, err)) {
    case FILE_READ_ABSENT:
        return SECRET_ABSENT;
    case FILE_READ_FAILED:
        /* Nothing of ours is as large. */
        return err->code == ERROR_FILE_TOO_LARGE ? SECRET_TORN : SECRET_FAILED;
    case FILE_READ_DONE:
        break;
    }
    sealed.cbData = (DWORD)size;
    if (!load(err))
        return SECRET_FAILED;
    if (!dpapi.open(&sealed, NULL, &key, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &plain)) {
        err_win32(err, "CryptUnprotectData", path);
        return SECRET_TORN;
    }
    if (is_sound(&plain)) {
        struct err ignored;

        *out = ((const struct content *)(const void *)plain.pbData)->passwords;
        result = SECRET_LOADED;
        (void)!secret_close(path, &ignored);
    } else {
        err_rule(err, "the sealed passwords are damaged", path);
    }
    password_wipe(plain.pbData, plain.cbData);
    LocalFree(plain.pbData);
    return result;
}
