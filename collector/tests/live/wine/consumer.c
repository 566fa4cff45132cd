// Calls what a consumer of events calls, as its words say, and prints what was answered: shows that
// the substitute for ETW answers as Windows does. For tests only.
//
//   start NAME, enable NAME LEVEL KEYWORDS, disable NAME, capture NAME     by handle of the start
//   query NAME, flush NAME, stop NAME                                      by name
//   open NAME, process, close                                             one trace at a time
//   events N     waits for so many events in all       join     waits for the end of `process`
//   line         waits for a line of standard input
//   buffers N    reading is cancelled after so many buffers

#include <windows.h>
// In this order.
#include <evntrace.h>
#include <evntcons.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Weir.FlowClassify.
static const GUID provider = {
    0x35a333c2, 0x4a21, 0x5096, {0x91, 0x28, 0x14, 0x37, 0xb3, 0x60, 0x6b, 0x9a}};

static TRACEHANDLE session, trace;
static HANDLE thread;
static volatile LONG events;
static LONG buffers_left = -1;

static struct
{
    EVENT_TRACE_PROPERTIES it;
    WCHAR name[64];
} properties;

static EVENT_TRACE_PROPERTIES*
fresh(void)
{
    memset(&properties, 0, sizeof properties);
    properties.it.Wnode.BufferSize = sizeof properties;
    properties.it.Wnode.Flags = WNODE_FLAG_TRACED_GUID;
    properties.it.Wnode.ClientContext = 1;
    properties.it.BufferSize = 256;
    properties.it.MinimumBuffers = properties.it.MaximumBuffers = 16;
    properties.it.LogFileMode =
        EVENT_TRACE_REAL_TIME_MODE | EVENT_TRACE_INDEPENDENT_SESSION_MODE;
    properties.it.LoggerNameOffset = sizeof properties.it;
    return &properties.it;
}

static void WINAPI
on_event(EVENT_RECORD* event)
{
    ULONG sequence = 0;
    if (event->UserDataLength >= 12) {
        memcpy(&sequence, (char*)event->UserData + 8, sizeof sequence);
    }
    printf(
        "event %u/%u/%lu/%u\n", event->EventHeader.EventDescriptor.Id,
        event->BufferContext.ProcessorIndex, sequence, event->ExtendedDataCount);
    fflush(stdout);
    InterlockedIncrement(&events);
}

static ULONG WINAPI
on_buffer(EVENT_TRACE_LOGFILEW* logfile)
{
    (void)logfile;
    return buffers_left < 0 || buffers_left-- > 0;
}

static DWORD WINAPI
process(void* unused)
{
    (void)unused;
    return ProcessTrace(&trace, 1, NULL, NULL);
}

static ULONG
open_trace(WCHAR* name)
{
    EVENT_TRACE_LOGFILEW logfile = {.LoggerName = name};
    logfile.ProcessTraceMode = PROCESS_TRACE_MODE_REAL_TIME | PROCESS_TRACE_MODE_EVENT_RECORD;
    logfile.EventRecordCallback = on_event;
    logfile.BufferCallback = on_buffer;
    trace = OpenTraceW(&logfile);
    return trace == INVALID_PROCESSTRACE_HANDLE ? GetLastError() : 0;
}

static ULONG
join(void)
{
    DWORD answer = 0;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &answer);
    return answer;
}

static ULONG
control(WCHAR* name, ULONG code)
{
    ULONG answer = ControlTraceW(0, name, fresh(), code);
    if (!answer && code != EVENT_TRACE_CONTROL_FLUSH) {
        printf("lost %lu %lu\n", properties.it.EventsLost, properties.it.RealTimeBuffersLost);
    }
    return answer;
}

static ULONG
wait_for(LONG count)
{
    while (events < count) {
        Sleep(1);
    }
    return 0;
}

// Obeys the words from here on; how many there were.
static int
obey(char** words, ULONG* answer)
{
    WCHAR name[64] = L"";
    const char* word = words[0];
    if (words[1]) {
        MultiByteToWideChar(CP_UTF8, 0, words[1], -1, name, 64);
    }
    if (!strcmp(word, "start")) {
        *answer = StartTraceW(&session, name, fresh());
    } else if (!strcmp(word, "enable")) {
        UCHAR level = (UCHAR)atoi(words[2]);
        ULONGLONG any = strtoull(words[3], NULL, 0);
        *answer = EnableTraceEx2(session, &provider, 1, level, any, 0, 0, NULL);
        return 4;
    } else if (!strcmp(word, "disable")) {
        *answer = EnableTraceEx2(session, &provider, 0, 0, 0, 0, 0, NULL);
    } else if (!strcmp(word, "capture")) {
        *answer = EnableTraceEx2(session, &provider, 2, 0, 0, 0, 0, NULL);
    } else if (!strcmp(word, "query")) {
        *answer = control(name, EVENT_TRACE_CONTROL_QUERY);
    } else if (!strcmp(word, "flush")) {
        *answer = control(name, EVENT_TRACE_CONTROL_FLUSH);
    } else if (!strcmp(word, "stop")) {
        *answer = control(name, EVENT_TRACE_CONTROL_STOP);
    } else if (!strcmp(word, "open")) {
        *answer = open_trace(name);
    } else if (!strcmp(word, "events")) {
        *answer = wait_for(atoi(words[1]));
    } else if (!strcmp(word, "buffers")) {
        buffers_left = atoi(words[1]);
    } else if (!strcmp(word, "process")) {
        thread = CreateThread(NULL, 0, process, NULL, 0, NULL);
        return 1;
    } else if (!strcmp(word, "join")) {
        *answer = join();
        return 1;
    } else if (!strcmp(word, "line")) {
        for (int letter = 0; letter != '\n' && letter != EOF;) {
            letter = getchar();
        }
        return 1;
    } else if (!strcmp(word, "close")) {
        *answer = CloseTrace(trace);
        return 1;
    } else {
        exit(2);
    }
    return 2;
}

int
main(int count, char** words)
{
    for (int at = 1; at < count;) {
        ULONG answer = 0;
        const char* word = words[at];
        at += obey(words + at, &answer);
        printf("%s %lu\n", word, answer);
        fflush(stdout);
    }
    return 0;
}
