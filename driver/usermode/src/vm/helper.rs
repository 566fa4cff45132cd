//! Helper functions, by the ids of ebpf-for-windows.
//!
//! Source: microsoft/ebpf-for-windows, include/ebpf_structs.h (`ebpf_helper_id_t`) and
//! libs/execution_context/ebpf_core.c (commit 0be2d1c). Linux has other ids for most.
//! A pointer that does not lead to enough bytes of the program ends the run with an error.

use core::cmp::Ordering;

use solana_sbpf::ebpf;
use solana_sbpf::elf::ElfError;
use solana_sbpf::memory_region::AccessType;
use solana_sbpf::program::{BuiltinFunctionDefinition, BuiltinProgram};

use super::kind::{Condition, MapError};
use super::state::State;

/// Why a helper ended the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An argument that it cannot take.
    Argument(&'static str),
    /// More work than the budget has left.
    Budget,
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self::Argument(reason)
    }
}

/// A helper's refusal on its way through the VM library.
#[derive(Debug, thiserror::Error)]
#[error("call {name}: {refusal:?}")]
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) refusal: Refusal,
}

/// Defines the supported helpers: id, name for the VM's registry, adapter type, function.
macro_rules! helpers {
    ($($id:literal $name:literal $adapter:ident $function:path;)+) => {
        const SUPPORTED: &[(i32, &str)] = &[$(($id, $name)),+];

        /// Registers every helper with the VM.
        ///
        /// # Errors
        /// If two names have the same hash.
        pub(super) fn register(loader: &mut BuiltinProgram<State>) -> Result<(), ElfError> {
            $(loader.register_definition::<$adapter>($name)?;)+
            Ok(())
        }

        $(
            struct $adapter;
            impl BuiltinFunctionDefinition<State> for $adapter {
                type Error = Fault;
                fn rust(
                    state: &mut State, a: u64, b: u64, c: u64, d: u64, e: u64,
                ) -> Result<u64, Fault> {
                    $function(state, [a, b, c, d, e])
                        .map_err(|refusal| Fault { name: $name, refusal })
                }
            }
        )+
    };
}

helpers! {
    1 "bpf_map_lookup_elem" MapLookup map_lookup;
    2 "bpf_map_update_elem" MapUpdate map_update;
    3 "bpf_map_delete_elem" MapDelete map_delete;
    6 "bpf_get_prandom_u32" PseudoRandom pseudo_random;
    7 "bpf_ktime_get_boot_ns" BootNanoseconds nanoseconds;
    8 "bpf_get_smp_processor_id" Processor processor;
    9 "bpf_ktime_get_ns" Nanoseconds nanoseconds;
    12 "bpf_trace_printk2" Print2 print;
    13 "bpf_trace_printk3" Print3 print;
    14 "bpf_trace_printk4" Print4 print;
    15 "bpf_trace_printk5" Print5 print;
    19 "bpf_get_current_pid_tgid" Process process;
    22 "bpf_memcpy_s" MemoryCopy memory_copy;
    23 "bpf_memcmp_s" MemoryCompare memory_compare;
    24 "bpf_memset" MemorySet memory_set;
    25 "bpf_memmove_s" MemoryMove memory_copy;
    30 "bpf_ktime_get_boot_ms" BootMilliseconds milliseconds;
    31 "bpf_ktime_get_ms" Milliseconds milliseconds;
}

/// Helpers that exist on Windows and not here, so that refusing them can name them.
const UNSUPPORTED: &[(i32, &str)] = &[
    (4, "bpf_map_lookup_and_delete_elem"),
    (5, "bpf_tail_call"),
    (10, "bpf_csum_diff"),
    (11, "bpf_ringbuf_output"),
    (16, "bpf_map_push_elem"),
    (17, "bpf_map_pop_elem"),
    (18, "bpf_map_peek_elem"),
    (20, "bpf_get_current_logon_id"),
    (21, "bpf_is_current_admin"),
    (26, "bpf_get_socket_cookie"),
    (27, "bpf_strncpy_s"),
    (28, "bpf_strncat_s"),
    (29, "bpf_strnlen_s"),
    (32, "bpf_perf_event_output"),
    (33, "bpf_get_current_process_start_key"),
    (34, "bpf_get_current_thread_create_time"),
    (35, "bpf_redirect_map"),
];

