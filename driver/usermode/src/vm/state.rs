//! What a loaded program keeps: its memory, its maps and the inputs of the current invocation.

use core::ptr::NonNull;

use solana_sbpf::error::EbpfError;
use solana_sbpf::memory_region::MemoryMapping;
use solana_sbpf::vm::{Config, ContextObject};

use super::arena::Arena;
use super::error::LoadError;
use super::helper::Refusal;
use super::layout::{
    CONTEXT_START, DATA_START, FRAME_MAPPED_BYTES, HANDLE_WINDOW, STACK_GAP_BYTES,
    STACK_MAPPED_START, WINDOW_BYTES,
};
use super::map::Map;
use super::memory::Memory;
use super::{CONTEXT_BYTES, Env, INSTRUCTIONS_MAX};

/// Places of the segment's pointers in the context.
const DATA_START_OFFSET: usize = 88;
const DATA_END_OFFSET: usize = 96;

/// A section of global data.
pub(super) struct Global {
    pub(super) memory: Arena,
    pub(super) address: u64,
    pub(super) is_read_only: bool,
}

/// The VM library's context object; helpers work on it.
pub(super) struct State {
    pub(super) memory: Memory,
    pub(super) maps: Vec<Map>,
    pub(super) env: Env,
    /// Calls of the print helpers since the program was loaded.
    pub(super) prints: u64,
    remaining: u64,
    random: u64,
    /// Buffers of the map helpers; they hold the longest key and value of any map.
    key: Vec<u8>,
    value: Vec<u8>,
    context: Arena,
    stack: Arena,
    /// Keeps the memory of globals, which only the mapping looks at.
    _globals: Vec<Global>,
}

impl State {
    pub(super) fn new(
        maps: Vec<Map>,
        globals: Vec<Global>,
        frames: usize,
        config: &Config,
    ) -> Result<Self, LoadError> {
        let context = Arena::zeroed(CONTEXT_BYTES)?;
        let stack = Arena::zeroed(frames * FRAME_MAPPED_BYTES)?;
        let mut regions = vec![
            context.region(CONTEXT_START),
            stack.gapped_region(STACK_MAPPED_START, STACK_GAP_BYTES),
        ];
        regions.extend(maps.iter().map(Map::region));
        regions.extend(globals.iter().map(|global| match global.is_read_only {
            true => global.memory.read_only_region(global.address),
            false => global.memory.region(global.address),
        }));
        let memory =
            Memory::new(regions, config).map_err(|error| LoadError::Verifier(error.to_string()))?;
        let longest = |bytes: fn(&Map) -> usize| maps.iter().map(bytes).max().unwrap_or(0);
        Ok(Self {
            key: vec![0; longest(Map::key_bytes)],
            value: vec![0; longest(Map::value_bytes)],
            memory,
            maps,
            env: Env::default(),
            prints: 0,
            remaining: 0,
            random: 0,
            context,
            stack,
            _globals: globals,
        })
    }

    /// Makes everything but maps and globals as if no invocation had been.
    pub(super) fn begin(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        env: &Env,
    ) -> Result<(), EbpfError> {
        self.memory.set_data(data)?;
        let bytes = data.and_then(|data| u64::try_from(data.len()).ok());
        let (start, end) = bytes.map_or((0, 0), |bytes| (DATA_START, DATA_START + bytes));
        let copy = self.context.as_mut_slice();
        copy.copy_from_slice(context);
        copy[DATA_START_OFFSET..DATA_END_OFFSET].copy_from_slice(&start.to_le_bytes());
        copy[DATA_END_OFFSET..].copy_from_slice(&end.to_le_bytes());
        self.stack.as_mut_slice().fill(0);
        self.env = *env;
        self.random = env.random_seed;
        self.remaining = INSTRUCTIONS_MAX;
        Ok(())
    }

    /// Lets go of the segment.
    pub(super) fn end(&mut self) -> Result<(), EbpfError> {
        self.memory.set_data(None)
    }

    /// The context as the program left it.
    #[cfg(test)]
    pub(super) fn context(&self) -> &[u8] {
        self.context.as_slice()
    }

    /// The next of a sequence that the seed alone determines (SplitMix64, upper half).
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) >> 32
    }

    /// Takes the work of a helper on so many bytes out of the budget: an instruction for each 8.
    pub(super) fn charge(&mut self, bytes: u64) -> Result<(), Refusal> {
        let rest = self.remaining.checked_sub(bytes / 8).ok_or(Refusal::Budget)?;
        self.remaining = rest;
        Ok(())
    }

    /// Copies a map's value out of the program's memory, for [`Self::map_and_key`].
    pub(super) fn read_value(&mut self, handle: u64, address: u64) -> Result<(), Refusal> {
        let bytes = self.maps.get(map_number(handle)?).ok_or(BAD_HANDLE)?.value_bytes();
        self.charge(u64::try_from(bytes).unwrap_or(u64::MAX))?;
        Ok(self.memory.read(address, &mut self.value[..bytes])?)
    }

    /// A map, its key copied out of the program's memory, and the value read last.
    pub(super) fn map_and_key(
        &mut self,
        handle: u64,
        address: u64,
    ) -> Result<(&mut Map, &[u8], &[u8]), Refusal> {
        let map = self.maps.get_mut(map_number(handle)?).ok_or(BAD_HANDLE)?;
        let key = &mut self.key[..map.key_bytes()];
        self.memory.read(address, key)?;
        let value = &self.value[..map.value_bytes()];
        Ok((map, key, value))
    }
}

const BAD_HANDLE: &str = "the first argument is not a map";

/// The value that stands for a map in helper calls.
pub(super) fn map_handle(number: usize) -> Option<u64> {
    Some((HANDLE_WINDOW + u64::try_from(number).ok()?) * WINDOW_BYTES)
}

fn map_number(handle: u64) -> Result<usize, &'static str> {
    let number = (handle / WINDOW_BYTES).checked_sub(HANDLE_WINDOW).ok_or(BAD_HANDLE)?;
    if !handle.is_multiple_of(WINDOW_BYTES) {
        return Err(BAD_HANDLE);
    }
    usize::try_from(number).map_err(|_too_large| BAD_HANDLE)
}

impl ContextObject for State {
    fn consume(&mut self, amount: u64) {
        self.remaining = self.remaining.saturating_sub(amount);
    }

    fn get_remaining(&self) -> u64 {
        self.remaining
    }

    fn active_mapping_ptr(&mut self) -> NonNull<MemoryMapping> {
        NonNull::from(&mut self.memory.mapping)
    }
}
