// An event as a line of the feed, and as whoever reads a session is given it.

#ifndef WEIR_ETW_EVENT_H
#define WEIR_ETW_EVENT_H

#include "etw.h"

// Items beside the payload of one event; Windows' own events have five.
#define ITEMS_MAX 8

struct event
{
    EVENT_RECORD record;
    EVENT_HEADER_EXTENDED_DATA_ITEM items[ITEMS_MAX];
    // Payload and data of items, where the record points.
    unsigned char* bytes;
    size_t count;
};

// Reads what stands behind `event ` in a line; NULL where it is no event.
struct event*
read_event(const char* line);

// Makes it the event so many events later: the sequence in its payload, and its time, 100 ns each.
void
count_up(struct event* event, ULONG by);

// Overwrites it, and gives it back.
void
free_event(struct event* event);

#endif
