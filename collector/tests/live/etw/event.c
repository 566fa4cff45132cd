// Lines of events:
//
//   TIME CPU PROVIDER ID VERSION CHANNEL LEVEL OPCODE TASK KEYWORD PROCESS THREAD ACTIVITY PAYLOAD
//   [TYPE:DATA]...
//
// Numbers are decimal, the time is a file time; bytes, among them those of GUIDs as they lie in
// memory, are hexadecimal, `-` for none.

#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Where the sequence stands in the payload of every event of the driver, behind `fixed_length`,
// `cpu` and `epoch`: driver/abi/src/event.
#define SEQUENCE_AT 8
// Numbers before the payload, the GUIDs left out.
#define HEAD_FORMAT "%lld %hu %32s %hu %hhu %hhu %hhu %hhu %hu %llu %lu %lu %32s %n"

static int
digit(char letter)
{
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// Reads hexadecimal bytes up to the next that is none; how many.
static size_t
read_bytes(const char** text, unsigned char* out)
{
    size_t count = 0;
    for (; digit((*text)[0]) >= 0 && digit((*text)[1]) >= 0; *text += 2) {
        out[count++] = (unsigned char)(digit((*text)[0]) << 4 | digit((*text)[1]));
    }
    *text += **text == '-';
    return count;
}

static BOOL
read_items(struct event* event, const char* text, unsigned char* out)
{
    int used = 0;
    unsigned short kind = 0;
    while (sscanf(text, " %hu:%n", &kind, &used) == 1 && used) {
        text += used;
        used = 0;
        if (event->record.ExtendedDataCount == ITEMS_MAX) {
            return FALSE;
        }
        EVENT_HEADER_EXTENDED_DATA_ITEM* item = &event->items[event->record.ExtendedDataCount++];
        item->ExtType = kind;
        item->DataPtr = (ULONGLONG)(ULONG_PTR)out;
        item->DataSize = (USHORT)read_bytes(&text, out);
        out += item->DataSize;
        if (item > event->items) {
            item[-1].Linkage = 1;
        }
    }
    return text[0] == 0;
}

struct event*
read_event(const char* line)
{
    char provider[33], activity[33];
    int used = 0;
    struct event* event = calloc(1, sizeof *event);
    event->count = strlen(line) / 2 + 1;
    event->bytes = malloc(event->count);
    EVENT_HEADER* header = &event->record.EventHeader;
    EVENT_DESCRIPTOR* what = &header->EventDescriptor;
    int found = sscanf(
        line, HEAD_FORMAT, &header->TimeStamp.QuadPart, &event->record.BufferContext.ProcessorIndex,
        provider, &what->Id, &what->Version, &what->Channel, &what->Level, &what->Opcode,
        &what->Task, &what->Keyword, &header->ProcessId, &header->ThreadId, activity, &used);
    if (found != 13 || !used) {
        free_event(event);
        return NULL;
    }
    const char* text = provider;
    read_bytes(&text, (unsigned char*)&header->ProviderId);
    text = activity;
    read_bytes(&text, (unsigned char*)&header->ActivityId);
    text = line + used;
    event->record.UserDataLength = (USHORT)read_bytes(&text, event->bytes);
    event->record.UserData = event->record.UserDataLength ? event->bytes : NULL;
    if (!read_items(event, text, event->bytes + event->record.UserDataLength)) {
        free_event(event);
        return NULL;
    }
    BOOL has_items = event->record.ExtendedDataCount > 0;
    event->record.ExtendedData = has_items ? event->items : NULL;
    header->Flags = EVENT_HEADER_FLAG_64_BIT_HEADER | EVENT_HEADER_FLAG_PROCESSOR_INDEX;
    header->Flags |= has_items ? EVENT_HEADER_FLAG_EXTENDED_INFO : 0;
    header->Size = (USHORT)(sizeof *header + event->record.UserDataLength);
    return event;
}

void
count_up(struct event* event, ULONG by)
{
    event->record.EventHeader.TimeStamp.QuadPart += by;
    if (by && event->record.UserDataLength >= SEQUENCE_AT + sizeof by) {
        ULONG sequence;
        memcpy(&sequence, event->bytes + SEQUENCE_AT, sizeof sequence);
        sequence += by;
        memcpy(event->bytes + SEQUENCE_AT, &sequence, sizeof sequence);
    }
}

void
free_event(struct event* event)
{
    memset(event->bytes, 0xdd, event->count);
    free(event->bytes);
    memset(event, 0xdd, sizeof *event);
    free(event);
}
