// A driver that refuses to start, so that an installation fails at its last step. For tests only.

__declspec(dllexport) long
DriverEntry(void* driver, void* registry_path)
{
    (void)driver;
    (void)registry_path;
    return (long)0xc0000001; // STATUS_UNSUCCESSFUL
}
