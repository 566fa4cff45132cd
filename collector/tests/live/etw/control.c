// StartTraceW, ControlTraceW, EnableTraceEx2, TraceQueryInformation: who runs a session.

#include "etw.h"

#include <string.h>
#include <wchar.h>

// What the log of calls says where there is no session.
#define NOBODY L"(nobody)"

#define BUFFER_KIB_MIN 4
#define BUFFER_KIB_MAX 16384

// Properties whose names lie within them.
static BOOL
is_whole(const EVENT_TRACE_PROPERTIES* properties)
{
    ULONG bytes = properties->Wnode.BufferSize;
    return bytes >= sizeof *properties && properties->LoggerNameOffset < bytes &&
           properties->LogFileNameOffset < bytes;
}

// Tells a session's properties to whoever asked; ERROR_MORE_DATA where its name does not fit.
static ULONG
tell(const struct session* session, EVENT_TRACE_PROPERTIES* properties)
{
    properties->Wnode.HistoricalContext = session->handle;
    properties->Wnode.ClientContext = session->clock;
    properties->BufferSize = session->buffer_kib;
    properties->MinimumBuffers = session->minimum;
    properties->MaximumBuffers = session->maximum;
    properties->LogFileMode = session->mode;
    properties->FlushTimer = session->flush_seconds;
    properties->NumberOfBuffers = session->minimum;
    properties->FreeBuffers = session->minimum;
    properties->EventsLost = session->events_lost;
    properties->BuffersWritten = session->buffers_written;
    properties->LogBuffersLost = session->log_buffers_lost;
    properties->RealTimeBuffersLost = session->realtime_buffers_lost;
    ULONG at = properties->LoggerNameOffset;
    if (at) {
        size_t bytes = (wcslen(session->name) + 1) * sizeof(WCHAR);
        if (properties->Wnode.BufferSize - at < bytes) {
            return ERROR_MORE_DATA;
        }
        memcpy((char*)properties + at, session->name, bytes);
    }
    return ERROR_SUCCESS;
}

// What works, and loses events or says less than it could.
static void
note_odd(const struct session* it)
{
    if (it->clock != 1) {
        note("note %ls: clock %lu is not the performance counter", it->name, it->clock);
    }
    if (!(it->mode & EVENT_TRACE_REAL_TIME_MODE)) {
        note("note %ls: mode 0x%08lx is not real time", it->name, it->mode);
    }
    if (it->mode & EVENT_TRACE_NO_PER_PROCESSOR_BUFFERING) {
        note("note %ls: mode 0x%08lx has one buffer for all processors", it->name, it->mode);
    }
    if (!(it->mode & EVENT_TRACE_INDEPENDENT_SESSION_MODE)) {
        note("note %ls: mode 0x%08lx is not independent", it->name, it->mode);
    }
    if (it->mode & EVENT_TRACE_USE_PAGED_MEMORY) {
        note("note %ls: mode 0x%08lx has paged buffers", it->name, it->mode);
    }
    if (it->minimum != it->maximum) {
        note("note %ls: %lu to %lu buffers", it->name, it->minimum, it->maximum);
    }
    if (it->buffer_kib < 64) {
        note("note %ls: buffers of %lu KiB", it->name, it->buffer_kib);
    }
}

// Why properties cannot be those of a session.
static ULONG
refuse(PTRACEHANDLE handle, LPCWSTR name, const EVENT_TRACE_PROPERTIES* it)
{
    if (!handle || !name || !name[0] || wcslen(name) >= NAME_MAX || !it) {
        return ERROR_INVALID_PARAMETER;
    }
    size_t room = (wcslen(name) + 1) * sizeof(WCHAR);
    if (!is_whole(it) || !it->LoggerNameOffset ||
        it->Wnode.BufferSize - it->LoggerNameOffset < room) {
        return ERROR_BAD_LENGTH;
    }
    BOOL is_size = it->BufferSize == 0 ||
                   (it->BufferSize >= BUFFER_KIB_MIN && it->BufferSize <= BUFFER_KIB_MAX);
    BOOL is_mode = it->LogFileMode & EVENT_TRACE_REAL_TIME_MODE || it->LogFileNameOffset;
    if (!(it->Wnode.Flags & WNODE_FLAG_TRACED_GUID) || !is_size || !is_mode) {
        return ERROR_INVALID_PARAMETER;
    }
    return ERROR_SUCCESS;
}

static ULONG
start(PTRACEHANDLE handle, LPCWSTR name, EVENT_TRACE_PROPERTIES* properties)
{
    struct books* books = take_books();
    ULONG answer = ERROR_NO_SYSTEM_RESOURCES;
    struct session copy = {0};
    if (session_of(books, 0, name)) {
        answer = ERROR_ALREADY_EXISTS;
    }
    for (ULONG i = 0; i < SESSIONS_MAX && answer == ERROR_NO_SYSTEM_RESOURCES; i++) {
        struct session* it = &books->sessions[i];
        if (it->handle) {
            continue;
        }
        memset(it, 0, sizeof *it);
        wcscpy(it->name, name);
        it->process = GetCurrentProcessId();
        it->buffer_kib = properties->BufferSize ? properties->BufferSize : 64;
        it->minimum = properties->MinimumBuffers ? properties->MinimumBuffers : 2;
        it->maximum = max(properties->MaximumBuffers, it->minimum);
        it->flush_seconds = properties->FlushTimer ? properties->FlushTimer : 1;
        it->mode = properties->LogFileMode;
        it->clock = properties->Wnode.ClientContext ? properties->Wnode.ClientContext : 1;
        // Last: a process that is killed meanwhile has started nothing.
        it->handle = ++books->starts;
        *handle = it->handle;
        copy = *it;
        answer = tell(it, properties);
    }
    give_books();
    if (copy.handle) {
        note_odd(&copy);
    }
    return answer;
}

