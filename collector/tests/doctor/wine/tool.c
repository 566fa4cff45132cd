/* Stands for a tool of Windows in tests. Beside the program NAME.exe may be NAME.does, words that
 * say what it does, and NAME.out, which it prints. What it was asked is noted in `asked`.
 *
 *   hangs      starts a program that holds its output, and never ends
 *   leaves     starts such a program, answers and ends
 *   floods     prints 1 GB
 *   tells      prints its environment
 *   fails      says so on standard error, and ends with 5
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static char folder[MAX_PATH], name[MAX_PATH];

static void path_of(char *path, const char *ending)
{
    snprintf(path, 2 * MAX_PATH, "%s\\%s%s", folder, name, ending);
}

static int read_file(const char *path, char *bytes, int bytes_max)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    int read = (int)fread(bytes, 1, bytes_max - 1, file);
    fclose(file);
    bytes[read] = 0;
    return read;
}

/* Appends in one piece: tools run several at a time. */
static void note(void)
{
    char path[2 * MAX_PATH], line[4096];
    snprintf(path, sizeof path, "%s\\asked", folder);
    snprintf(line, sizeof line, "%s\n", GetCommandLineA());
    HANDLE file = CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD written;
    WriteFile(file, line, (DWORD)strlen(line), &written, NULL);
    CloseHandle(file);
}

/* A program of this one's, with its output, which lives for ten minutes. */
static void start_another(void)
{
    char path[MAX_PATH], command[2 * MAX_PATH];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(command, sizeof command, "\"%s\" --lives-on", path);
    if (CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &made)) {
        CloseHandle(made.hThread);
        CloseHandle(made.hProcess);
    }
}

static void flood(void)
{
    static char zeros[1 << 20];
    for (int mebibytes = 0; mebibytes < 1024; mebibytes++)
        if (fwrite(zeros, 1, sizeof zeros, stdout) != sizeof zeros)
            return;
}

static void tell(void)
{
    for (const char *entry = GetEnvironmentStringsA(); *entry; entry += strlen(entry) + 1)
        puts(entry);
}

/* What netsh and logman write into a file besides. */
static void write_beside(int count, char **words)
{
    const char *file = NULL;
    for (int at = 1; at < count; at++) {
        if (!strncmp(words[at], "file=", 5))
            file = words[at] + 5;
        if (!strcmp(words[at], "-o") && at + 1 < count)
            file = words[at + 1];
    }
    FILE *written = file ? fopen(file, "wb") : NULL;
    if (written) {
        fputs("<wfpstate/>", written);
        fclose(written);
    }
}

int main(int count, char **words)
{
    static char does[256], out[1 << 16];
    char path[2 * MAX_PATH];
    GetModuleFileNameA(NULL, folder, sizeof folder);
    char *last = strrchr(folder, '\\');
    *last = 0;
    snprintf(name, sizeof name, "%s", last + 1);
    if (count > 1 && !strcmp(words[1], "--lives-on")) {
        Sleep(600000);
        return 0;
    }
    note();
    path_of(path, ".does");
    read_file(path, does, sizeof does);
    if (strstr(does, "hangs")) {
        start_another();
        Sleep(INFINITE);
    }
    if (strstr(does, "leaves"))
        start_another();
    if (strstr(does, "floods"))
        flood();
    if (strstr(does, "tells"))
        tell();
    if (strstr(does, "fails")) {
        fputs("this tool fails\n", stderr);
        return 5;
    }
    write_beside(count, words);
    path_of(path, ".out");
    int bytes = read_file(path, out, sizeof out);
    if (bytes > 0)
        fwrite(out, 1, bytes, stdout);
    return 0;
}
