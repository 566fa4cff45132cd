// The one function of bcryptprimitives.dll that Rust's standard library calls, which Wine before
// version 9 does not have. For tests only.

#include <stddef.h>

// RtlGenRandom of advapi32.dll, by the name that it is exported under.
__declspec(dllimport) unsigned char SystemFunction036(void* buffer, unsigned long bytes);

__declspec(dllexport) int
ProcessPrng(unsigned char* buffer, size_t bytes)
{
    return SystemFunction036(buffer, (unsigned long)bytes);
}