ULONG WMIAPI
StartTraceW(PTRACEHANDLE handle, LPCWSTR name, PEVENT_TRACE_PROPERTIES properties)
{
    ULONG answer = injected(START);
    answer = answer ? answer : refuse(handle, name, properties);
    if (handle && answer) {
        *handle = 0;
    }
    answer = answer ? answer : start(handle, name, properties);
    note("StartTraceW %ls = %lu", name ? name : NOBODY, answer);
    return answer;
}

static ULONG
control(TRACEHANDLE handle, const WCHAR* name, EVENT_TRACE_PROPERTIES* properties, ULONG code)
{
    if (!properties || (!handle && !name)) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!is_whole(properties)) {
        return ERROR_BAD_LENGTH;
    }
    struct books* books = take_books();
    struct session* session = session_of(books, (ULONG)handle, name);
    ULONG answer = ERROR_WMI_INSTANCE_NOT_FOUND;
    if (session) {
        // ERROR_MORE_DATA says that names did not fit; what was asked for is done all the same.
        answer = tell(session, properties);
        session->flushes += code == EVENT_TRACE_CONTROL_FLUSH;
        if (code == EVENT_TRACE_CONTROL_STOP) {
            session->handle = 0;
        }
    }
    give_books();
    return answer;
}

ULONG WMIAPI
ControlTraceW(TRACEHANDLE handle, LPCWSTR name, PEVENT_TRACE_PROPERTIES properties, ULONG code)
{
    static const char* const words[] = {"QUERY", "STOP", "UPDATE", "FLUSH"};
    static const enum call calls[] = {QUERY, STOP, CALLS, FLUSH};
    WCHAR known[NAME_MAX] = NOBODY;
    struct session* session = session_of(take_books(), (ULONG)handle, name);
    if (session) {
        wcscpy(known, session->name);
    }
    give_books();
    ULONG answer = ERROR_INVALID_PARAMETER;
    // UPDATE changes what nobody here has a use for.
    if (code < ARRAYSIZE(calls) && calls[code] != CALLS) {
        answer = injected(calls[code]);
        answer = answer ? answer : control(handle, name, properties, code);
    }
    const WCHAR* asked = session || handle || !name ? known : name;
    note("ControlTraceW %ls %s = %lu", asked, code < 4 ? words[code] : "?", answer);
    return answer;
}

// The entry of a provider, a new one where there is none yet; NULL where there is no room.
static struct provider*
provider_of(struct session* session, const GUID* id)
{
    for (struct provider* it = session->providers; it < session->providers + PROVIDERS_MAX; it++) {
        if (!it->state || !memcmp(&it->id, id, sizeof *id)) {
            it->id = *id;
            return it;
        }
    }
    return NULL;
}

static ULONG
enable(struct session* session, const GUID* id, ULONG code, struct provider wanted)
{
    struct provider* provider = provider_of(session, id);
    if (!provider) {
        return ERROR_NO_SYSTEM_RESOURCES;
    }
    if (code == EVENT_CONTROL_CODE_CAPTURE_STATE) {
        // Of a provider that is not enabled, nobody is asked.
        session->captures += provider->state == 1;
        return ERROR_SUCCESS;
    }
    wanted.id = *id;
    wanted.state = code == EVENT_CONTROL_CODE_ENABLE_PROVIDER ? 1 : 2;
    *provider = wanted;
    return ERROR_SUCCESS;
}

ULONG WMIAPI
EnableTraceEx2(
    TRACEHANDLE handle, LPCGUID id, ULONG code, UCHAR level, ULONGLONG any, ULONGLONG all,
    ULONG timeout_ms, PENABLE_TRACE_PARAMETERS parameters)
{
    (void)timeout_ms;
    static const char* const words[] = {"DISABLE", "ENABLE", "CAPTURE"};
    static const enum call calls[] = {DISABLE, ENABLE, CAPTURE};
    WCHAR name[NAME_MAX] = NOBODY;
    ULONG answer = code < ARRAYSIZE(calls) ? injected(calls[code]) : ERROR_INVALID_PARAMETER;
    BOOL is_version = !parameters || parameters->Version == 1 || parameters->Version == 2;
    if (!answer && (!handle || !id || !is_version)) {
        answer = ERROR_INVALID_PARAMETER;
    }
    struct session* session = session_of(take_books(), handle ? (ULONG)handle : ~0u, NULL);
    if (session) {
        wcscpy(name, session->name);
    }
    if (!answer) {
        struct provider wanted = {.any = any, .all = all, .level = level};
        answer = session ? enable(session, id, code, wanted) : ERROR_WMI_INSTANCE_NOT_FOUND;
    }
    give_books();
    note(
        "EnableTraceEx2 %ls %s %08lx level %u any 0x%llx all 0x%llx = %lu", name,
        code < ARRAYSIZE(words) ? words[code] : "?", id ? id->Data1 : 0, level, any, all, answer);
    return answer;
}

ULONG WMIAPI
TraceQueryInformation(
    TRACEHANDLE handle, TRACE_INFO_CLASS class, PVOID out, ULONG bytes, PULONG returned)
{
    (void)handle;
    ULONG answer = ERROR_NOT_SUPPORTED;
    if (class == TraceMaxLoggersQuery) {
        answer = out && bytes >= sizeof(ULONG) ? ERROR_SUCCESS : ERROR_BAD_LENGTH;
        if (!answer) {
            *(ULONG*)out = SESSIONS_MAX;
        }
        if (!answer && returned) {
            *returned = sizeof(ULONG);
        }
    }
    note("TraceQueryInformation %d = %lu", class, answer);
    return answer;
}
