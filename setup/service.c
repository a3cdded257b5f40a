#include "service.h"

#include "lookup.h"

#define ADVAPI     u"advapi32.dll"
#define NAME       u"seclogon"
#define CONFIG_MAX 8192u /* QUERY_SERVICE_CONFIG is never longer */

static struct {
    LOOKUP_MEMBER(OpenSCManagerW);
    LOOKUP_MEMBER(OpenServiceW);
    LOOKUP_MEMBER(QueryServiceConfigW);
    LOOKUP_MEMBER(CloseServiceHandle);
} svc;

static bool load(struct err *err)
{
    return (LOOKUP(svc, ADVAPI, OpenSCManagerW) && LOOKUP(svc, ADVAPI, OpenServiceW) &&
            LOOKUP(svc, ADVAPI, QueryServiceConfigW) &&
            LOOKUP(svc, ADVAPI, CloseServiceHandle)) ||
           err_rule(err, "advapi32.dll lacks OpenSCManagerW", NULL);
}

static enum plan_state look(SC_HANDLE service, struct err *err)
{
    static union {
        QUERY_SERVICE_CONFIGW config;
        uint8_t bytes[CONFIG_MAX];
    } got;
    DWORD needed = 0;

    if (!svc.QueryServiceConfigW(service, &got.config, sizeof got, &needed))
        return err_win32(err, "QueryServiceConfigW", NAME), PLAN_UNKNOWN;
    if (got.config.dwStartType != SERVICE_DISABLED)
        return PLAN_PRESENT;
    err_rule(err, "the service Secondary Logon is disabled", NAME);
    return PLAN_ABSENT;
}

enum plan_state service_check_logon(struct err *err)
{
    SC_HANDLE manager = NULL, service = NULL;
    enum plan_state state = PLAN_UNKNOWN;

    if (!load(err))
        return PLAN_UNKNOWN;
    manager = svc.OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (!manager)
        return err_win32(err, "OpenSCManagerW", NULL), PLAN_UNKNOWN;
    service = svc.OpenServiceW(manager, NAME, SERVICE_QUERY_CONFIG);
    if (service) {
        state = look(service, err);
        svc.CloseServiceHandle(service);
    } else {
        err_win32(err, "OpenServiceW", NAME);
        if (err->code == ERROR_SERVICE_DOES_NOT_EXIST)
            state = PLAN_ABSENT;
    }
    svc.CloseServiceHandle(manager);
    return state;
}
