// A substitute for the part of fwpuclnt.dll that reads the filtering engine's objects. For tests
// only; structures and functions are declared by mingw-w64's headers.
//
// WEIR_WFP names a file of what the engine has, read anew for each session, a line each:
//   provider KEY
//   sublayer KEY
//   callout KEY LAYER FLAGS
//   filter KEY LAYER SUBLAYER FLAGS ACTION CALLOUT
//   many N filter ...         the filter N times
//   answer FUNCTION CODE      the function does nothing and answers so
//   hang FUNCTION             the function never returns
// Numbers are hexadecimal but for N. Each session that ends leaves a line in a file of the same
// name with ".notes" behind it: what its reader did not give back.
//
// Source of what is answered: learn.microsoft.com/windows/win32/api/fwpmu (read 2026-11).

#define _WIN32_WINNT 0x0601
#include <windows.h>
// In this order.
#include <fwpmu.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_DISABLED 0x20
#define NOT_FOUND 0x80320008u
#define INVALID_PARAMETER 0x80320035u
#define LINE_MAX 512
#define WORDS_MAX 10

// A session: the file as it was when it was opened.
struct engine
{
    char* text;
    int lists;
};

// Filters at a layer, as they were when they were asked for.
struct list
{
    FWPM_FILTER0* filters;
    UINT32 count, next;
};

static volatile LONG memories;

// Whatever a test did not prepare ends the process with a word: no test may pass by it.
static void
give_up(const char* what)
{
    fprintf(stderr, "substitute for fwpuclnt: %s, error %lu\n", what, GetLastError());
    TerminateProcess(GetCurrentProcess(), 251);
}

static char*
file_name(const char* ending)
{
    static char name[MAX_PATH + 8];
    DWORD length = GetEnvironmentVariableA("WEIR_WFP", name, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) {
        give_up("WEIR_WFP names no file");
    }
    return strcat(name, ending);
}

static char*
read_all(void)
{
    FILE* file = fopen(file_name(""), "rb");
    if (!file) {
        give_up("the file of WEIR_WFP cannot be read");
    }
    fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    rewind(file);
    char* text = calloc(1, bytes + 1);
    if (fread(text, 1, bytes, file) != (size_t)bytes) {
        give_up("the file of WEIR_WFP cannot be read whole");
    }
    fclose(file);
    return text;
}

// The next line, copied; FALSE at the end.
static BOOL
next_line(const char** at, char* line)
{
    size_t length = strcspn(*at, "\n");
    if (!**at) {
        return FALSE;
    }
    if (length >= LINE_MAX) {
        give_up("a line is too long");
    }
    memcpy(line, *at, length);
    line[length] = 0;
    *at += length + ((*at)[length] == '\n');
    return TRUE;
}

static GUID
guid_of(const char* word)
{
    unsigned long a;
    unsigned b, c, d[8];
    GUID guid = {0};
    int parts = sscanf(word, "%8lx-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x", &a, &b, &c, d, d + 1, d + 2,
                       d + 3, d + 4, d + 5, d + 6, d + 7);
    if (parts != 11) {
        give_up(word);
    }
    guid.Data1 = a, guid.Data2 = b, guid.Data3 = c;
    for (int it = 0; it < 8; it++) {
        guid.Data4[it] = d[it];
    }
    return guid;
}

