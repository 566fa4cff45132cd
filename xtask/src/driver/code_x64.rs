//! The instructions of an x64 image: none that is privileged, none that needs saved state.
//!
//! Privileged instructions would pass by the kernel's exports, and nothing that runs the image
//! outside a kernel could see them. Refused are those of [`Instruction::is_privileged`]: all that
//! fault outside ring 0 (`hlt`, `lgdt`, `lidt`, `lldt`, `ltr`, `lmsw`, `clts`, `mov` to and from
//! control and debug registers, `rdmsr`, `wrmsr`, `invd`, `wbinvd`, `invlpg`, `swapgs`, `sysret`,
//! `xsetbv`, VMX and SVM), and those that `IOPL` guards (`in`, `ins`, `out`, `outs`, `cli`, `sti`).
//! Refused too: system calls and software interrupts but `int3` (padding) and `int 29h` (fast
//! fail), which is how LLVM ends what cannot go on.
//!
//! On x64 kernel code may use SSE registers at any level without saving them, but neither x87, MMX
//! nor AVX.
//! Source: learn.microsoft.com/windows-hardware/drivers/kernel/using-floating-point-or-mmx-in-a-wdm-driver
//! (read 2026-11)

use super::image::Section;
use iced_x86::{
    Decoder, DecoderOptions, EncodingKind, Formatter, Instruction, MasmFormatter, Mnemonic, OpKind,
    Register,
};

/// Why an instruction is refused.
fn refusal(instruction: &Instruction) -> Option<&'static str> {
    if instruction.is_invalid() {
        return Some("no instruction");
    }
    if instruction.is_privileged() {
        return Some("privileged");
    }
    let is_gate = matches!(
        instruction.mnemonic(),
        Mnemonic::Syscall | Mnemonic::Sysenter | Mnemonic::Into | Mnemonic::Int1 | Mnemonic::Vmcall
    );
    let is_interrupt = instruction.mnemonic() == Mnemonic::Int && instruction.immediate8() != 0x29;
    if is_gate || is_interrupt {
        return Some("a gate");
    }
    let has_wide_register = (0..instruction.op_count()).any(|operand| {
        let register = instruction.op_register(operand);
        instruction.op_kind(operand) == OpKind::Register
            && (register.is_st() || register.is_mm() || register.is_ymm() || register.is_zmm())
    });
    let is_x87 = instruction.op0_register() != Register::None && instruction.op0_register().is_st();
    if has_wide_register || is_x87 || is_extended(instruction) {
        return Some("needs saved state");
    }
    None
}

fn is_extended(instruction: &Instruction) -> bool {
    use iced_x86::CpuidFeature::{FPU, MMX};
    instruction.encoding() != EncodingKind::Legacy
        || instruction.cpuid_features().iter().any(|feature| matches!(feature, &FPU | &MMX))
}

/// Refused instructions of an executable section.
pub(super) fn broken(section: &Section<'_>) -> Vec<String> {
    let address = u64::from(section.address);
    let decoder = Decoder::with_ip(64, section.code(), address, DecoderOptions::NONE);
    let mut formatter = MasmFormatter::new();
    let mut found = Vec::new();
    for instruction in decoder {
        if let Some(why) = refusal(&instruction) {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            found.push(format!("{why}: `{text}` in {} at {:#x}", section.name, instruction.ip()));
        }
    }
    found
}
