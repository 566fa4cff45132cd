//! The image of `weir.sys` in the simulated kernel: it is mapped as Windows maps it, it starts,
//! says so, and leaves nothing behind.
#![expect(unsafe_code, reason = "calls a function of another ABI by its address")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::File;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use weir_abi::Event as _;
use weir_abi::event::{DriverState, Record, StateKind};
use weir_abi::identifiers::PROVIDER;
use weir_etl::{Body, Trace};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::kernel::Life;
use weir_sim_kernel::{Kernel, Options};

/// `ExAllocatePool2`.
type Allocate = extern "win64" fn(u64, usize, u32) -> *mut core::ffi::c_void;

fn boot(image: PathBuf) -> &'static Kernel {
    Kernel::boot(Options { image: Some(image), ..Options::default() })
}

/// The kinds of the DriverState events.
fn states(events: &[Written]) -> Vec<StateKind> {
    let states = events.iter().filter(|event| event.id == DriverState::ID);
    states
        .map(|event| match Record::decode(event.id, &event.payload).unwrap() {
            (_, Record::DriverState(state)) => state.kind,
            (_, other) => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_driver_starts_stops_and_leaves_nothing() {
    let Some(image) = image_or_skip() else { return };
    let kernel = boot(image);
    kernel.etw.enable(0, 0);
    assert_eq!(kernel.life(), Life::Booted);
    assert_eq!(kernel.load_driver(), 0);
    kernel.run_work();
    let events = kernel.etw.events();
    assert!(states(&events).contains(&StateKind::Start), "{events:?}");
    assert!(events.iter().all(|event| event.provider == PROVIDER && event.is_self_describing()));
    assert!(kernel.calls.of("EtwRegister") == 1 && kernel.calls.total() > 3);
    assert!(kernel.stacks.mark("DriverEntry") > 0);
    kernel.unload_driver();
    assert_eq!(kernel.life(), Life::Gone);
    assert_eq!(states(&kernel.etw.events()).last(), Some(&StateKind::Stop));
    println!("stack: {:?}", kernel.stacks.marks());
    println!("calls: {:?}", kernel.calls.snapshot());
    kernel.finish();
}

#[test]
fn what_the_driver_wrote_can_be_read_as_a_trace_file() {
    let Some(image) = image_or_skip() else { return };
    let kernel = boot(image);
    kernel.etw.enable(0, 0);
    kernel.on_processor(2, || kernel.load_driver());
    kernel.advance(3_000_000_000);
    kernel.unload_driver();
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var_os("WEIR_TEST_TRACE")
        .map_or_else(|| folder.path().join("weir.etl"), PathBuf::from);
    kernel.etw.record(&path).unwrap();
    let mut trace = Trace::open(File::open(path).unwrap()).unwrap();
    let mut read = Vec::new();
    while let Some(record) = trace.next_record().unwrap() {
        let Body::Event(event) = record.body else { continue };
        assert!(event.schema().is_some(), "event {} does not describe itself", event.id);
        let (prefix, _) = Record::decode(event.id, event.payload).unwrap();
        read.push((event.id, prefix.cpu, prefix.sequence));
    }
    assert_eq!(read.len(), kernel.etw.events().len());
    assert!(read.contains(&(DriverState::ID, 2, 1)), "{read:?}");
    kernel.finish();
}

#[test]
fn code_of_a_driver_that_is_gone_is_not_run() {
    let Some(image) = image_or_skip() else { return };
    if std::env::var_os("WEIR_TEST_DIES").is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "code_of_a_driver_that_is_gone_is_not_run", "--nocapture"])
            .env("WEIR_TEST_DIES", "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains("the driver touched"), "{words}");
        return;
    }
    let kernel = boot(image);
    kernel.load_driver();
    kernel.unload_driver();
    kernel.load_driver();
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    let Some(image) = image_or_skip() else { return };
    let kernel = boot(image);
    kernel.faults.fail("EtwRegister", 1, 0xC000_009A_u32.cast_signed());
    let status = kernel.load_driver();
    assert!(status < 0, "{status:#x}");
    assert_eq!(kernel.life(), Life::Gone);
    kernel.finish();
}

#[test]
fn a_life_with_any_one_failure_leaves_nothing() {
    let Some(image) = image_or_skip() else { return };
    let (mut point, mut is_reached) = (0, true);
    let mut wrong = Vec::new();
    while is_reached {
        point += 1;
        let kernel = boot(image.clone());
        kernel.etw.enable(0, 0);
        kernel.faults.fail_point(point);
        let status = kernel.load_driver();
        kernel.advance(3_000_000_000);
        if status >= 0 {
            kernel.unload_driver();
        }
        is_reached = kernel.faults.points() >= point;
        wrong.extend(kernel.end().into_iter().map(|told| format!("fault point {point}: {told}")));
    }
    println!("{} fault points", point - 1);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn machines_have_statics_of_their_own() {
    let Some(image) = image_or_skip() else { return };
    for _ in 0..3 {
        let kernel = boot(image.clone());
        assert_eq!(kernel.load_driver(), 0);
        kernel.unload_driver();
        kernel.finish();
    }
    let (first, second) = (boot(image.clone()), boot(image));
    assert_ne!(first.image().unwrap().base(), second.image().unwrap().base());
}

#[test]
fn what_the_driver_leaves_behind_is_told() {
    let Some(image) = image_or_skip() else { return };
    let kernel = boot(image);
    kernel.load_driver();
    let imports = weir_sim_kernel::kernel::imports();
    let allocate = imports.iter().find(|import| import.name == "ExAllocatePool2").unwrap();
    let allocate = core::ptr::with_exposed_provenance::<()>(allocate.address);
    // SAFETY: the import has this signature, and may be called with any numbers.
    let allocate = unsafe { core::mem::transmute::<*const (), Allocate>(allocate) };
    // As if the driver had: 48 bytes of non-paged pool.
    allocate(0x40, 48, u32::from_le_bytes(*b"Leak"));
    kernel.unload_driver();
    assert_eq!(kernel.end(), ["48 bytes of pool `Leak` leak"]);
}

#[test]
fn a_second_unload_is_told() {
    let Some(image) = image_or_skip() else { return };
    let kernel = boot(image);
    kernel.load_driver();
    kernel.unload_driver();
    kernel.unload_driver();
    assert_eq!(kernel.end(), ["the driver has no unload routine"]);
}

/// A copy of the image with some bytes replaced.
fn changed(image: &Path, from: &[u8], to: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let mut bytes = std::fs::read(image).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.sys");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn refusal(path: PathBuf) -> String {
    let panic = catch_unwind(|| boot(path)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn an_import_that_nobody_provides_is_named() {
    let Some(image) = image_or_skip() else { return };
    let (_folder, path) = changed(&image, b"EtwUnregister", b"EtwUnregistex");
    let told = refusal(path);
    assert!(told.contains("nobody provides: EtwUnregistex of ntoskrnl.exe"), "{told}");
}

#[test]
fn a_section_that_can_be_written_and_executed_is_refused() {
    let Some(image) = image_or_skip() else { return };
    // Characteristics of .text: code, executable, readable; and writable.
    let (_folder, path) =
        changed(&image, &0x6000_0020_u32.to_le_bytes(), &0xE000_0020_u32.to_le_bytes());
    let told = refusal(path);
    assert!(told.contains("section .text can be written and executed"), "{told}");
}
