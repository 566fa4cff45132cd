//! Reads program data of an extension as deeply as the core does, and refuses what it refuses.
//!
//! Source: microsoft/ebpf-for-windows, libs/shared/shared_common.c and
//! libs/execution_context/ebpf_program.c (read 2026-11)

use super::layout::{
    AttachProviderData, ContextCreateFn, ContextDescriptor, ContextDestroyFn, HelperAddresses,
    HelperPrototype, ProgramData, ProgramInformation, TypeDescriptor,
};
use crate::fwp::text;
use crate::memory;
use weir_abi::identifiers::Guid;

/// What an extension says of its program type.
#[derive(Clone, Debug)]
pub struct ProgramInfo {
    /// The type's name.
    pub name: String,
    /// The type.
    pub program_type: Guid,
    /// `bpf_prog_type`.
    pub bpf_type: u32,
    /// The context.
    pub context: ContextDescriptor,
    /// Helpers of the type.
    pub specific: Vec<Helper>,
    /// General helpers that the extension replaces.
    pub global: Vec<Helper>,
    /// Makes and takes apart contexts for test runs.
    pub test_run: Option<(ContextCreateFn, ContextDestroyFn)>,
    /// The level of a test run.
    pub required_irql: u8,
}

/// A helper function.
#[derive(Clone, Debug)]
pub struct Helper {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// `ebpf_return_type_t`.
    pub return_type: u32,
    /// `ebpf_argument_type_t`.
    pub arguments: [u32; 5],
    /// Whether the context is a sixth argument.
    pub has_implicit_context: bool,
    /// Address of the function.
    pub address: u64,
}

/// `HIGH_LEVEL`.
const IRQL_MAX: u8 = 15;
/// `EBPF_MAX_GENERAL_HELPER_FUNCTION`: helpers of a program type have numbers above it.
const GENERAL_HELPER_MAX: u32 = 0xffff;
/// Largest `ebpf_argument_type_t` and `ebpf_return_type_t` that are in use.
const ARGUMENT_TYPE_MAX: u32 = 11;

/// Says what is wrong with a part.
type Checked<T> = Result<T, String>;

/// Every structure that the core checks begins with a header.
trait Versioned: Copy {
    const NAME: &'static str;
    /// Sizes that the core knows: the present one, then older ones.
    const SIZES: &'static [usize];
    fn header(&self) -> super::layout::Header;
}

macro_rules! versioned {
    ($($type:ty, $sizes:expr;)*) => { $(
        impl Versioned for $type {
            const NAME: &'static str = stringify!($type);
            const SIZES: &'static [usize] = &$sizes;
            fn header(&self) -> super::layout::Header {
                self.header
            }
        }
    )* };
}

versioned! {
    AttachProviderData, [48];
    TypeDescriptor, [61];
    HelperPrototype, [66, 65, 64];
    ProgramInformation, [64];
    HelperAddresses, [40];
    ProgramData, [72, 65];
}

fn read<T: Versioned>(at: *const T) -> Checked<T> {
    let name = T::NAME;
    let it = memory::fetch(at).ok_or_else(|| format!("{name} is null"))?;
    let header = it.header();
    if header.version != 1 {
        return Err(format!("{name} has version {}", header.version));
    }
    if !T::SIZES.contains(&header.size) {
        return Err(format!("{name} has size {}, not {:?}", header.size, T::SIZES));
    }
    // Older, shorter structures have no place in a new extension: fields would be read from
    // whatever follows.
    if header.size == T::SIZES[0] && header.total_size != size_of::<T>() {
        return Err(format!("{name} has total size {}", header.total_size));
    }
    Ok(it)
}

/// Reads what a hook provider says of itself.
pub(super) fn read_attach_provider(at: *const AttachProviderData) -> Checked<AttachProviderData> {
    read(at)
}

/// Reads what a program information provider says.
pub(super) fn read_program(at: *const ProgramData) -> Checked<ProgramInfo> {
    let data = read(at)?;
    let information = read(data.information)?;
    let descriptor = read(information.descriptor)?;
    let context = memory::fetch(descriptor.context).ok_or("the context descriptor is null")?;
    if context.size < 16 {
        return Err(format!("the context has {} bytes", context.size));
    }
    let test_run = match (data.context_create, data.context_destroy) {
        (Some(create), Some(destroy)) => Some((create, destroy)),
        (None, None) => None,
        _ => return Err("context_create and context_destroy do not come as a pair".to_owned()),
    };
    if data.required_irql > IRQL_MAX {
        return Err(format!("required_irql is {}", data.required_irql));
    }
    if data.header.size == 72 && data.capabilities != 0 {
        return Err(format!("capabilities are {:#x}", data.capabilities));
    }
    let name = text::byte_string(descriptor.name).filter(|name| !name.is_empty());
    let specific = helpers(information.specific, information.specific_count, data.specific)?;
    if let Some(helper) = specific.iter().find(|it| it.id <= GENERAL_HELPER_MAX) {
        return Err(format!("helper {} of the type has a general number", helper.id));
    }
    Ok(ProgramInfo {
        name: name.ok_or("the program type has no name")?,
        program_type: descriptor.program_type,
        bpf_type: descriptor.bpf_type,
        context,
        specific,
        global: helpers(information.global, information.global_count, data.global)?,
        test_run,
        required_irql: data.required_irql,
    })
}

fn helpers(
    prototypes: *const HelperPrototype,
    count: u32,
    addresses: *const HelperAddresses,
) -> Checked<Vec<Helper>> {
    if count == 0 && addresses.is_null() {
        return Ok(Vec::new());
    }
    let addresses = read(addresses)?;
    if addresses.count != count || count == 0 {
        return Err(format!("{count} prototypes of helpers, {} addresses", addresses.count));
    }
    let mut helpers = Vec::new();
    let mut at = prototypes;
    for place in 0..usize::try_from(count).unwrap_or(0) {
        let prototype = read(at)?;
        let address = memory::fetch(addresses.addresses.wrapping_add(place));
        let name = text::byte_string(prototype.name).filter(|name| !name.is_empty());
        let types = prototype.arguments.iter().all(|kind| *kind <= ARGUMENT_TYPE_MAX);
        if !types || prototype.return_type > ARGUMENT_TYPE_MAX {
            return Err(format!("helper {} has an unknown type", prototype.id));
        }
        helpers.push(Helper {
            id: prototype.id,
            name: name.ok_or("a helper has no name")?,
            return_type: prototype.return_type,
            arguments: prototype.arguments,
            has_implicit_context: prototype.header.size >= 66
                && prototype.has_implicit_context != 0,
            address: address.filter(|it| *it != 0).ok_or("a helper has no address")?,
        });
        at = at.wrapping_byte_add(prototype.header.total_size);
    }
    Ok(helpers)
}
