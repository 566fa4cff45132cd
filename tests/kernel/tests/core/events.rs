//! Event tracing without a driver.

use crate::call::{machine, told};
use core::cell::RefCell;
use core::ffi::c_void;
use core::ptr::null;
use weir_etl::{Body, Guid, Trace};
use weir_sim_kernel::Kernel;

type Callback =
    unsafe extern "win64" fn(*const Guid, u32, u8, u64, u64, *const c_void, *mut c_void);
type Heard = RefCell<Vec<(u32, u8, u64)>>;

const PROVIDER: Guid = Guid([7; 16]);

#[repr(C)]
struct Descriptor {
    id: u16,
    version: u8,
    channel: u8,
    level: u8,
    opcode: u8,
    task: u16,
    keyword: u64,
}

#[repr(C)]
struct Piece {
    pointer: u64,
    bytes: u32,
    kind: u32,
}

unsafe extern "win64" fn heard(
    _: *const Guid,
    code: u32,
    level: u8,
    any: u64,
    _: u64,
    _: *const c_void,
    context: *mut c_void,
) {
    // SAFETY: the test passes its list, which outlives the registration.
    unsafe { &*context.cast::<Heard>() }.borrow_mut().push((code, level, any));
}

fn register(heard_by: Option<&Heard>) -> u64 {
    let register =
        import!("EtwRegister", (*const Guid, Option<Callback>, *mut c_void, *mut u64) -> i32);
    let mut handle = 0;
    let callback = heard_by.map(|_| heard as Callback);
    let context = heard_by.map_or(null(), core::ptr::from_ref).cast_mut().cast();
    assert_eq!(register((&PROVIDER, callback, context, &raw mut handle)), 0);
    handle
}

fn unregister(handle: u64) -> i32 {
    import!("EtwUnregister", (u64) -> i32)((handle,))
}

fn write(handle: u64, id: u16, channel: u8, keyword: u64, pieces: &[(u32, &[u8])]) -> i32 {
    let write = import!(
        "EtwWriteTransfer",
        (u64, *const Descriptor, *const Guid, *const Guid, u32, *const Piece) -> i32
    );
    let descriptor = Descriptor { id, version: 1, channel, level: 4, opcode: 0, task: 0, keyword };
    let pieces: Vec<Piece> = pieces
        .iter()
        .map(|(kind, bytes)| Piece {
            pointer: u64::try_from(bytes.as_ptr().expose_provenance()).unwrap(),
            bytes: u32::try_from(bytes.len()).unwrap(),
            kind: *kind,
        })
        .collect();
    let count = u32::try_from(pieces.len()).unwrap();
    write((handle, &raw const descriptor, null(), null(), count, pieces.as_ptr()))
}

fn ids(kernel: &Kernel) -> Vec<u16> {
    kernel.etw.take_events().iter().map(|event| event.id).collect()
}

#[test]
fn a_provider_hears_of_sessions() {
    let kernel = machine();
    kernel.etw.enable(0x10, 4);
    let list = Heard::default();
    let handle = register(Some(&list));
    kernel.etw.enable_session("detail", 0x80, 5);
    kernel.etw.capture_state();
    kernel.etw.disable();
    kernel.etw.disable_session("detail");
    let heard = list.take();
    let all = [(1, 4, 0x10), (1, 5, 0x90), (2, 5, 0x90), (1, 5, 0x80), (0, 0, 0)];
    assert_eq!(heard, all);
    assert_eq!(kernel.leftovers(), ["1 event providers are registered"]);
    assert_eq!(unregister(handle), 0);
    unregister(handle);
    told(kernel, "not registered");
}

#[test]
fn events_are_kept_if_a_session_wants_them() {
    let kernel = machine();
    let handle = register(None);
    assert_eq!(write(handle, 1, 0, 0x10, &[(0, b"x")]), 0);
    kernel.etw.enable(0x30, 4);
    write(handle, 2, 0, 0x10, &[(0, b"x")]);
    write(handle, 3, 0, 0x40, &[(0, b"x")]);
    kernel.etw.enable(0x30, 3);
    write(handle, 4, 0, 0x10, &[(0, b"x")]);
    kernel.etw.enable(0, 0);
    kernel.at_irql(2, || {
        kernel.on_processor(2, || write(handle, 5, 0, 0x40, &[(0, b"ab"), (0, b"c")]))
    });
    let last = kernel.etw.events().pop().unwrap();
    assert_eq!((last.cpu, &*last.payload, last.is_self_describing()), (2, &b"abc"[..], false));
    assert_eq!((ids(kernel), kernel.etw.written()), (vec![2, 5], 2));
    kernel.faults.fail("EtwWriteTransfer", 1, -3);
    assert_eq!(write(handle, 6, 0, 0x40, &[]), -3);
    assert_eq!((ids(kernel), kernel.etw.failed()), (vec![], 1));
    kernel.etw.discard(true);
    write(handle, 7, 0, 0x40, &[]);
    assert_eq!((ids(kernel), kernel.etw.written()), (vec![], 3));
    kernel.etw.disable();
    unregister(handle);
    kernel.finish();
}

#[test]
fn pieces_stand_in_their_order() {
    let kernel = machine();
    let handle = register(None);
    kernel.etw.enable(0, 0);
    assert_eq!(write(handle, 1, 11, 1, &[(2, b"traits"), (1, b"metadata"), (0, b"x")]), 0);
    write(handle, 1, 11, 1, &[(1, b"metadata"), (2, b"traits"), (0, b"x")]);
    told(kernel, "a piece of a type that does not belong there");
    write(handle, 1, 0, 1, &[(2, b"traits"), (1, b"metadata"), (0, b"x")]);
    told(kernel, "channel 11 and metadata go together");
    write(handle, 1, 11, 1, &[(0, b"x")]);
    told(kernel, "channel 11 and metadata go together");
    write(handle, 1, 11, 0, &[(2, b"traits"), (1, b"metadata"), (0, b"x")]);
    told(kernel, "without a keyword");
    write(handle, 0, 0, 1, &[(0, b"x")]);
    told(kernel, "neither a number nor a description");
    assert_eq!(write(handle, 1, 0, 1, &[(0, &[0; 65_536])]), 0xC000_0095_u32.cast_signed());
    let set = import!("EtwSetInformation", (u64, u32, *const u8, u32) -> i32);
    assert_eq!(set((handle, 2, [4, 0, b'W', 0].as_ptr(), 4)), 0);
    set((handle, 2, [5, 0, b'W', 0].as_ptr(), 4));
    told(kernel, "EtwSetInformation");
}

#[test]
fn events_become_a_trace_file() {
    let kernel = machine();
    let handle = register(None);
    kernel.etw.enable(0, 0);
    for cpu in [3, 0, 3] {
        kernel.advance(1_000_000);
        kernel.on_processor(cpu, || write(handle, 9, 0, 1, &[(0, &[u8::try_from(cpu).unwrap()])]));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.etl");
    kernel.etw.record(&path).unwrap();
    let mut trace = Trace::open(std::fs::File::open(path).unwrap()).unwrap();
    let mut payloads = Vec::new();
    while let Some(record) = trace.next_record().unwrap() {
        if let Body::Event(event) = record.body {
            payloads.push((event.id, event.payload.to_vec()));
        }
    }
    assert_eq!(payloads, [(9, vec![3]), (9, vec![0]), (9, vec![3])]);
    assert!(trace.damages().is_empty());
}
