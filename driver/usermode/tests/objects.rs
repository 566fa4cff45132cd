//! The committed objects are what their sources give.

use std::path::Path;
use std::process::Command;

const PROGRAMS: [&str; 6] = [
    "allow_all",
    "block_all",
    "http_host_block",
    "never_decides",
    "protocol_detect",
    "tls_sni_block",
];

fn programs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../programs"))
}

#[test]
fn committed_objects_are_built_from_the_committed_sources() {
    // Another version of clang may give other bytes.
    if Command::new("clang-19").arg("--version").output().is_err() {
        eprintln!("skipped: clang-19 is not installed (Debian packages clang-19 and llvm-19)");
        return;
    }
    // A folder whose name differs from that of the committed build: paths must not show.
    let out = std::env::temp_dir().join(format!("weir-objects-{}", std::process::id()));
    let build = Command::new("sh")
        .arg(programs().join("build.sh"))
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let mut stale = Vec::new();
    for name in PROGRAMS {
        let object = format!("{name}.o");
        let built = std::fs::read(out.join(&object)).unwrap();
        let committed = std::fs::read(programs().join("obj").join(&object)).unwrap();
        if built != committed {
            stale.push(object);
        }
    }
    std::fs::remove_dir_all(&out).unwrap();
    assert!(stale.is_empty(), "run `cargo xtask programs`: {stale:?} differ");
}

#[test]
fn every_committed_object_loads() {
    for name in PROGRAMS {
        let bytes = std::fs::read(programs().join("obj").join(format!("{name}.o"))).unwrap();
        let object = weir_usermode::vm::Object::parse(&bytes).unwrap();
        let program = weir_usermode::vm::Program::load(&object, None).unwrap();
        assert_eq!(program.name(), name);
    }
}
