#include "runner/runner.h"

static HANDLE made;

static bool have_one(const char16_t *given, const struct u16buf *name, struct err *err)
{
    const struct station_guest guest = { runner.self, runner.station };

    if (given[0] && !name->cut && station_open_desktop(name->at, &made, err))
        return true;
    return station_name_desktop(runner.desktop, err) &&
           station_make_desktop(runner.desktop, &runner.user, &guest, &made, err);
}

bool runner_make_desktop(const char16_t *given, struct err *err)
{
    struct u16buf name = U16BUF(runner.desktop);

    u16buf_addz(&name, given);
    if (have_one(given, &name, err))
        return true;
    runner.desktop[0] = 0;
    return false;
}

void runner_drop_desktop(void)
{
    station_close_desktop(handle_take(&made));
    runner.desktop[0] = 0;
}
