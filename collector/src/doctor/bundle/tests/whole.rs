//! What is written is read.

use super::super::manifest::{Manifest, PATH};
use super::super::{About, Bundle, Content, Sink as _};
use super::{Stand, read};
use crate::failure::ExitCode;
use std::io::Cursor;
use weir_stages::checks::{Gap, Kind};

const BFE: &str = "services/bfe.txt";
const WFP: &str = "wfp/wfpstate.xml";

fn about() -> About {
    About {
        path: BFE.to_owned(),
        kind: Some(Kind::Services),
        command: Some("sc.exe queryex bfe".to_owned()),
        exit_code: Some(-5),
        took_ms: Some(12),
        is_cut: true,
        is_old: true,
        stderr: Some("a\nb".to_owned()),
    }
}

fn gap() -> Gap {
    let (kind, which) = (Kind::MapDumps, Some("7".to_owned()));
    Gap { kind, which, why: "it took more than 10 s".to_owned(), is_denied: true }
}

/// Writes two files and a gap.
fn write(stand: &Stand, name: &str, large: &mut dyn Content) {
    let mut writer = stand.writer(name);
    writer.add(about(), &mut Cursor::new(b"STATE : 4")).unwrap();
    writer.add(About { kind: Some(Kind::WfpState), ..About::path(WFP) }, large).unwrap();
    writer.gap(gap());
    writer.finish().unwrap();
}

#[test]
fn what_is_written_is_read_back_from_a_folder_and_from_a_zip() {
    let large: Vec<u8> = (0..3_u32 << 20).map(|it| (it % 251).to_le_bytes()[0]).collect();
    for name in ["folder", "whole.zip", "whole.ZIP"] {
        let stand = Stand::new();
        write(&stand, name, &mut Cursor::new(large.clone()));
        let bundle = Bundle::open(&stand.path(name)).unwrap();
        let manifest = bundle.manifest().unwrap().clone();
        assert_eq!(manifest.host.as_deref(), Some("host"), "{name}");
        assert_eq!(manifest.gaps().collect::<Vec<_>>(), [gap()], "{name}");
        let mut seen = Vec::new();
        let notes = bundle.each(&mut |item| {
            seen.push(item.about);
            Ok(())
        });
        assert_eq!(notes.unwrap(), [], "{name}");
        let wfp = About { kind: Some(Kind::WfpState), ..About::path(WFP) };
        assert_eq!(seen, [about(), wfp], "{name}");
        let told = read(&stand.path(name)).unwrap();
        assert_eq!(told.files[0].1, b"STATE : 4", "{name}");
        assert!(told.files[1].1 == large, "{name}");
    }
}

/// Says that it is longer than it turns out to be.
struct Ending(Cursor<Vec<u8>>, usize);

impl std::io::Read for Ending {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.1.min(buffer.len());
        self.1 -= bytes;
        self.0.read(&mut buffer[..bytes])
    }
}

impl std::io::Seek for Ending {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_copy_that_ended_before_its_file_is_marked_as_cut() {
    for name in ["folder", "cut.zip"] {
        let stand = Stand::new();
        write(&stand, name, &mut Ending(Cursor::new(vec![1; 9]), 4));
        let bundle = Bundle::open(&stand.path(name)).unwrap();
        let entry = bundle.manifest().unwrap().files[1].clone();
        assert_eq!((entry.bytes, entry.cut), (4, true), "{name}");
        assert_eq!(read(&stand.path(name)).unwrap().notes, [], "the hash is of what is there");
    }
}

#[test]
fn a_manifest_has_the_words_that_are_promised() {
    let stand = Stand::new();
    write(&stand, "folder", &mut Cursor::new(b"<wfpstate/>"));
    let text = std::fs::read_to_string(stand.path("folder").join(PATH)).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["format"], &value["version"]), (&"weir-evidence".into(), &1.into()));
    let file = &value["files"][0];
    let words = "path kind sha256 bytes command exit_code took_ms cut old stderr";
    for word in words.split(' ') {
        assert!(!file[word].is_null(), "{word}");
    }
    assert_eq!(file["kind"], "services");
    assert_eq!(value["gaps"][0]["denied"], true);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let stand = Stand::new();
    std::fs::create_dir(stand.path("full")).unwrap();
    std::fs::write(stand.path("full").join("x"), "x").unwrap();
    let failure = super::Writer::create(&stand.path("full"), super::Head::default()).err().unwrap();
    assert_eq!(failure.code(), ExitCode::OutputUnwritable);
    assert!(failure.to_string().contains("new or empty"), "{failure}");
}

#[test]
fn a_zip_that_is_not_finished_leaves_nothing() {
    let stand = Stand::new();
    let mut writer = stand.writer("half.zip");
    writer.add(about(), &mut Cursor::new(b"x")).unwrap();
    drop(writer);
    assert_eq!(stand.folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_path_that_leads_out_is_not_written() {
    let stand = Stand::new();
    let mut writer = stand.writer("folder");
    assert!(writer.add(About::path("../x"), &mut Cursor::new(b"x")).is_err());
    assert!(!stand.path("x").exists());
}

#[test]
fn files_that_are_not_as_the_manifest_says_are_noted() {
    let stand = Stand::new();
    write(&stand, "folder", &mut Cursor::new(b"<wfpstate/>"));
    let folder = stand.path("folder");
    std::fs::write(folder.join(BFE), "STATE : 1").unwrap();
    std::fs::remove_file(folder.join(WFP)).unwrap();
    std::fs::write(folder.join("more.txt"), "").unwrap();
    let told = read(&folder).unwrap();
    assert_eq!(told.names(), ["more.txt", BFE], "all that is there is handed on");
    assert!(told.of(BFE).contains("not as it was collected"), "{told:?}");
    assert!(told.of(WFP).contains("not there"), "{told:?}");
    assert!(told.of("more.txt").contains("does not name it"), "{told:?}");
    assert_eq!(told.notes.len(), 3);
    let notes = Bundle::open(&folder).unwrap().each(&mut |_| Ok(())).unwrap();
    let read: Vec<&str> = notes.iter().filter(|it| it.is_read).map(|it| it.path.as_str()).collect();
    assert_eq!(read, ["more.txt", BFE], "only what is not there could not be read");
}

#[test]
fn files_that_somebody_put_together_need_no_manifest() {
    let stand = Stand::new();
    let zip = stand.zip(&[("a.txt", b"1"), ("sub\\b.json", b"[]"), ("sub/", b"")]);
    let told = read(&zip).unwrap();
    assert_eq!(told.names(), ["a.txt", "sub/b.json"]);
    assert!(told.notes.is_empty(), "{told:?}");
    let alone = stand.path("wfpstate.xml");
    std::fs::write(&alone, "<wfpstate/>").unwrap();
    assert_eq!(read(&alone).unwrap().names(), ["wfpstate.xml"]);
}

#[test]
fn a_folder_that_was_zipped_as_one_is_as_its_files() {
    let stand = Stand::new();
    let manifest = Manifest { format: "weir-evidence".to_owned(), ..Manifest::default() };
    let text = serde_json::to_vec(&manifest).unwrap();
    let zip = stand.zip(&[("out/services/bfe.txt", b"1"), ("out/manifest.json", &text)]);
    let told = read(&zip).unwrap();
    assert_eq!(told.names(), [BFE]);
    assert!(told.of(BFE).contains("does not name it"), "the manifest was read: {told:?}");
}