// Words of a line behind its first; how many there are.
static int
words_of(char* line, char* words[WORDS_MAX])
{
    int count = 0;
    for (char* word = strtok(line, " "); word && count < WORDS_MAX; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    return count;
}

// What a test wants of this call; 0 where it wants nothing. May never return.
static DWORD
wanted(const char* text, const char* function)
{
    char line[LINE_MAX], *words[WORDS_MAX];
    while (next_line(&text, line)) {
        int count = words_of(line, words);
        if (count >= 2 && !strcmp(words[0], "hang") && !strcmp(words[1], function)) {
            Sleep(INFINITE);
        }
        if (count == 3 && !strcmp(words[0], "answer") && !strcmp(words[1], function)) {
            return strtoul(words[2], NULL, 16);
        }
    }
    return 0;
}

// Memory for a reader, who gives it back.
static void*
lend(size_t bytes)
{
    InterlockedIncrement(&memories);
    return calloc(1, bytes);
}

// Looks for an object of this kind and key; its words stand in `line`.
static BOOL
find(const char* text, const char* kind, const GUID* key, char* line, char* words[WORDS_MAX], int count)
{
    while (next_line(&text, line)) {
        if (words_of(line, words) == count && !strcmp(words[0], kind)) {
            GUID found = guid_of(words[1]);
            if (IsEqualGUID(&found, key)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static FWPM_FILTER0
filter_of(char* words[WORDS_MAX])
{
    FWPM_FILTER0 filter = {0};
    filter.filterKey = guid_of(words[1]);
    filter.displayData.name = L"a test's";
    filter.layerKey = guid_of(words[2]);
    filter.subLayerKey = guid_of(words[3]);
    filter.flags = strtoul(words[4], NULL, 16);
    filter.action.type = strtoul(words[5], NULL, 16);
    filter.action.calloutKey = guid_of(words[6]);
    return filter;
}

DWORD WINAPI
FwpmEngineOpen0(const wchar_t* server, UINT32 service, SEC_WINNT_AUTH_IDENTITY_W* identity,
                const FWPM_SESSION0* session, HANDLE* handle)
{
    char* text = read_all();
    DWORD answer = wanted(text, "FwpmEngineOpen0");
    if (server || identity || session || (service != 10 && service != 0xffffffff)) {
        answer = INVALID_PARAMETER;
    }
    if (answer) {
        free(text);
        return answer;
    }
    struct engine* engine = calloc(1, sizeof *engine);
    engine->text = text;
    *handle = engine;
    return 0;
}

DWORD WINAPI
FwpmEngineClose0(HANDLE handle)
{
    struct engine* engine = handle;
    FILE* notes = fopen(file_name(".notes"), "ab");
    fprintf(notes, "lists %d, memory %ld\n", engine->lists, memories);
    fclose(notes);
    free(engine->text);
    free(engine);
    return 0;
}

void WINAPI
FwpmFreeMemory0(void** memory)
{
    if (*memory) {
        // Whoever reads it after this shall notice.
        memset(*memory, 0xdd, _msize(*memory));
        free(*memory);
        *memory = NULL;
        InterlockedDecrement(&memories);
    }
}

DWORD WINAPI
FwpmProviderGetByKey0(HANDLE handle, const GUID* key, FWPM_PROVIDER0** provider)
{
    const char* text = ((struct engine*)handle)->text;
    char line[LINE_MAX], *words[WORDS_MAX];
    DWORD answer = wanted(text, "FwpmProviderGetByKey0");
    if (answer || !find(text, "provider", key, line, words, 2)) {
        return answer ? answer : 0x80320005;
    }
    *provider = lend(sizeof **provider);
    (*provider)->providerKey = *key;
    return 0;
}

DWORD WINAPI
FwpmSubLayerGetByKey0(HANDLE handle, const GUID* key, FWPM_SUBLAYER0** sublayer)
{
    const char* text = ((struct engine*)handle)->text;
    char line[LINE_MAX], *words[WORDS_MAX];
    DWORD answer = wanted(text, "FwpmSubLayerGetByKey0");
    if (answer || !find(text, "sublayer", key, line, words, 2)) {
        return answer ? answer : 0x80320007;
    }
    *sublayer = lend(sizeof **sublayer);
    (*sublayer)->subLayerKey = *key;
    return 0;
}

DWORD WINAPI
FwpmCalloutGetByKey0(HANDLE handle, const GUID* key, FWPM_CALLOUT0** callout)
{
    const char* text = ((struct engine*)handle)->text;
    char line[LINE_MAX], *words[WORDS_MAX];
    DWORD answer = wanted(text, "FwpmCalloutGetByKey0");
    if (answer || !find(text, "callout", key, line, words, 4)) {
        return answer ? answer : 0x80320001;
    }
    *callout = lend(sizeof **callout);
    (*callout)->calloutKey = *key;
    (*callout)->applicableLayer = guid_of(words[2]);
    (*callout)->flags = strtoul(words[3], NULL, 16);
    return 0;
}

DWORD WINAPI
FwpmFilterGetByKey0(HANDLE handle, const GUID* key, FWPM_FILTER0** filter)
{
    const char* text = ((struct engine*)handle)->text;
    char line[LINE_MAX], *words[WORDS_MAX];
    DWORD answer = wanted(text, "FwpmFilterGetByKey0");
    if (answer || !find(text, "filter", key, line, words, 7)) {
        return answer ? answer : 0x80320003;
    }
    *filter = lend(sizeof **filter);
    **filter = filter_of(words);
    return 0;
}

DWORD WINAPI
FwpmFilterCreateEnumHandle0(HANDLE handle, const FWPM_FILTER_ENUM_TEMPLATE0* template,
                            HANDLE* list_handle)
{
    struct engine* engine = handle;
    char line[LINE_MAX], *words[WORDS_MAX];
    DWORD answer = wanted(engine->text, "FwpmFilterCreateEnumHandle0");
    // A mask of callouts wants a callout's key, and conditions narrow what is listed.
    if (!template || template->actionMask != 0xffffffff || template->numFilterConditions ||
        template->flags || template->providerKey) {
        answer = INVALID_PARAMETER;
    }
    if (answer) {
        return answer;
    }
    struct list* list = calloc(1, sizeof *list);
    for (const char* at = engine->text; next_line(&at, line);) {
        int count = words_of(line, words), times = 1;
        char** rest = words;
        if (count > 2 && !strcmp(words[0], "many")) {
            times = atoi(words[1]);
            rest += 2, count -= 2;
        }
        if (count != 7 || strcmp(rest[0], "filter")) {
            continue;
        }
        FWPM_FILTER0 filter = filter_of(rest);
        BOOL is_here = IsEqualGUID(&filter.layerKey, &template->layerKey);
        for (; times > 0 && is_here && !(filter.flags & FILTER_DISABLED); times--) {
            list->filters = realloc(list->filters, (list->count + 1) * sizeof *list->filters);
            list->filters[list->count++] = filter;
        }
    }
    engine->lists++;
    *list_handle = list;
    return 0;
}

DWORD WINAPI
FwpmFilterEnum0(HANDLE handle, HANDLE list_handle, UINT32 requested, FWPM_FILTER0*** entries,
                UINT32* returned)
{
    struct list* list = list_handle;
    DWORD answer = wanted(((struct engine*)handle)->text, "FwpmFilterEnum0");
    if (answer) {
        return answer;
    }
    UINT32 left = list->count - list->next, count = left < requested ? left : requested;
    // One piece of memory: the pointers, then what they point to.
    *entries = lend(count * (sizeof(FWPM_FILTER0*) + sizeof(FWPM_FILTER0)) + 1);
    FWPM_FILTER0* filters = (FWPM_FILTER0*)(*entries + count);
    for (UINT32 it = 0; it < count; it++) {
        filters[it] = list->filters[list->next++];
        (*entries)[it] = filters + it;
    }
    *returned = count;
    return 0;
}

DWORD WINAPI
FwpmFilterDestroyEnumHandle0(HANDLE handle, HANDLE list_handle)
{
    struct list* list = list_handle;
    ((struct engine*)handle)->lists--;
    free(list->filters);
    free(list);
    return 0;
}
