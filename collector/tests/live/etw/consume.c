// OpenTraceW, ProcessTrace, CloseTrace: who reads a session.

#include "etw.h"

#include <stdlib.h>
#include <wchar.h>

// Traces that a process may have open in its life; handles are not used again, so that one that was
// closed is known to be.
#define OPEN_MAX 256
// Told apart from handles of sessions.
#define FIRST 0x1000
// Ticks of the performance counter in a second: file times are its stamps here.
#define TICKS_PER_SECOND 10000000

enum state
{
    OPENED,
    PROCESSING,
    PROCESSED,
    CLOSED
};

struct consumer
{
    struct player player;
    volatile LONG state;
};

static struct consumer* consumers[OPEN_MAX];
static volatile LONG opened;

static struct consumer*
consumer_of(TRACEHANDLE handle)
{
    ULONGLONG at = handle - FIRST;
    return at < OPEN_MAX ? consumers[at] : NULL;
}

// What a real-time session's header says to whoever opens it.
static void
describe(EVENT_TRACE_LOGFILEW* logfile, const struct session* session)
{
    TRACE_LOGFILE_HEADER* header = &logfile->LogfileHeader;
    header->BufferSize = session ? session->buffer_kib * 1024 : 65536;
    header->LogFileMode = session ? session->mode : EVENT_TRACE_REAL_TIME_MODE;
    header->NumberOfProcessors = 64;
    header->PointerSize = sizeof(void*);
    header->PerfFreq.QuadPart = TICKS_PER_SECOND;
    header->ReservedFlags = session ? session->clock : 1;
}

static TRACEHANDLE
open_trace(EVENT_TRACE_LOGFILEW* logfile)
{
    ULONG mode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
    // Files, and callbacks of the old form, are not played here.
    if (!logfile || !logfile->LoggerName || (logfile->ProcessTraceMode & mode) != mode ||
        !logfile->EventRecordCallback || wcslen(logfile->LoggerName) >= NAME_MAX) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_PROCESSTRACE_HANDLE;
    }
    LONG at = InterlockedIncrement(&opened) - 1;
    struct consumer* consumer = at < OPEN_MAX ? calloc(1, sizeof *consumer) : NULL;
    if (!consumer) {
        SetLastError(ERROR_NO_SYSTEM_RESOURCES);
        return INVALID_PROCESSTRACE_HANDLE;
    }
    struct books* books = take_books();
    struct session* session = session_of(books, 0, logfile->LoggerName);
    wcscpy(consumer->player.name, logfile->LoggerName);
    consumer->player.handle = session ? session->handle : 0;
    describe(logfile, session);
    give_books();
    consumer->player.logfile = *logfile;
    consumers[at] = consumer;
    return FIRST + at;
}

TRACEHANDLE WMIAPI
OpenTraceW(PEVENT_TRACE_LOGFILEW logfile)
{
    const WCHAR* name = logfile && logfile->LoggerName ? logfile->LoggerName : L"(nobody)";
    ULONG answer = injected(OPEN);
    TRACEHANDLE handle = answer ? INVALID_PROCESSTRACE_HANDLE : open_trace(logfile);
    if (!answer && handle == INVALID_PROCESSTRACE_HANDLE) {
        answer = GetLastError();
    }
    note("OpenTraceW %ls = %lu", name, answer);
    SetLastError(answer);
    return handle;
}

static ULONG
process(struct consumer* consumer)
{
    if (InterlockedCompareExchange(&consumer->state, PROCESSING, OPENED) != OPENED) {
        return ERROR_INVALID_HANDLE;
    }
    struct books* books = take_books();
    // Opened before it was started, or started again since.
    struct session* session = session_of(books, 0, consumer->player.name);
    BOOL is_live = session && session->mode & EVENT_TRACE_REAL_TIME_MODE;
    consumer->player.handle = session ? session->handle : 0;
    give_books();
    ULONG answer = is_live ? play(&consumer->player) : ERROR_WMI_INSTANCE_NOT_FOUND;
    InterlockedCompareExchange(&consumer->state, PROCESSED, PROCESSING);
    return answer;
}

ULONG WMIAPI
ProcessTrace(PTRACEHANDLE handles, ULONG count, LPFILETIME start, LPFILETIME end)
{
    // Times are for files.
    (void)start, (void)end;
    ULONG answer = ERROR_BAD_LENGTH;
    struct consumer* consumer = NULL;
    if (handles && count == 1) {
        consumer = consumer_of(*handles);
        answer = consumer ? injected(PROCESS) : ERROR_INVALID_HANDLE;
        answer = answer ? answer : process(consumer);
    }
    ULONG events = consumer ? consumer->player.delivered : 0;
    const WCHAR* name = consumer ? consumer->player.name : L"(nobody)";
    note("ProcessTrace %ls events %lu = %lu", name, events, answer);
    return answer;
}

ULONG WMIAPI
CloseTrace(TRACEHANDLE handle)
{
    struct consumer* consumer = consumer_of(handle);
    ULONG answer = injected(CLOSE);
    if (!answer && !consumer) {
        answer = ERROR_INVALID_HANDLE;
    } else if (!answer) {
        InterlockedExchange(&consumer->player.is_closed, 1);
        LONG was = InterlockedExchange(&consumer->state, CLOSED);
        answer = was == CLOSED ? ERROR_INVALID_HANDLE : was == PROCESSING ? ERROR_CTX_CLOSE_PENDING : 0;
    }
    note("CloseTrace %ls = %lu", consumer ? consumer->player.name : L"(nobody)", answer);
    return answer;
}
