#include "lookup.h"

#include "win/dll.h"

FARPROC lookup_function(const char16_t *dll, const char *name)
{
    HMODULE module = dll_system(dll);

    return module ? GetProcAddress(module, name) : NULL;
}
