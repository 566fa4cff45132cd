//! Exit codes of services and error codes of Windows, as far as they mean something here.
//!
//! Sources: learn.microsoft.com/windows/win32/debug/system-error-codes;
//! learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)

/// What a service's exit code means, and what to do about it.
pub(super) fn exit_meaning(code: u32) -> Option<(&'static str, &'static str)> {
    EXITS.iter().find(|(it, ..)| *it == code).map(|(_, meaning, advice)| (*meaning, *advice))
}

const EXITS: &[(u32, &str, &str)] = &[
    (
        2,
        "the file of its image is not where the service says (2, ERROR_FILE_NOT_FOUND)",
        "look at BINARY_PATH_NAME of `sc.exe qc NAME`, and install it again",
    ),
    (
        3,
        "the folder of its image is not there (3, ERROR_PATH_NOT_FOUND)",
        "look at BINARY_PATH_NAME of `sc.exe qc NAME`, and install it again",
    ),
    (
        5,
        "Windows denied it access (5, ERROR_ACCESS_DENIED)",
        "the file of its image, or what its start needs, is closed to it: see `sc.exe qc NAME` for \
         the file, and its diagnostic trace for the step",
    ),
    (8, "there was no memory for it (8, ERROR_NOT_ENOUGH_MEMORY)", ""),
    (
        31,
        "a device attached to the system does not function (31, ERROR_GEN_FAILURE): the \
         driver's own start failed",
        "its diagnostic trace says which step failed",
    ),
    (
        127,
        "the kernel lacks a function that its image imports (127, ERROR_PROC_NOT_FOUND)",
        "take the version for this Windows",
    ),
    (
        193,
        "its image is not for this processor (193, ERROR_BAD_EXE_FORMAT)",
        "take the image for this processor",
    ),
    (
        577,
        "Windows does not trust its signature (577, ERROR_INVALID_IMAGE_HASH)",
        "a driver that is signed for tests needs test signing: bcdedit /set testsigning on, \
         with Secure Boot off, and a restart",
    ),
    (1, "its image is not a driver, or its start returned no more than that it failed (1)", ""),
    (1053, "it did not answer in time (1053, ERROR_SERVICE_REQUEST_TIMEOUT)", ""),
    (1058, "it is disabled (1058, ERROR_SERVICE_DISABLED)", ""),
    (
        1067,
        "its process ended by itself (1067, ERROR_PROCESS_ABORTED)",
        "the application log of the event viewer says how; for the collector, a port that is \
         taken is the usual reason: see WD0701",
    ),
    (
        1069,
        "its account could not log on (1069, ERROR_SERVICE_LOGON_FAILED)",
        "`sc.exe qc NAME` has the account under SERVICE_START_NAME",
    ),
    (
        1072,
        "it is marked to be deleted (1072, ERROR_SERVICE_MARKED_FOR_DELETE)",
        "close what has it open, such as the services console, and install it again",
    ),
    (
        1075,
        "a service that it depends on is not installed (1075, ERROR_SERVICE_DEPENDENCY_DELETED)",
        "`sc.exe qc NAME` lists them under DEPENDENCIES",
    ),
    (
        1068,
        "a service that it depends on did not start (1068, ERROR_SERVICE_DEPENDENCY_FAIL)",
        "`sc.exe qc NAME` lists them under DEPENDENCIES",
    ),
    (1077, "nobody has started it since Windows did (1077, ERROR_SERVICE_NEVER_STARTED)", ""),
    (1117, "an input or output operation failed (1117, ERROR_IO_DEVICE)", ""),
    (
        1275,
        "Windows blocks it (1275, ERROR_DRIVER_BLOCKED): memory integrity, or a policy for \
         applications",
        "the log Microsoft-Windows-CodeIntegrity/Operational names the policy",
    ),
    (1450, "there were no resources for it (1450, ERROR_NO_SYSTEM_RESOURCES)", ""),
    (
        0x8032_0009,
        "an object of its is in the filtering engine already (0x80320009, FWP_E_ALREADY_EXISTS): an \
         earlier load left it behind",
        "restart the machine: what was left behind goes with it",
    ),
    (
        0xC022_0009,
        "an object of its is in the filtering engine already (0xC0220009, \
         STATUS_FWP_ALREADY_EXISTS): an earlier load left it behind",
        "restart the machine: what was left behind goes with it",
    ),
    (
        0xC000_026C,
        "the driver's own start failed (0xC000026C, STATUS_DRIVER_UNABLE_TO_LOAD)",
        "its diagnostic trace says which step failed",
    ),
];

/// How a service is started where its installer has its way.
///
/// Source: microsoft/ebpf-for-windows, installer/Product.wxs (read 2026-11)
pub(super) fn start_type(name: &str) -> &'static str {
    match name {
        "weir" => "demand",
        _ => "auto",
    }
}

/// A code with its name, where it is known.
pub(super) fn code_name(code: u32) -> String {
    let known = NAMES.iter().find(|(it, _)| *it == code).map(|(_, name)| *name);
    let shown = if code > 0xffff { format!("{code:#x}") } else { code.to_string() };
    match known {
        Some(name) => format!("{shown} ({name})"),
        None => shown,
    }
}

const NAMES: &[(u32, &str)] = &[
    (2, "ERROR_FILE_NOT_FOUND"),
    (5, "ERROR_ACCESS_DENIED"),
    (87, "ERROR_INVALID_PARAMETER"),
    (577, "ERROR_INVALID_IMAGE_HASH"),
    (1060, "ERROR_SERVICE_DOES_NOT_EXIST"),
    (1062, "ERROR_SERVICE_NOT_ACTIVE"),
    (1066, "ERROR_SERVICE_SPECIFIC_ERROR"),
    (2001, "ERROR_BAD_DRIVER"),
    (0xC000_000D, "STATUS_INVALID_PARAMETER"),
    (0xC000_0022, "STATUS_ACCESS_DENIED"),
    (0xC000_026C, "STATUS_DRIVER_UNABLE_TO_LOAD"),
];
