//! The machine itself: what no tool prints, or prints in every language alike.

use super::tools::Tools;
use super::versions;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use weir_etl::FileTime;
use weir_stages::checks::facts::System;

/// This moment, RFC 3339.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    FileTime::from_unix_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)).to_string()
}

/// What is seen of it.
pub(super) fn system(tools: &Tools, is_elevated: Option<bool>) -> System {
    let disk = disk(tools.root());
    System {
        time: now(),
        windows: windows(),
        is_elevated,
        versions: versions::of_drivers(tools),
        disk_free_bytes: disk.map(|(free, _)| free),
        disk_bytes: disk.map(|(_, all)| all),
        ..System::default()
    }
}

/// Free bytes, and all, of the disk that this folder is on.
fn disk(folder: &Path) -> Option<(u64, u64)> {
    let disks = sysinfo::Disks::new_with_refreshed_list();
    let holds = disks.iter().filter(|it| folder.starts_with(it.mount_point()));
    let disk = holds.max_by_key(|it| it.mount_point().as_os_str().len())?;
    Some((disk.available_space(), disk.total_space()))
}

/// Whether this process may do what administrators may: create services. Nothing is created.
#[cfg(windows)]
pub(super) fn is_elevated() -> Option<bool> {
    use windows_service::Error;
    use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

    let none: Option<&str> = None;
    match ServiceManager::local_computer(none, ServiceManagerAccess::CREATE_SERVICE) {
        Ok(_manager) => Some(true),
        Err(Error::Winapi(error)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Some(false)
        }
        Err(_) => None,
    }
}

#[cfg(not(windows))]
pub(super) const fn is_elevated() -> Option<bool> {
    None
}

/// Windows' version, as `10.0.26100.4061`.
#[cfg(windows)]
fn windows() -> Option<String> {
    let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    let key = winreg::RegKey::predef(winreg::enums::HKEY_LOCAL_MACHINE).open_subkey(key).ok()?;
    let number = |name: &str| key.get_value::<u32, _>(name).ok();
    let build: String = key.get_value("CurrentBuildNumber").ok()?;
    let (major, minor) =
        (number("CurrentMajorVersionNumber")?, number("CurrentMinorVersionNumber")?);
    let update = number("UBR").map_or_else(String::new, |it| format!(".{it}"));
    Some(format!("{major}.{minor}.{build}{update}"))
}

#[cfg(not(windows))]
const fn windows() -> Option<String> {
    None
}
