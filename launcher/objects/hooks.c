#include "objects/hooks.h"

#include "core/imports.h"
#include "objects/children.h"
#include "objects/ownobject.h"
#include "win/dll.h"

#define PAGE_BYTES 4096u /* the headers of a loaded image have at least this */

enum { PIPE_W, PIPE_A, DIRECTORY_W, PROCESS_W, HOOKS };

typedef HANDLE(WINAPI *pipe_w)(LPCWSTR, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD,
                               LPSECURITY_ATTRIBUTES);
typedef HANDLE(WINAPI *pipe_a)(LPCSTR, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD,
                               LPSECURITY_ATTRIBUTES);
typedef BOOL(WINAPI *directory_w)(LPCWSTR, LPSECURITY_ATTRIBUTES);
typedef BOOL(WINAPI *process_w)(LPCWSTR, LPWSTR, LPSECURITY_ATTRIBUTES,
                                LPSECURITY_ATTRIBUTES, BOOL, DWORD, LPVOID, LPCWSTR,
                                LPSTARTUPINFOW, LPPROCESS_INFORMATION);
typedef void (*any)(void);

/* What the functions are, written once before the first slot is changed: kernel32's own
 * and, for who imports by an API set's name, kernelbase's. */
static struct {
    any own, base;
} real[HOOKS];

/* The parameters are Windows' functions'.  NOLINTBEGIN(readability-function-size) */
static HANDLE WINAPI make_pipe_w(LPCWSTR name, DWORD open, DWORD mode, DWORD instances,
                                 DWORD out, DWORD in, DWORD timeout,
                                 LPSECURITY_ATTRIBUTES given)
{
    struct ownobject room;

    return ((pipe_w)real[PIPE_W].own)(name, open, mode, instances, out, in, timeout,
                                      ownobject_pipe(given, &room));
}

static HANDLE WINAPI make_pipe_a(LPCSTR name, DWORD open, DWORD mode, DWORD instances,
                                 DWORD out, DWORD in, DWORD timeout,
                                 LPSECURITY_ATTRIBUTES given)
{
    struct ownobject room;

    return ((pipe_a)real[PIPE_A].own)(name, open, mode, instances, out, in, timeout,
                                      ownobject_pipe(given, &room));
}

static BOOL WINAPI start_process(LPCWSTR program, LPWSTR line,
                                 LPSECURITY_ATTRIBUTES process,
                                 LPSECURITY_ATTRIBUTES thread, BOOL inherit, DWORD flags,
                                 LPVOID environment, LPCWSTR cwd, LPSTARTUPINFOW how,
                                 LPPROCESS_INFORMATION started)
{
    char16_t *block = children_environment(environment, flags);
    BOOL done = ((process_w)real[PROCESS_W].own)(
        program, line, process, thread, inherit,
        block ? flags | CREATE_UNICODE_ENVIRONMENT : flags, block ? block : environment,
        cwd, how, started);

    children_free(block);
    return done;
}
/* NOLINTEND(readability-function-size) */

static BOOL WINAPI make_directory_w(LPCWSTR path, LPSECURITY_ATTRIBUTES given)
{
    struct ownobject room;

    return ((directory_w)real[DIRECTORY_W].own)(path,
                                                ownobject_directory(path, given, &room));
}

static const struct {
    const char *name;
    any ours;
} hook[HOOKS] = {
    [PIPE_W] = { "CreateNamedPipeW", (any)make_pipe_w },
    [PIPE_A] = { "CreateNamedPipeA", (any)make_pipe_a },
    [DIRECTORY_W] = { "CreateDirectoryW", (any)make_directory_w },
    [PROCESS_W] = { "CreateProcessW", (any)start_process },
};

static void find_real(void)
{
    for (size_t i = 0; i < HOOKS; i++) {
        if (real[i].own)
            continue;
        real[i].base = (any)dll_loaded(u"kernelbase.dll", hook[i].name);
        real[i].own = (any)dll_loaded(u"kernel32.dll", hook[i].name);
    }
}

/* The function that is to be there instead; NULL: none. */
static any instead_of(any function)
{
    for (size_t i = 0; i < HOOKS; i++)
        if (real[i].own && (function == real[i].own || function == real[i].base))
            return hook[i].ours;
    return NULL;
}

static bool replace(any *slot, any ours)
{
    MEMORY_BASIC_INFORMATION page;
    DWORD old = 0;

    if (!VirtualQuery(slot, &page, sizeof page) ||
        (page.Protect != PAGE_READONLY && page.Protect != PAGE_READWRITE &&
         page.Protect != PAGE_WRITECOPY) ||
        !VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &old))
        return false;
    *(volatile any *)slot = ours;
    VirtualProtect(slot, sizeof *slot, old, &old);
    return true;
}

size_t hooks_place_in(uint8_t *image, size_t bytes)
{
    struct imports walk;
    size_t at = 0, count = 0;

    find_real();
    if (!imports_begin(&walk, image, bytes) || walk.width != sizeof(any))
        return 0;
    while (imports_next(&walk, &at)) {
        any *slot = (any *)(image + at);
        any ours = instead_of(*slot);

        count += ours && replace(slot, ours);
    }
    return count;
}

/* System32, SysWOW64, WinSxS: a module there is Windows' own, and its business is not the
 * program's. */
static bool is_windows_own(struct u16s path)
{
    char16_t text[MAX_PATH + 1];
    UINT len = GetSystemWindowsDirectoryW(text, MAX_PATH);
    struct u16s windows = { text, len };

    return len == 0 || len >= MAX_PATH ||
           (u16s_istarts(path, windows) && path.len > len && path.at[len] == u'\\');
}

/* The loader's own list.  MS: NtQueryInformationProcess, PEB_LDR_DATA. */
size_t hooks_place(void)
{
    PROCESS_BASIC_INFORMATION process;
    const LIST_ENTRY *list = NULL;
    ULONG needed = 0;
    size_t count = 0;

    if (!NT_SUCCESS(NtQueryInformationProcess(GetCurrentProcess(),
                                              ProcessBasicInformation, &process,
                                              sizeof process, &needed)))
        return 0;
    children_begin();
    list = &process.PebBaseAddress->Ldr->InMemoryOrderModuleList;
    for (const LIST_ENTRY *e = list->Flink; e != list; e = e->Flink) {
        const LDR_DATA_TABLE_ENTRY *module =
            CONTAINING_RECORD(e, LDR_DATA_TABLE_ENTRY, InMemoryOrderLinks);
        const struct u16s path = { module->FullDllName.Buffer,
                                   module->FullDllName.Length / sizeof(char16_t) };
        uint8_t *image = module->DllBase;

        if (image && path.at && !is_windows_own(path))
            count += hooks_place_in(image, imports_image_bytes(image, PAGE_BYTES));
    }
    return count;
}