/// The immediate by which the VM finds a helper.
///
/// # Errors
/// With the helper's name if it is known but not supported.
pub(super) fn call_key(id: i32) -> Result<i32, Option<&'static str>> {
    let find = |list: &[(i32, &'static str)]| {
        list.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
    };
    let name = find(SUPPORTED).ok_or_else(|| find(UNSUPPORTED))?;
    Ok(ebpf::hash_symbol_name(name.as_bytes()).cast_signed())
}

type Arguments = [u64; 5];
type Answer = Result<u64, Refusal>;

/// `EINVAL` of the Windows C runtime.
const EINVAL: i64 = 22;

/// Longest format string of `bpf_trace_printk`, its end included (`MAX_PRINTK_STRING_SIZE` - 1).
const FORMAT_BYTES_MAX: u64 = 511;

fn map_lookup(state: &mut State, [handle, key, ..]: Arguments) -> Answer {
    let (map, key, _) = state.map_and_key(handle, key)?;
    Ok(map.address_of(key).unwrap_or(0))
}

fn map_update(state: &mut State, [handle, key, value, flags, _]: Arguments) -> Answer {
    state.read_value(handle, value)?;
    let (map, key, value) = state.map_and_key(handle, key)?;
    // The flags are an enumeration of 32 bits by the time the map sees them.
    let condition = match flags & u64::from(u32::MAX) {
        0 => Condition::Any,
        1 => Condition::NoExist,
        2 => Condition::Exist,
        _ => Condition::Unknown,
    };
    Ok(answer_of(map.update_if(key, value, condition)))
}

fn map_delete(state: &mut State, [handle, key, ..]: Arguments) -> Answer {
    let (map, key, _) = state.map_and_key(handle, key)?;
    Ok(answer_of(map.delete(key)))
}

fn answer_of(result: Result<(), MapError>) -> u64 {
    result.map_or_else(|error| negative(i64::from(error.ebpf_result())), |()| 0)
}

const fn negative(code: i64) -> u64 {
    code.wrapping_neg().cast_unsigned()
}

fn pseudo_random(state: &mut State, _: Arguments) -> Answer {
    Ok(state.random())
}

fn nanoseconds(state: &mut State, _: Arguments) -> Answer {
    Ok(state.env.now_ns)
}

fn milliseconds(state: &mut State, _: Arguments) -> Answer {
    Ok(state.env.now_ns / 1_000_000)
}

fn processor(_: &mut State, _: Arguments) -> Answer {
    Ok(0)
}

fn process(state: &mut State, _: Arguments) -> Answer {
    Ok(state.env.pid_tgid)
}

/// Answers as Windows does while nobody traces: 0, or -1 for an impossible length.
fn print(state: &mut State, [format, bytes, ..]: Arguments) -> Answer {
    state.memory.check(AccessType::Load, format, length(bytes)?)?;
    if !(2..=FORMAT_BYTES_MAX).contains(&bytes) {
        return Ok(negative(1));
    }
    state.prints += 1;
    Ok(0)
}

/// Serves `bpf_memmove_s` too: a copy may always overlap here.
fn memory_copy(state: &mut State, [to, to_bytes, from, bytes, _]: Arguments) -> Answer {
    if bytes > to_bytes {
        return Ok(negative(EINVAL));
    }
    state.memory.check(AccessType::Load, from, length(bytes)?)?;
    state.memory.check(AccessType::Store, to, length(bytes)?)?;
    state.charge(bytes)?;
    state.memory.copy(to, from, length(bytes)?)?;
    Ok(0)
}

fn memory_compare(
    state: &mut State,
    [left, left_bytes, right, right_bytes, _]: Arguments,
) -> Answer {
    let common = left_bytes.min(right_bytes);
    state.memory.check(AccessType::Load, left, length(common)?)?;
    state.memory.check(AccessType::Load, right, length(common)?)?;
    state.charge(common)?;
    let order =
        state.memory.compare(left, right, length(common)?)?.then(left_bytes.cmp(&right_bytes));
    Ok(match order {
        Ordering::Less => negative(1),
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

fn memory_set(state: &mut State, [to, bytes, value, ..]: Arguments) -> Answer {
    state.memory.check(AccessType::Store, to, length(bytes)?)?;
    state.charge(bytes)?;
    let [value, ..] = value.to_le_bytes();
    state.memory.fill(to, length(bytes)?, value)?;
    Ok(to)
}

fn length(bytes: u64) -> Result<usize, &'static str> {
    usize::try_from(bytes).map_err(|_too_large| super::memory::BAD_POINTER)
}
