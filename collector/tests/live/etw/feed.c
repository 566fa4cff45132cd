// Plays the feed: what the driver writes, and what befalls a session, line by line.
//
//   event TIME CPU PROVIDER ID VERSION CHANNEL LEVEL OPCODE TASK KEYWORD PROCESS THREAD ACTIVITY
//         PAYLOAD [TYPE:DATA]...      to whoever enables it; see event.c
//   foreign event ...                 to every session, as events of its own are
//   flood N event ...                 N times, sequence and time counting up
//   wait MS                           pause
//   until TIME                        pause until the system's time is this
//   enabled                           wait until the session enables a provider
//   capture                           wait until capture state was asked for once more
//   hold, release                     events between them stay in buffers that only a flush, or the
//                                     end of the session, brings to whoever reads
//   stop                              somebody else stops the session
//   lost N, lost-realtime N, lost-log N   the session loses events, or buffers
//   fail CODE                         ProcessTrace returns this, and the session runs on
//   kill                              the process is killed
//   rebase                            the next event happens now, later ones follow it
//
// With "@NAME " before it, a line is for sessions of that name alone. The file may grow meanwhile.
// Lines that come while no session of a name is read stay for the next: whoever writes a feed says
// with `enabled` where the driver waits.

#include "etw.h"
#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How often a session that waits looks around.
#define GLANCE_MS 2
// Events after which the callback for buffers is called, where one is given.
#define BUFFER_EVENTS 64

// Whether the session is there and read; FALSE where it was stopped or closed.
static BOOL
look(struct player* player)
{
    struct session* found = session_of(take_books(), player->handle, NULL);
    if (found) {
        player->session = *found;
    }
    give_books();
    return found && !player->is_closed;
}

// Whether a session gets an event, as EtwEventEnabled decides.
static BOOL
is_wanted(const struct session* session, const struct event* event)
{
    for (const struct provider* it = session->providers; it->state; it++) {
        const EVENT_DESCRIPTOR* what = &event->record.EventHeader.EventDescriptor;
        BOOL is_level = it->level == 0 || what->Level <= it->level;
        BOOL is_any = it->any == 0 || what->Keyword == 0 || (what->Keyword & it->any);
        BOOL is_all = what->Keyword == 0 || (what->Keyword & it->all) == it->all;
        BOOL is_id = !memcmp(&it->id, &event->record.EventHeader.ProviderId, sizeof it->id);
        if (it->state == 1 && is_id && is_level && is_any && is_all) {
            return TRUE;
        }
        if (it == session->providers + PROVIDERS_MAX - 1) {
            break;
        }
    }
    return FALSE;
}

// Tells whoever wants to know that a buffer was read; FALSE ends ProcessTrace.
static BOOL
end_buffer(struct player* player)
{
    look(player);
    player->logfile.BuffersRead++;
    player->logfile.EventsLost = player->session.events_lost;
    PEVENT_TRACE_BUFFER_CALLBACKW callback = player->logfile.BufferCallback;
    return !callback || callback(&player->logfile);
}

