//! What strangers send: nothing of it is followed, inflated without end, or a panic.

use super::super::limits::Limits;
use super::{Stand, read, refused};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const SMALL: Limits = Limits {
    entries: 8,
    file_bytes: 1 << 20,
    total_bytes: 3 << 20,
    free_bytes: 1 << 18,
    ratio: 20,
};

#[test]
fn paths_that_lead_elsewhere_are_left_out_and_said() {
    let stand = Stand::new();
    let names = ["../x", "/etc/passwd", r"C:\x", "a/../../x"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|it| (*it, &b"x"[..])).collect();
    let told = read(&stand.zip(&[&files[..], &[("kept", b"k")]].concat())).unwrap();
    assert_eq!(told.names(), ["kept"]);
    for name in names {
        assert!(told.of(name).starts_with("it was left out: its path"), "{name}: {told:?}");
    }
}

#[test]
fn links_and_zips_within_are_left_out_and_said() {
    let stand = Stand::new();
    let inner = std::fs::read(stand.zip(&[("a", b"a")])).unwrap();
    let path = stand.path("links.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.start_file("inner", SimpleFileOptions::default()).unwrap();
    zip.write_all(&inner).unwrap();
    zip.finish().unwrap();
    let told = read(&path).unwrap();
    assert!(told.files.is_empty());
    assert!(told.of("link").contains("a link"), "{told:?}");
    assert!(told.of("inner").contains("a zip within"), "{told:?}");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_in_a_folder_are_left_out_and_said() {
    let stand = Stand::new();
    let folder = stand.path("folder");
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(stand.path("secret"), "s").unwrap();
    std::fs::write(folder.join("kept"), "k").unwrap();
    std::os::unix::fs::symlink("../secret", folder.join("out")).unwrap();
    std::os::unix::fs::symlink("..", folder.join("deep").join("loop")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let told = read(&folder).unwrap();
    drop(socket);
    assert_eq!(told.names(), ["kept"]);
    for name in ["out", "deep/loop", "socket"] {
        assert!(told.of(name).starts_with("it was left out: it is"), "{name}: {told:?}");
    }
}

#[test]
fn of_two_files_of_one_path_the_first_counts() {
    let stand = Stand::new();
    let told = read(&stand.zip(&[("a/b", b"1"), (r"a\b", b"2")])).unwrap();
    assert_eq!(told.files, [("a/b".to_owned(), b"1".to_vec())]);
    assert!(told.of("a/b").contains("there is one of this path"), "{told:?}");
}

#[test]
fn an_encrypted_file_is_left_out_and_said() {
    let stand = Stand::new();
    let path = stand.zip(&[("a", b"aaaa"), ("b", b"bbbb")]);
    let mut bytes = std::fs::read(&path).unwrap();
    // The flags of the first file, before it and in the list.
    for (begin, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = bytes.windows(4).position(|it| it == begin).unwrap();
        bytes[at + flags] |= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let told = read(&path).unwrap();
    assert_eq!(told.names(), ["b"]);
    assert!(told.of("a").contains("encrypted"), "{told:?}");
}

#[test]
fn a_file_that_is_damaged_is_left_out_and_the_others_are_read() {
    let stand = Stand::new();
    let path = stand.path("made.zip");
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, text) in [("a", "needle"), ("b", "other")] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|it| it == b"needle").unwrap();
    bytes[at] = b'N';
    std::fs::write(&path, bytes).unwrap();
    let told = read(&path).unwrap();
    assert_eq!(told.names(), ["b"]);
    assert!(told.of("a").contains("cannot be inflated"), "{told:?}");
}

fn zeros(stand: &Stand, files: usize, bytes: usize) -> std::path::PathBuf {
    let content = vec![0; bytes];
    let names: Vec<String> = (0..files).map(|it| it.to_string()).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|it| (it.as_str(), &content[..])).collect();
    stand.zip(&files)
}

#[test]
fn a_zip_that_becomes_far_larger_than_it_is_is_refused() {
    let stand = Stand::new();
    let text = refused(&zeros(&stand, 1, 1 << 19), &SMALL);
    assert!(text.contains("far larger than evidence"), "{text}");
    let text = refused(&zeros(&stand, 8, 1 << 16), &SMALL);
    assert!(text.contains("far larger than evidence"), "many small ones: {text}");
    let within = super::read_within(&zeros(&stand, 1, 1 << 18), &SMALL).unwrap();
    assert_eq!(within.names(), ["0"], "what is small in all is read, whatever it was");
}

#[test]
fn a_file_that_is_too_large_is_left_out_and_said() {
    let stand = Stand::new();
    let limits = Limits { file_bytes: 1_000, ..SMALL };
    let zip = stand.zip(&[("large", &[0; 1_001]), ("fits", &[0; 1_000])]);
    let folder = stand.path("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("large"), [0; 1_001]).unwrap();
    std::fs::write(folder.join("fits"), [0; 1_000]).unwrap();
    for path in [zip, folder] {
        let told = super::read_within(&path, &limits).unwrap();
        assert_eq!(told.names(), ["fits"]);
        assert!(told.of("large").contains("bytes"), "{told:?}");
    }
}

#[test]
fn a_bundle_of_too_many_files_is_refused() {
    let stand = Stand::new();
    let text = refused(&zeros(&stand, 9, 1), &SMALL);
    assert!(text.contains("9 files"), "{text}");
    let folder = stand.path("folder");
    std::fs::create_dir(&folder).unwrap();
    (0..9).for_each(|it| std::fs::write(folder.join(it.to_string()), "").unwrap());
    let text = refused(&folder, &SMALL);
    assert!(text.contains("more than 8"), "{text}");
}

#[test]
fn a_manifest_of_something_else_is_said_and_the_files_are_read() {
    for text in
        ["", "{", "[]", r#"{"format":"other","version":1}"#, r#"{"format":"weir-evidence"}"#]
    {
        let stand = Stand::new();
        let told = read(&stand.zip(&[("manifest.json", text.as_bytes()), ("a", b"a")])).unwrap();
        assert_eq!(told.names(), ["a"], "{text}");
        assert!(told.of("manifest.json").starts_with("it was left out"), "{text}: {told:?}");
    }
}

#[test]
fn what_is_no_zip_but_is_called_one_is_refused_with_a_hint() {
    let stand = Stand::new();
    let path = stand.path("x.zip");
    for bytes in [&b""[..], b"PK", b"Rar!", b"PK\x03\x04", b"PK\x05\x06"] {
        std::fs::write(&path, bytes).unwrap();
        let text = refused(&path, &SMALL);
        assert!(text.contains("hint: name a folder or zip"), "{text}");
    }
}

/// Whatever it is, it ends in files, notes or a failure.
fn ends(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    if let Ok(told) = super::read_within(path, &SMALL) {
        assert!(told.files.len() <= SMALL.entries);
    }
}

#[test]
fn a_zip_cut_off_anywhere_or_changed_in_any_byte_ends_in_an_answer() {
    let stand = Stand::new();
    let whole = std::fs::read(stand.zip(&[("a/b", b"some text some text"), ("c", b"")])).unwrap();
    let path = stand.path("cut.zip");
    for at in 0..whole.len() {
        std::fs::write(&path, &whole[..at]).unwrap();
        refused(&path, &SMALL);
        for change in [0x00, 0xff, whole[at] ^ 1] {
            let mut changed = whole.clone();
            changed[at] = change;
            ends(&path, &changed);
        }
    }
}
