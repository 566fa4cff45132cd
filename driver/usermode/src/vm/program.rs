//! A loaded program: load once, run often.

use core::fmt;
use std::sync::Arc;

use solana_sbpf::elf::Executable;
use solana_sbpf::error::{EbpfError, ProgramResult};
use solana_sbpf::memory_region::AccessType;
use solana_sbpf::program::{BuiltinProgram, FunctionRegistry, SBPFVersion};
use solana_sbpf::verifier::RequisiteVerifier;
use solana_sbpf::vm::{CallFrame, Config, EbpfVm, ExecutionMode};

use super::error::{LoadError, Location, RunError};
use super::helper::{self, Refusal};
use super::layout::{CALL_FRAMES_MAX, CONTEXT_START, FRAME_STRIDE_BYTES};
use super::link::{Image, link};
use super::map::Map;
use super::memory::region_name;
use super::object::Object;
use super::state::State;
use super::{CONTEXT_BYTES, Env};

/// A program with its maps and global data.
///
/// An invocation begins with a fresh context, stack and random sequence; only maps and global
/// data carry over.
pub struct Program {
    names: Vec<String>,
    origins: Vec<(usize, usize)>,
    loader: Arc<BuiltinProgram<State>>,
    executable: Executable<State>,
    state: State,
    frames: Vec<CallFrame>,
}

impl Program {
    /// Loads a program: the only one whose section's name begins with `flow_classify`, or the one
    /// in the section, or else the function, that `section` names.
    ///
    /// # Errors
    /// If there is no such program, several, or one that cannot be run exactly.
    pub fn load(object: &Object, section: Option<&str>) -> Result<Self, LoadError> {
        Self::from_image(link(object, section)?)
    }

    pub(super) fn from_image(image: Image) -> Result<Self, LoadError> {
        let mut loader = BuiltinProgram::new_loader(config());
        let library = |error: &dyn fmt::Display| LoadError::Verifier(error.to_string());
        helper::register(&mut loader).map_err(|error| library(&error))?;
        let loader = Arc::new(loader);
        let Image { names, translation, maps, globals, frames } = image;
        let text: Vec<u8> = translation.code.iter().flat_map(|slot| slot.encode()).collect();
        let executable = Executable::from_text_bytes(
            &text,
            Arc::clone(&loader),
            SBPFVersion::V4,
            FunctionRegistry::default(),
        )
        .map_err(|error| library(&error))?;
        executable.verify::<RequisiteVerifier>().map_err(|error| library(&error))?;
        let state = State::new(maps, globals, frames, loader.get_config())?;
        Ok(Self {
            names,
            origins: translation.origins,
            frames: vec![CallFrame::default(); CALL_FRAMES_MAX],
            loader,
            executable,
            state,
        })
    }

    /// Name of the program's function.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Names of the maps, in the object's order.
    pub fn map_names(&self) -> impl Iterator<Item = &str> {
        self.state.maps.iter().map(Map::name)
    }

    /// The map of a name.
    #[must_use]
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.state.maps.iter().find(|map| map.name() == name)
    }

    /// The map of a name, to change it.
    pub fn map_mut(&mut self, name: &str) -> Option<&mut Map> {
        self.state.maps.iter_mut().find(|map| map.name() == name)
    }

    /// Calls of the print helpers so far; the text itself is dropped.
    #[must_use]
    pub const fn prints(&self) -> u64 {
        self.state.prints
    }

    /// Runs the program once. `data` becomes the segment between `data_start` and `data_end`,
    /// which are set in the program's copy of the context; without it both are 0.
    ///
    /// # Errors
    /// If the program leaves its memory or its budgets.
    pub fn run(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        env: &Env,
    ) -> Result<u32, RunError> {
        self.run_wide(context, data, env).map(|answer| {
            // The hook's answer is a C enumeration: the low 32 bits of r0.
            let [a, b, c, d, ..] = answer.to_le_bytes();
            u32::from_le_bytes([a, b, c, d])
        })
    }

    /// [`Self::run`] with the whole of r0.
    pub(super) fn run_wide(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        env: &Env,
    ) -> Result<u64, RunError> {
        let library = |error: EbpfError| RunError::Other(error.to_string());
        self.state.begin(context, data, env).map_err(library)?;
        let loader = Arc::clone(&self.loader);
        let mut vm = EbpfVm::new(loader, SBPFVersion::V4, &mut self.state, 0);
        vm.registers[1] = CONTEXT_START;
        let mut mode = ExecutionMode::Interpreted;
        let (_, result) = vm.execute_program(&self.executable, &mut mode, &mut self.frames);
        let slot = vm.registers[11];
        drop(vm);
        self.state.end().map_err(library)?;
        match result {
            ProgramResult::Ok(answer) => Ok(answer),
            ProgramResult::Err(error) => Err(self.run_error(error, slot)),
        }
    }

    /// The program's copy of the context after the last run.
    #[cfg(test)]
    pub(super) fn context(&self) -> &[u8] {
        self.state.context()
    }

    #[cold]
    fn run_error(&self, error: EbpfError, slot: u64) -> RunError {
        let at = self.location(slot);
        match error {
            EbpfError::AccessViolation(access, address, bytes, _)
            | EbpfError::StackAccessViolation(access, address, bytes, _) => RunError::Memory {
                access: match access {
                    AccessType::Load => "load",
                    AccessType::Store => "store",
                },
                address,
                bytes,
                region: region_name(address),
                at,
            },
            EbpfError::ExceededMaxInstructions => RunError::Budget { at },
            EbpfError::CallDepthExceeded => RunError::Stack { at },
            EbpfError::SyscallError(fault) => match fault.downcast::<helper::Fault>() {
                Ok(fault) => match fault.refusal {
                    Refusal::Argument(reason) => RunError::Helper { name: fault.name, reason, at },
                    Refusal::Budget => RunError::Budget { at },
                },
                Err(other) => RunError::Other(other.to_string()),
            },
            // The translator and the verifier leave no way to these.
            other @ (EbpfError::ElfError(_)
            | EbpfError::FunctionAlreadyRegistered(_)
            | EbpfError::ExitRootCallFrame
            | EbpfError::DivideByZero
            | EbpfError::DivideOverflow
            | EbpfError::ExecutionOverrun
            | EbpfError::CallOutsideTextSegment
            | EbpfError::JitNotCompiled
            | EbpfError::InvalidMemoryRegion(_)
            | EbpfError::InvalidInstruction
            | EbpfError::UnsupportedInstruction
            | EbpfError::ExhaustedTextSegment(_)
            | EbpfError::LibcInvocationFailed(..)
            | EbpfError::VerifierError(_)) => RunError::Other(format!("{other} in {at}")),
        }
    }

    fn location(&self, slot: u64) -> Location {
        let origin = usize::try_from(slot).ok().and_then(|slot| self.origins.get(slot));
        let (function, instruction) = origin.copied().unwrap_or_default();
        let function = self.names.get(function).cloned().unwrap_or_default();
        Location { function, instruction }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// How the VM runs; the mapping and the executable share it.
fn config() -> Config {
    Config {
        max_call_depth: CALL_FRAMES_MAX,
        stack_frame_size: FRAME_STRIDE_BYTES,
        enable_address_translation: true,
        enable_stack_frame_gaps: false,
        enable_instruction_meter: true,
        aligned_memory_mapping: true,
        enabled_sbpf_versions: SBPFVersion::V4..=SBPFVersion::V4,
        ..Config::default()
    }
}
