//! The C runtime's memory functions, which the compiler calls by itself.
//!
//! IRQL: any, where the memory is resident.
//! Source: exported by name from ntoskrnl.exe on x64; mingw-w64, libntoskrnl.a (read
//! 2026-11)

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
#[expect(dead_code, reason = "called by generated code only; declared so that it finds them")]
unsafe extern "C" {
    fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8;
    fn memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8;
    fn memset(to: *mut u8, byte: i32, bytes: usize) -> *mut u8;
    fn memcmp(left: *const u8, right: *const u8, bytes: usize) -> i32;
}
