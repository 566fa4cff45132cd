//! Whether a key of the registry is withheld: `reg.exe` says in words that are translated, and with
//! one exit code, that a key is not there or may not be read.

/// Whether this `reg query HKLM\…` was refused for want of rights.
#[cfg(windows)]
pub(super) fn is_denied(arguments: &[String]) -> bool {
    use std::io::ErrorKind;
    use winreg::RegKey;
    use winreg::enums::{HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, KEY_READ};

    let Some((hive, path)) = arguments.get(1).and_then(|it| it.split_once('\\')) else {
        return false;
    };
    let hive = if hive == "HKCU" { HKEY_CURRENT_USER } else { HKEY_LOCAL_MACHINE };
    let opened = RegKey::predef(hive).open_subkey_with_flags(path, KEY_READ);
    opened.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Other systems have no registry; tests have stand-ins for its tool.
#[cfg(not(windows))]
pub(super) const fn is_denied(_arguments: &[String]) -> bool {
    false
}
