//! Weir's kernel service: how it is called, and where its image lies.
//!
//! `driver/weir.inf` says the same in its own words; a test compares the two.
//! `waiting` starts and stops it.

/// The service's name, and that of its key.
pub(crate) const NAME: &str = "weir";
/// The name in lists.
pub(crate) const DISPLAY_NAME: &str = "Weir";
/// What lists say of it.
pub(crate) const DESCRIPTION: &str = "Flow classification by eBPF programs (Weir)";

/// `SERVICE_DEMAND_START`: a driver that cannot start must not keep a machine from starting.
pub(crate) const START: u32 = 3;

/// Where `install` puts the image, as the kernel names it: a folder that only administrators
/// write to, because whoever can write the image can run code in the kernel.
pub(crate) const IMAGE: &str = r"\SystemRoot\System32\drivers\weir.sys";

/// The same file as a command prompt names it, where nobody knows `\SystemRoot`.
pub(crate) fn image_file() -> String {
    IMAGE.replacen(r"\SystemRoot", "%SystemRoot%", 1)
}

/// The words for `SERVICE_…_START`.
pub(crate) const fn start_name(start: u32) -> &'static str {
    match start {
        0 => "boot",
        1 => "system",
        2 => "auto",
        3 => "demand",
        4 => "disabled",
        _ => "unknown",
    }
}