// The system's time, as events have it.
static LONGLONG
system_time(void)
{
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return (LONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
}

static void
deliver(struct player* player, struct event* event)
{
    if (player->is_rebased) {
        player->shift = system_time() - event->record.EventHeader.TimeStamp.QuadPart;
        player->is_rebased = FALSE;
    }
    event->record.EventHeader.TimeStamp.QuadPart += player->shift;
    event->record.BufferContext.LoggerId = (USHORT)player->handle;
    event->record.UserContext = player->logfile.Context;
    player->logfile.EventRecordCallback(&event->record);
    player->delivered++;
}

// A line with an event, so many times.
static BOOL
obey_event(struct player* player, const char* line, ULONG times, BOOL is_foreign)
{
    for (ULONG i = 0; i < times && !player->is_closed; i++) {
        if (i % BUFFER_EVENTS == 0 && !look(player) && !player->is_last) {
            return TRUE;
        }
        // Whatever a callback keeps of an event is not there any more when it has returned.
        struct event* event = read_event(line);
        if (!event) {
            note("note %ls: no event: %.80s", player->name, line);
            return TRUE;
        }
        BOOL goes = is_foreign || is_wanted(&player->session, event);
        if (goes) {
            count_up(event, i);
            deliver(player, event);
        }
        free_event(event);
        if (goes && player->delivered % BUFFER_EVENTS == 0 && !end_buffer(player)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
hold(struct player* player, const char* line)
{
    size_t bytes = strlen(line) + 1;
    if (player->held_bytes + bytes > player->held_room) {
        player->held_room = 2 * (player->held_bytes + bytes);
        player->held = realloc(player->held, player->held_room);
    }
    memcpy(player->held + player->held_bytes, line, bytes);
    player->held_bytes += bytes;
}

// A line with an event in any of its forms; FALSE where it is none. `*goes_on` as play_line's.
static BOOL
play_event(struct player* player, const char* line, BOOL* goes_on)
{
    unsigned long times = 1;
    int used = 0;
    BOOL is_foreign = !strncmp(line, "foreign event ", 14);
    const char* event = is_foreign ? line + 8 : line;
    if (sscanf(line, "flood %lu %n", &times, &used) == 1 && used) {
        event = line + used;
    }
    if (strncmp(event, "event ", 6)) {
        return FALSE;
    }
    if (player->is_holding) {
        hold(player, line);
    } else {
        *goes_on = obey_event(player, event + 6, times, is_foreign);
    }
    return TRUE;
}

static BOOL
release(struct player* player)
{
    BOOL goes_on = TRUE, was_holding = player->is_holding;
    player->is_holding = FALSE;
    for (size_t at = 0; at < player->held_bytes && goes_on; at += strlen(player->held + at) + 1) {
        play_event(player, player->held + at, &goes_on);
    }
    player->held_bytes = 0;
    player->is_holding = was_holding;
    return goes_on;
}

// What was asked of the session meanwhile; FALSE where it is over.
static BOOL
attend(struct player* player)
{
    if (!look(player)) {
        return FALSE;
    }
    if (player->session.flushes != player->flushes_seen) {
        player->flushes_seen = player->session.flushes;
        return release(player);
    }
    return TRUE;
}

// Waits until a line can be obeyed; FALSE where the session is over before it can.
static BOOL
wait_for(struct player* player, const char* word)
{
    while (attend(player)) {
        const struct session* session = &player->session;
        BOOL is_enabled = FALSE;
        for (int i = 0; i < PROVIDERS_MAX; i++) {
            is_enabled = is_enabled || session->providers[i].state == 1;
        }
        BOOL is_asked = session->captures != player->captures_seen;
        if (!strcmp(word, "enabled") ? is_enabled : is_asked) {
            player->captures_seen += is_asked && strcmp(word, "enabled");
            return TRUE;
        }
        Sleep(GLANCE_MS);
    }
    return FALSE;
}

static void
change_session(struct player* player, const char* word, ULONG count)
{
    struct session* session = session_of(take_books(), player->handle, NULL);
    if (session && !strcmp(word, "stop")) {
        session->handle = 0;
    } else if (session && !strcmp(word, "lost")) {
        session->events_lost += count;
    } else if (session && !strcmp(word, "lost-realtime")) {
        session->realtime_buffers_lost += count;
    } else if (session) {
        session->log_buffers_lost += count;
    }
    give_books();
}

enum outcome
{
    DONE,
    // Not yet: the session was over first, and the line is for the one that comes after it.
    NOT_DONE,
    CANCELLED,
    FAILED
};

static enum outcome
play_line(struct player* player, const char* line, ULONG* answer)
{
    char word[32] = "";
    unsigned long count = 0;
    BOOL goes_on = TRUE;
    if (play_event(player, line, &goes_on)) {
        return goes_on ? DONE : CANCELLED;
    }
    sscanf(line, "%31s %lu", word, &count);
    if (!strcmp(word, "wait")) {
        for (ULONGLONG end = GetTickCount64() + count; GetTickCount64() < end; Sleep(GLANCE_MS)) {
            if (!attend(player)) {
                return NOT_DONE;
            }
        }
    } else if (!strcmp(word, "until")) {
        for (LONGLONG end = atoll(line + 6); system_time() < end; Sleep(GLANCE_MS)) {
            if (!attend(player)) {
                return NOT_DONE;
            }
        }
    } else if (!strcmp(word, "enabled") || !strcmp(word, "capture")) {
        return wait_for(player, word) ? DONE : NOT_DONE;
    } else if (!strcmp(word, "hold")) {
        player->is_holding = TRUE;
    } else if (!strcmp(word, "release")) {
        goes_on = release(player);
        player->is_holding = FALSE;
    } else if (!strcmp(word, "stop") || !strncmp(word, "lost", 4)) {
        change_session(player, word, count);
    } else if (!strcmp(word, "fail")) {
        *answer = count;
        return FAILED;
    } else if (!strcmp(word, "rebase")) {
        player->is_rebased = TRUE;
    } else if (!strcmp(word, "kill")) {
        TerminateProcess(GetCurrentProcess(), 137);
    } else if (word[0] && word[0] != '#') {
        note("note %ls: no such line: %.80s", player->name, line);
    }
    return goes_on ? DONE : CANCELLED;
}

// The next whole line of the feed, its end cut off; NULL where there is none yet.
static char*
next_line(struct player* player)
{
    char* end;
    while (!(end = memchr(player->lines, '\n', player->bytes))) {
        if (player->bytes == player->room) {
            player->room = player->room ? 2 * player->room : 1 << 16;
            player->lines = realloc(player->lines, player->room);
        }
        DWORD read = 0;
        DWORD room = (DWORD)(player->room - player->bytes);
        if (!ReadFile(player->file, player->lines + player->bytes, room, &read, NULL) || !read) {
            return NULL;
        }
        player->bytes += read;
    }
    *end = 0;
    return player->lines;
}

// Takes a line off, and remembers for whoever comes next that it is.
static void
drop_line(struct player* player, size_t length)
{
    player->bytes -= length + 1;
    memmove(player->lines, player->lines + length + 1, player->bytes);
    player->offset += length + 1;
    struct position* position = position_of(take_books(), player->name);
    position->offset = player->offset;
    give_books();
}

// A line without the name it is for; NULL where that is another.
static const char*
for_us(struct player* player, const char* line)
{
    char name[NAME_MAX];
    if (line[0] != '@') {
        return line;
    }
    const char* text = strchr(line, ' ');
    snprintf(name, sizeof name, "%ls", player->name);
    size_t length = text ? (size_t)(text - line - 1) : 0;
    BOOL is_ours = text && strlen(name) == length && !strncmp(line + 1, name, length);
    return is_ours ? text + 1 : NULL;
}

ULONG
play(struct player* player)
{
    player->offset = position_of(take_books(), player->name)->offset;
    give_books();
    player->file = open_file(L"feed", GENERIC_READ, OPEN_EXISTING);
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)player->offset};
    SetFilePointerEx(player->file, at, NULL, FILE_BEGIN);
    ULONG answer = ERROR_SUCCESS;
    enum outcome outcome = DONE;
    look(player);
    player->flushes_seen = player->session.flushes;
    while (outcome == DONE && attend(player)) {
        char* line = next_line(player);
        if (!line) {
            Sleep(GLANCE_MS);
            continue;
        }
        size_t length = strlen(line);
        const char* ours = for_us(player, line);
        char* copy = strdup(ours ? ours : "");
        BOOL waits = !strncmp(copy, "enabled", 7) || !strncmp(copy, "capture", 7);
        // A process that is killed was killed by this line, not by that before it. One with events
        // is played when they were delivered: a test that closes then has them.
        BOOL delivers = strstr(copy, "event ") || !strncmp(copy, "release", 7);
        if (!waits && !delivers) {
            drop_line(player, length);
        }
        outcome = play_line(player, copy, &answer);
        if (delivers || (waits && outcome == DONE)) {
            drop_line(player, length);
        }
        free(copy);
    }
    // What a stopped session had in its buffers still comes; whoever closed it gets nothing more.
    if (!player->is_closed && outcome != FAILED && outcome != CANCELLED) {
        player->is_last = TRUE;
        release(player);
        end_buffer(player);
    }
    CloseHandle(player->file);
    return outcome == CANCELLED ? ERROR_CANCELLED : answer;
}
