//! Paths in a bundle: relative, with `/`, and of plain parts.
//!
//! A reader writes no file under such a name; but it quotes them, and whoever unpacks a bundle
//! elsewhere should not be hurt by one that was accepted here.

use super::limits::{DEPTH_MAX, PATH_BYTES_MAX};

/// The path in its one form; the error says what is wrong with it.
pub(super) fn clean(raw: &str) -> Result<String, &'static str> {
    if raw.len() > PATH_BYTES_MAX {
        return Err("its path is too long");
    }
    // Some programs of Windows write `\` into a zip.
    let path = raw.replace('\\', "/");
    if path.starts_with('/') {
        return Err("its path begins at the root");
    }
    // A drive, or a stream of NTFS.
    if path.contains(':') {
        return Err("its path has a `:`");
    }
    if path.chars().any(char::is_control) {
        return Err("its path has control characters");
    }
    let parts: Vec<&str> = path.split('/').filter(|it| !matches!(*it, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err("its path leads out of the bundle");
    }
    match parts.len() {
        0 => Err("it has no name"),
        parts if parts > DEPTH_MAX => Err("it is too many folders deep"),
        _ => Ok(parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_path_is_relative_and_has_one_form() {
        for (raw, path) in [
            ("services/bfe.txt", "services/bfe.txt"),
            (r"services\bfe.txt", "services/bfe.txt"),
            ("./a//b/./c", "a/b/c"),
            ("a/..b/c..", "a/..b/c.."),
            ("ä/日本.txt", "ä/日本.txt"),
        ] {
            assert_eq!(clean(raw).as_deref(), Ok(path), "{raw}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let long = "x".repeat(513);
        let deep = "a/".repeat(8) + "b";
        for raw in [
            "",
            ".",
            "/",
            "/etc/passwd",
            r"\\server\share\x",
            "../x",
            "a/../../x",
            r"a\..\..\x",
            "a/..",
            r"C:\x",
            "c:x",
            "x.txt:stream",
            "a\nb",
            "a\0b",
            "\u{1b}[2J",
            &long,
            &deep,
        ] {
            assert!(clean(raw).is_err(), "{raw:?}");
        }
    }
}
