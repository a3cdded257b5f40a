#include "objects/ownobject.h"

#include "core/ownlist.h"
#include "win/token.h"

#define PATH_CAP     2048u /* a longer path is left alone */
#define PARENT_BYTES 8192u

/* given's attributes with another list. */
static SECURITY_ATTRIBUTES *use(struct ownobject *room, const SECURITY_ATTRIBUTES *given,
                                PACL dacl)
{
    room->sd.Revision = SECURITY_DESCRIPTOR_REVISION;
    room->sd.Control |= SE_DACL_PRESENT;
    room->sd.Dacl = dacl;
    room->attributes = (SECURITY_ATTRIBUTES){
        .nLength = sizeof room->attributes,
        .lpSecurityDescriptor = &room->sd,
        .bInheritHandle = given ? given->bInheritHandle : FALSE,
    };
    return &room->attributes;
}

SECURITY_ATTRIBUTES *ownobject_pipe(SECURITY_ATTRIBUTES *given, struct ownobject *room)
{
    auto_handle HANDLE token = NULL;
    ULONG needed = 0;

    if ((given && (given->nLength < sizeof *given || given->lpSecurityDescriptor)) ||
        !NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) ||
        !NT_SUCCESS(NtQueryInformationToken(token, TokenDefaultDacl, &room->list,
                                            sizeof room->list, &needed)) ||
        !room->list.head.DefaultDacl)
        return given;
    room->sd = (SECURITY_DESCRIPTOR){ 0 };
    return use(room, given, room->list.head.DefaultDacl);
}

/* Takes a descriptor of either form apart into an absolute one that borrows its parts.
 * [MS-DTYP] 2.4.6; MS: SECURITY_DESCRIPTOR.  It is the program's own, which Windows would
 * be handed next, and so as sound as that. */
static bool unfold(const void *given, SECURITY_DESCRIPTOR *sd)
{
    const SECURITY_DESCRIPTOR_RELATIVE *r = given;
    const uint8_t *at = given;

    if (r->Revision != SECURITY_DESCRIPTOR_REVISION || !(r->Control & SE_DACL_PRESENT))
        return false;
    if (!(r->Control & SE_SELF_RELATIVE)) {
        *sd = *(const SECURITY_DESCRIPTOR *)given;
        return sd->Dacl != NULL;
    }
    *sd = (SECURITY_DESCRIPTOR){
        .Revision = r->Revision,
        .Sbz1 = r->Sbz1,
        .Control = r->Control & (WORD)~SE_SELF_RELATIVE,
        .Owner = r->Owner ? (PSID)(at + r->Owner) : NULL,
        .Group = r->Group ? (PSID)(at + r->Group) : NULL,
        .Sacl = r->Sacl ? (PACL)(at + r->Sacl) : NULL,
        .Dacl = r->Dacl ? (PACL)(at + r->Dacl) : NULL,
    };
    return sd->Dacl != NULL;
}

/* Opens the directory that path is to be made in.  Windows takes "NAME\.." away by its
 * text alone, so nothing of that name need be there yet; of a \\?\ path it takes nothing
 * away, and there this fails.  MS: Naming Files, Paths, and Namespaces. */
static HANDLE open_parent(const char16_t *path)
{
    char16_t text[PATH_CAP];
    struct u16buf b = U16BUF(text);
    DWORD before = GetLastError();
    HANDLE parent = INVALID_HANDLE_VALUE;

    u16buf_addz(&b, path);
    u16buf_addz(&b, u"\\..");
    if (!b.cut)
        parent = CreateFileW(text, READ_CONTROL,
                             FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    SetLastError(before);
    return parent == INVALID_HANDLE_VALUE ? NULL : parent;
}

/* The list of the directory that path is to be made in, in bytes. */
static bool read_parent(const char16_t *path, uint8_t *bytes, ULONG size,
                        struct secdesc *sd)
{
    auto_handle HANDLE parent = open_parent(path);
    ULONG needed = 0;

    return parent &&
           NT_SUCCESS(NtQuerySecurityObject(parent, DACL_SECURITY_INFORMATION, bytes,
                                            size, &needed)) &&
           secdesc_read(sd, bytes, needed < size ? needed : size);
}

SECURITY_ATTRIBUTES *ownobject_directory(const char16_t *path, SECURITY_ATTRIBUTES *given,
                                         struct ownobject *room)
{
    uint8_t bytes[PARENT_BYTES];
    struct aclbuf list = aclbuf_init(room->list.bytes, sizeof room->list.bytes);
    struct secdesc parent;
    struct acl dacl;
    struct sid user;
    struct err err;

    if (!path || !given || given->nLength < sizeof *given ||
        !given->lpSecurityDescriptor || !unfold(given->lpSecurityDescriptor, &room->sd) ||
        !acl_read(&dacl, room->sd.Dacl, room->sd.Dacl->AclSize) ||
        !token_user_sid(&user, &err) || !ownlist_is_private(&dacl, &user) ||
        !read_parent(path, bytes, sizeof bytes, &parent) ||
        !ownlist_add_inherited(&dacl, &parent.dacl, &list))
        return given;
    return use(room, given, (PACL)room->list.bytes);
}
