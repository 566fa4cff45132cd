//! Programs that believe to be on a Windows with event tracing: copies that import `ADVAPI3X.dll`,
//! which is built here from `etw`, where the original imports `ADVAPI32.dll`.
//!
//! Wine's own advapi32 has stubs in place of these functions. It cannot be replaced as a whole,
//! because other libraries of Wine's import it; whatever is not in `etw` is forwarded to it.
//!
//! Beside them stands a `fwpuclnt.dll`, built from `wfp`, which nothing of Wine's own wants.

use crate::tools::Tools;
use object::LittleEndian;
use object::read::pe::{Import, PeFile64};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// As long as each other: a name is written over in its place.
const WINDOWS: &[u8] = b"ADVAPI32.dll";
const SUBSTITUTE: &[u8] = b"ADVAPI3X.dll";

/// What the substitute has itself; also the beginning of its list of exports.
const EXPORTS: &str = include_str!("etw/exports.def");

/// Its parts.
const SOURCES: [&str; 5] = ["books.c", "consume.c", "control.c", "event.c", "feed.c"];

/// The copy of a program, in a folder with its substitute.
pub(crate) fn copy(tools: &Tools, program: &Path) -> PathBuf {
    let folder = tools.folder.join("etw").join(program.file_stem().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let mut bytes = std::fs::read(program).unwrap();
    let imported = patch(&mut bytes);
    let copy = folder.join(program.file_name().unwrap());
    std::fs::write(&copy, bytes).unwrap();
    build(&folder, &imported);
    copy
}

/// Gives every import of advapi32 the substitute's name; the functions that were imported.
fn patch(bytes: &mut [u8]) -> BTreeSet<String> {
    let (mut functions, mut places) = (BTreeSet::new(), Vec::new());
    let file = PeFile64::parse(&*bytes).unwrap();
    let imports = file.import_table().unwrap().expect("a program that imports");
    let mut descriptors = imports.descriptors().unwrap();
    while let Some(descriptor) = descriptors.next().unwrap() {
        let rva = descriptor.name.get(LittleEndian);
        if !imports.name(rva).unwrap().eq_ignore_ascii_case(WINDOWS) {
            continue;
        }
        let (offset, _) = file.section_table().pe_file_range_at(rva).unwrap();
        places.push(usize::try_from(offset).unwrap());
        let mut thunks = imports.thunks(descriptor.original_first_thunk.get(LittleEndian)).unwrap();
        while let Some(thunk) = thunks.next::<object::pe::ImageNtHeaders64>().unwrap() {
            let import = imports.import::<object::pe::ImageNtHeaders64>(thunk).unwrap();
            let Import::Name(_, name) = import else { panic!("advapi32 by number: {import:?}") };
            functions.insert(String::from_utf8(name.to_vec()).unwrap());
        }
    }
    for place in places {
        bytes[place..place + SUBSTITUTE.len()].copy_from_slice(SUBSTITUTE);
    }
    functions
}

fn build(folder: &Path, imported: &BTreeSet<String>) {
    let own: BTreeSet<&str> = EXPORTS.lines().map(str::trim).collect();
    let mut exports = EXPORTS.to_owned();
    for function in imported.iter().filter(|it| !own.contains(it.as_str())) {
        exports.push_str(&format!("    {function} = advapi32.{function}\n"));
    }
    let list = folder.join("exports.def");
    std::fs::write(&list, exports).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/etw");
    let mut command = Command::new("x86_64-w64-mingw32-gcc");
    command.args(["-shared", "-O1", "-s", "-Wall", "-Wextra", "-Werror", "-o"]);
    command.arg(folder.join("ADVAPI3X.dll")).args(SOURCES.map(|it| sources.join(it))).arg(list);
    run(command);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/wfp");
    let mut command = Command::new("x86_64-w64-mingw32-gcc");
    command.args(["-shared", "-O1", "-s", "-Wall", "-Wextra", "-Werror", "-o"]);
    command.arg(folder.join("fwpuclnt.dll"));
    command.args(["fwpuclnt.c", "exports.def"].map(|it| sources.join(it)));
    run(command);
}

/// Builds a program of these tests, and gives it the substitute.
pub(crate) fn compile(tools: &Tools, source: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/wine").join(source);
    let program = tools.folder.join(source.file_stem().unwrap()).with_extension("exe");
    let mut command = Command::new("x86_64-w64-mingw32-gcc");
    command.args(["-O1", "-s", "-Wall", "-Wextra", "-Werror", "-o"]);
    command.arg(&program).arg(source).arg("-ladvapi32");
    run(command);
    copy(tools, &program)
}

fn run(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
