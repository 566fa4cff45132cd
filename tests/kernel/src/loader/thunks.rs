//! What imports are bound to: a few bytes of code each, which change to the thread's own stack.

use super::{PAGE_BYTES, put, wide};
use crate::crt;
use crate::host::{PROT_EXEC, PROT_READ, PROT_WRITE, Pages};
use crate::kernel::Import;
use crate::stack::{HOST_STACK_SLOT, REGION_BYTES};
use core::arch::naked_asm;
use object::LittleEndian as LE;
use object::pe;
use object::read::pe::{Import as Wanted, PeFile64};
use std::collections::BTreeMap;

/// Bytes of the code that one import is bound to.
const THUNK_BYTES: usize = 32;

/// Writes the import table; what nobody provides is an error that names it.
pub(super) fn bind(
    file: &PeFile64<'_>,
    image: &Pages,
    provided: &[Import],
    through: usize,
) -> Result<(Pages, BTreeMap<String, usize>), String> {
    let wanted = wanted(file).map_err(|error| format!("imports: {error}"))?;
    let pages = (wanted.len() * THUNK_BYTES).next_multiple_of(PAGE_BYTES).max(PAGE_BYTES);
    let thunks = Pages::new(pages, PROT_READ | PROT_WRITE);
    let (mut missing, mut addresses) = (Vec::new(), BTreeMap::new());
    for (index, (module, name, at)) in wanted.into_iter().enumerate() {
        let found = provided
            .iter()
            .find(|import| import.module.eq_ignore_ascii_case(&module) && import.name == name);
        let Some(import) = found else {
            missing.push(format!("{name} of {module}"));
            continue;
        };
        let address = if crt::DIRECT.contains(&import.name) {
            import.address
        } else {
            put(&thunks, index * THUNK_BYTES, &thunk(import.address, through))?;
            thunks.base().expose_provenance() + index * THUNK_BYTES
        };
        put(image, at, &address.to_le_bytes())?;
        addresses.insert(name, address);
    }
    if !missing.is_empty() {
        return Err(format!("the image imports what nobody provides: {}", missing.join(", ")));
    }
    thunks.protect(0, pages, PROT_READ | PROT_EXEC);
    Ok((thunks, addresses))
}

/// Module, name and place in the import table.
fn wanted(file: &PeFile64<'_>) -> object::read::Result<Vec<(String, String, usize)>> {
    let mut found = Vec::new();
    let Some(table) = file.import_table()? else { return Ok(found) };
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let module = String::from_utf8_lossy(table.name(descriptor.name.get(LE))?).into_owned();
        let mut at = wide(descriptor.first_thunk.get(LE));
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE))?;
        while let Some(thunk) = thunks.next::<pe::ImageNtHeaders64>()? {
            let name = match table.import::<pe::ImageNtHeaders64>(thunk)? {
                Wanted::Ordinal(number) => format!("#{number}"),
                Wanted::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
            };
            found.push((module.clone(), name, at));
            at += size_of::<u64>();
        }
    }
    Ok(found)
}

/// `mov r10, function; mov r11, through; jmp r11`.
fn thunk(function: usize, through: usize) -> Vec<u8> {
    let mut code = vec![0x49, 0xBA];
    code.extend(function.to_le_bytes());
    code.extend([0x49, 0xBB]);
    code.extend(through.to_le_bytes());
    code.extend([0x41, 0xFF, 0xE3]);
    code
}

/// Changes to the thread's own stack, calls the function in `r10` with eight arguments of the caller
/// (no import has more), does what is given besides, and changes back.
macro_rules! on_own_stack {
    ($($then:literal),*; $($operand:tt)*) => {
        naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "mov rax, rsp",
            "or rax, {last}",
            "mov rsp, [rax - {slot} + 1]",
            // Room for four arguments in registers, and four that were on the stack.
            "sub rsp, 0x40",
            "mov rax, [rbp + 0x30]",
            "mov [rsp + 0x20], rax",
            "mov rax, [rbp + 0x38]",
            "mov [rsp + 0x28], rax",
            "mov rax, [rbp + 0x40]",
            "mov [rsp + 0x30], rax",
            "mov rax, [rbp + 0x48]",
            "mov [rsp + 0x38], rax",
            "call r10",
            $($then,)*
            "mov rsp, rbp",
            "pop rbp",
            "ret",
            $($operand)*
            last = const REGION_BYTES - 1,
            slot = const HOST_STACK_SLOT,
        )
    };
}

/// Calls the function in `r10` on the thread's own stack.
///
/// # Safety
/// The caller runs on a kernel stack, as the driver always does.
#[unsafe(naked)]
pub(super) unsafe extern "win64" fn on_host_stack() {
    on_own_stack!(;)
}

/// The same, and the thread may lose its processor once the function is through.
///
/// # Safety
/// As [`on_host_stack`].
#[unsafe(naked)]
pub(super) unsafe extern "win64" fn on_host_stack_with_point() {
    on_own_stack!(
        "mov [rsp + 0x30], rax", "call {after}", "mov rax, [rsp + 0x30]";
        after = sym after_import,
    )
}

/// An import is through; what it did is done.
extern "win64" fn after_import() {
    crate::kernel::current().point(AFTER_IMPORT);
}

/// What a point after an import is called.
const AFTER_IMPORT: u64 = 1 << 40;
