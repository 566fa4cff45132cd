// A substitute for the part of advapi32.dll that starts event tracing sessions and reads them, as
// far as a consumer can see the difference. For tests only.
//
// WEIR_ETW names a folder:
//   books   which sessions run, mapped by every process that has one open: sessions outlive their
//           processes, as on Windows. The tests read it: books.rs.
//   calls   a line for each call: process, function, what it was about, answer; and notes.
//   feed    what happens, a line each: see feed.c.
//
// NAME_RC and NAME_RC_<n>, NAME one of START, ENABLE, DISABLE, CAPTURE, QUERY, STOP, FLUSH, OPEN,
// PROCESS, CLOSE, let every call, or the n-th of the process, do nothing and answer so.
//
// Source of what is answered: learn.microsoft.com/windows/win32/api/evntrace (read 2026-11).

#ifndef WEIR_ETW_H
#define WEIR_ETW_H

// The functions are defined here, not imported.
#define _WMI_SOURCE_
#include <windows.h>
// In this order.
#include <evntrace.h>
#include <evntcons.h>

// Sessions that a machine has room for unless configured otherwise.
#define SESSIONS_MAX 64
// Providers of one session that are told apart; Windows has no such bound, a collector has one.
#define PROVIDERS_MAX 4
// Characters of a session's name, its end included. Windows takes 1024.
#define NAME_MAX 64

// The tests know the sizes and places of what follows: books.rs.
struct provider
{
    GUID id;
    ULONGLONG any, all;
    ULONG level;
    // 0 never enabled, 1 enabled, 2 disabled.
    ULONG state;
};

struct session
{
    // 0 where the place is free; of each start its own.
    ULONG handle;
    // Process that started it.
    ULONG process;
    ULONG buffer_kib, minimum, maximum, flush_seconds, mode, clock;
    ULONG events_lost, log_buffers_lost, realtime_buffers_lost, buffers_written;
    ULONG flushes, captures;
    struct provider providers[PROVIDERS_MAX];
    WCHAR name[NAME_MAX];
};

_Static_assert(sizeof(struct session) == 344, "books.rs");

// How far the feed has been played to sessions of a name: time goes on while none runs.
struct position
{
    WCHAR name[NAME_MAX];
    ULONGLONG offset;
};

struct books
{
    ULONG starts;
    ULONG padding;
    struct session sessions[SESSIONS_MAX];
    struct position positions[SESSIONS_MAX];
};

// Calls that can be made to fail.
enum call
{
    START,
    ENABLE,
    DISABLE,
    CAPTURE,
    QUERY,
    STOP,
    FLUSH,
    OPEN,
    PROCESS,
    CLOSE,
    CALLS
};

// books.c

// The books, held against other processes and threads until given back.
struct books*
take_books(void);

void
give_books(void);

// A session by its number, or else by its name; NULL where there is none. The books are held.
struct session*
session_of(struct books* books, ULONG handle, const WCHAR* name);

// The place of sessions of this name in the feed. The books are held.
struct position*
position_of(struct books* books, const WCHAR* name);

// The answer that a test wants this call to get; 0 where it wants none.
ULONG
injected(enum call call);

// Writes a line of calls; the books are not held.
void
note(const char* format, ...);

// A file of the folder.
HANDLE
open_file(const WCHAR* name, DWORD access, DWORD disposition);

// feed.c

// What one ProcessTrace plays.
struct player
{
    WCHAR name[NAME_MAX];
    ULONG handle;
    EVENT_TRACE_LOGFILEW logfile;
    // As it was when it was last found.
    struct session session;
    // Stopped: what its buffers hold is all that still comes.
    BOOL is_last;
    // Set by CloseTrace.
    volatile LONG is_closed;
    // Bytes of the feed that are not obeyed yet.
    char* lines;
    size_t bytes, room;
    HANDLE file;
    ULONGLONG offset;
    // Lines of events in buffers that nobody has flushed.
    char* held;
    size_t held_bytes, held_room;
    BOOL is_holding;
    ULONG flushes_seen, captures_seen;
    // Steps of 100 ns by which events are newer than their lines say.
    LONGLONG shift;
    BOOL is_rebased;
    ULONG delivered;
};

// Plays the feed to a session until it is stopped or closed; what ProcessTrace answers.
ULONG
play(struct player* player);

#endif
