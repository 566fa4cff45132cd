// What is shared between the processes of a test: which sessions run, and what was called.

#include "etw.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static HANDLE lock;
static struct books* shared;
static volatile LONG counts[CALLS];

static const char* const names[CALLS] = {
    "START", "ENABLE", "DISABLE", "CAPTURE", "QUERY", "STOP", "FLUSH", "OPEN", "PROCESS", "CLOSE"};

// Whatever a test did not prepare ends the process with a word: no test may pass by it.
static void
give_up(const char* what)
{
    fprintf(stderr, "substitute for ETW: %s, error %lu\n", what, GetLastError());
    TerminateProcess(GetCurrentProcess(), 250);
}

HANDLE
open_file(const WCHAR* name, DWORD access, DWORD disposition)
{
    WCHAR path[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"WEIR_ETW", path, MAX_PATH);
    if (length == 0 || length + 1 + wcslen(name) >= MAX_PATH) {
        give_up("WEIR_ETW names no folder");
    }
    path[length] = L'\\';
    wcscpy(path + length + 1, name);
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    return CreateFileW(path, access, share, NULL, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
}

// Opens the books; a file that is too short is filled with zeros.
static BOOL CALLBACK
open_books(PINIT_ONCE unused, PVOID parameter, PVOID* context)
{
    (void)unused, (void)parameter, (void)context;
    WCHAR name[MAX_PATH] = L"";
    GetEnvironmentVariableW(L"WEIR_ETW", name, MAX_PATH);
    for (WCHAR* at = name; *at; at++) {
        *at = *at == L'\\' ? L'/' : *at;
    }
    lock = CreateMutexW(NULL, FALSE, name);
    HANDLE file = open_file(L"books", GENERIC_READ | GENERIC_WRITE, OPEN_ALWAYS);
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, sizeof(struct books), NULL);
    shared = mapping ? MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, sizeof(struct books)) : NULL;
    if (!lock || !shared) {
        give_up("the books cannot be opened");
    }
    return TRUE;
}

struct books*
take_books(void)
{
    InitOnceExecuteOnce(&once, open_books, NULL, NULL);
    // A process that was killed leaves it abandoned, which is as good: no change takes two steps.
    WaitForSingleObject(lock, INFINITE);
    return shared;
}

void
give_books(void)
{
    ReleaseMutex(lock);
}

struct session*
session_of(struct books* books, ULONG handle, const WCHAR* name)
{
    for (struct session* it = books->sessions; it < books->sessions + SESSIONS_MAX; it++) {
        // Names differ in more than case.
        if (it->handle && (handle ? it->handle == handle : name && !_wcsicmp(it->name, name))) {
            return it;
        }
    }
    return NULL;
}

struct position*
position_of(struct books* books, const WCHAR* name)
{
    for (struct position* it = books->positions; it < books->positions + SESSIONS_MAX; it++) {
        if (!it->name[0]) {
            wcscpy(it->name, name);
        }
        if (!_wcsicmp(it->name, name)) {
            return it;
        }
    }
    give_up("more names of sessions than places");
    return NULL;
}

ULONG
injected(enum call call)
{
    char name[32], value[16];
    snprintf(name, sizeof name, "%s_RC_%ld", names[call], InterlockedIncrement(&counts[call]));
    if (!GetEnvironmentVariableA(name, value, sizeof value)) {
        snprintf(name, sizeof name, "%s_RC", names[call]);
        if (!GetEnvironmentVariableA(name, value, sizeof value)) {
            return 0;
        }
    }
    return strtoul(value, NULL, 10);
}

void
note(const char* format, ...)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%lu ", GetCurrentProcessId());
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    length = min(length, (int)sizeof line - 2);
    line[length++] = '\n';
    // Two processes do not write over each other's lines.
    take_books();
    HANDLE file = open_file(L"calls", FILE_APPEND_DATA, OPEN_ALWAYS);
    DWORD written = 0;
    if (!WriteFile(file, line, (DWORD)length, &written, NULL)) {
        give_up("a call cannot be written down");
    }
    CloseHandle(file);
    give_books();
}
