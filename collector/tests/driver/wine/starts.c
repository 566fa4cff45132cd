// A driver that starts and stops and does nothing else, so that an installation can succeed where
// weir.sys has nothing to run on. For tests only.

// DRIVER_OBJECT, as far as its last field but the dispatch functions.
struct driver_object {
    short type, size;
    void* device_object;
    unsigned flags;
    void* driver_start;
    unsigned driver_size;
    void *driver_section, *driver_extension;
    unsigned short driver_name[8];
    void *hardware_database, *fast_io_dispatch, *driver_init, *driver_start_io;
    void (*driver_unload)(struct driver_object*);
};

static void
unload(struct driver_object* driver)
{
    (void)driver;
}

__declspec(dllexport) long
DriverEntry(struct driver_object* driver, void* registry_path)
{
    (void)registry_path;
    driver->driver_unload = unload;
    return 0;
}
