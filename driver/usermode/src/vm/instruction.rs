//! One eBPF instruction slot (RFC 9669, section 3) and the opcodes by name.

/// Bytes of one instruction slot; the wide `lddw` takes two slots.
pub(super) const INSTRUCTION_BYTES: usize = 8;

/// The frame pointer, which a program may only read.
pub(super) const R10: u8 = 10;

/// An instruction slot, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) opcode: u8,
    pub(super) dst: u8,
    pub(super) src: u8,
    pub(super) offset: i16,
    pub(super) imm: i32,
}

impl Instruction {
    pub(super) const fn new(opcode: u8, dst: u8, src: u8, offset: i16, imm: i32) -> Self {
        Self { opcode, dst, src, offset, imm }
    }

    pub(super) const fn decode(bytes: [u8; INSTRUCTION_BYTES]) -> Self {
        let [opcode, registers, o0, o1, i0, i1, i2, i3] = bytes;
        Self {
            opcode,
            dst: registers & 0x0f,
            src: registers >> 4,
            offset: i16::from_le_bytes([o0, o1]),
            imm: i32::from_le_bytes([i0, i1, i2, i3]),
        }
    }

    pub(super) const fn encode(self) -> [u8; INSTRUCTION_BYTES] {
        let [o0, o1] = self.offset.to_le_bytes();
        let [i0, i1, i2, i3] = self.imm.to_le_bytes();
        [self.opcode, (self.src << 4) | self.dst, o0, o1, i0, i1, i2, i3]
    }

    /// Operation class, the low three bits.
    pub(super) const fn class(self) -> u8 {
        self.opcode & 0x07
    }

    /// Operation of the arithmetic and jump classes, the high four bits.
    pub(super) const fn operation(self) -> u8 {
        self.opcode & 0xf0
    }

    /// Whether the second operand is the source register.
    pub(super) const fn is_register(self) -> bool {
        self.opcode & REGISTER != 0
    }
}

/// Flag of the arithmetic and jump classes: the second operand is a register.
pub(super) const REGISTER: u8 = 0x08;

/// Classes.
pub(super) mod class {
    pub(in super::super) const LD: u8 = 0x00;
    pub(in super::super) const LDX: u8 = 0x01;
    pub(in super::super) const ST: u8 = 0x02;
    pub(in super::super) const STX: u8 = 0x03;
    pub(in super::super) const ALU32: u8 = 0x04;
    pub(in super::super) const JMP: u8 = 0x05;
    pub(in super::super) const JMP32: u8 = 0x06;
    pub(in super::super) const ALU64: u8 = 0x07;
}

/// Arithmetic operations.
pub(super) mod alu {
    pub(in super::super) const ADD: u8 = 0x00;
    pub(in super::super) const SUB: u8 = 0x10;
    pub(in super::super) const MUL: u8 = 0x20;
    pub(in super::super) const DIV: u8 = 0x30;
    pub(in super::super) const OR: u8 = 0x40;
    pub(in super::super) const AND: u8 = 0x50;
    pub(in super::super) const LSH: u8 = 0x60;
    pub(in super::super) const RSH: u8 = 0x70;
    pub(in super::super) const NEG: u8 = 0x80;
    pub(in super::super) const MOD: u8 = 0x90;
    pub(in super::super) const XOR: u8 = 0xa0;
    pub(in super::super) const MOV: u8 = 0xb0;
    pub(in super::super) const ARSH: u8 = 0xc0;
    pub(in super::super) const END: u8 = 0xd0;
}

/// Jump operations.
pub(super) mod jump {
    pub(in super::super) const JA: u8 = 0x00;
    pub(in super::super) const CALL: u8 = 0x80;
    pub(in super::super) const EXIT: u8 = 0x90;
    pub(in super::super) const JSLE: u8 = 0xd0;
}

/// Whole opcodes that the loader looks for or the translator emits.
pub(super) mod op {
    pub(in super::super) const LDDW: u8 = 0x18;
    pub(in super::super) const LDXDW: u8 = 0x79;
    pub(in super::super) const STXDW: u8 = 0x7b;
    pub(in super::super) const JA: u8 = 0x05;
    pub(in super::super) const GOTOL: u8 = 0x06;
    pub(in super::super) const CALL: u8 = 0x85;
    pub(in super::super) const CALLX: u8 = 0x8d;
    pub(in super::super) const EXIT: u8 = 0x95;
    pub(in super::super) const MOV32_IMM: u8 = 0xb4;
    pub(in super::super) const MOV32_REG: u8 = 0xbc;
    pub(in super::super) const MOV64_IMM: u8 = 0xb7;
    pub(in super::super) const MOV64_REG: u8 = 0xbf;
    pub(in super::super) const NEG64: u8 = 0x87;
    pub(in super::super) const XOR64_REG: u8 = 0xaf;
    pub(in super::super) const LSH64_IMM: u8 = 0x67;
    pub(in super::super) const ARSH64_IMM: u8 = 0xc7;
    pub(in super::super) const DIV64_REG: u8 = 0x3f;
    pub(in super::super) const MOD64_REG: u8 = 0x9f;
    pub(in super::super) const JEQ_IMM: u8 = 0x15;
    pub(in super::super) const JNE_IMM: u8 = 0x55;
    pub(in super::super) const JSGE_IMM: u8 = 0x75;
    pub(in super::super) const JEQ_REG: u8 = 0x1d;
    pub(in super::super) const JEQ32_REG: u8 = 0x1e;
    pub(in super::super) const JNE32_IMM: u8 = 0x56;
    pub(in super::super) const TO_BE: u8 = 0xdc;
    pub(in super::super) const TO_LE: u8 = 0xd4;
    pub(in super::super) const SWAP: u8 = 0xd7;
}
