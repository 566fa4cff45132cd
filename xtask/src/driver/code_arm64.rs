//! The instructions of an arm64 image: none that is privileged, no gate.
//!
//! Every instruction is four bytes. Refused are, for the reasons of [`super::code_x64`]: moves to
//! and from system registers and system operations that exception level 0 has no access to
//! (`op1` is not 3), `msr` to a field of PSTATE (`daifset` and the like), `eret`, `drps`, and all
//! instructions that raise an exception but `brk`, which is how LLVM ends what cannot go on.
//!
//! Source: Arm Architecture Reference Manual, DDI 0487, C4.1 "A64 instruction set encoding" and
//! D23 on the system registers' encoding

use super::image::Section;

/// Bits of an instruction, from the lowest.
const fn bits(word: u32, lowest: u32, count: u32) -> u32 {
    (word >> lowest) & ((1 << count) - 1)
}

/// Why an instruction is refused.
fn refusal(word: u32) -> Option<&'static str> {
    const EXCEPTIONS: u32 = 0xd4;
    const BRK: u32 = 0b001;
    const SYSTEM: u32 = 0b11_0101_0100;
    const PSTATE: u32 = 4;
    if bits(word, 24, 8) == EXCEPTIONS && bits(word, 21, 3) != BRK {
        return Some("a gate");
    }
    if matches!(word, 0xd69f_03e0 | 0xd6bf_03e0) {
        return Some("privileged");
    }
    if bits(word, 22, 10) != SYSTEM {
        return None;
    }
    let (op0, op1, crn) = (bits(word, 19, 2), bits(word, 16, 3), bits(word, 12, 4));
    (op1 != 3 || op0 == 0 && crn == PSTATE).then_some("privileged")
}

/// Refused instructions of an executable section.
pub(super) fn broken(section: &Section<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (index, word) in section.code().chunks_exact(4).enumerate() {
        let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        if let Some(why) = refusal(word) {
            let at = index * 4;
            found.push(format!("{why}: {word:#010x} in {} at +{at:#x}", section.name));
        }
    }
    found
}
