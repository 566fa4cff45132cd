//! Compiled programs, loaded alike into the kernel's core and into the hook of user mode.

use weir_abi::attach::AttachParameter;
use weir_abi::wire::Text;
use weir_sim_kernel::ebpf::{Body, Object, Params, Program};
use weir_usermode::program::Shared;

/// The map of the samples that block by name.
pub const BLOCKED_MAP: &str = "blocked_names";

/// Names that generated traffic asks for and that [`Sample::ours`] block.
pub const BLOCKED: [&str; 2] = ["ads.tracker.test", "blocked.example"];

/// A program from an object file.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its label; the name of its function where it is empty.
    pub label: String,
    /// The ELF object.
    pub object: Vec<u8>,
    /// Section or function, where the object has several.
    pub section: Option<String>,
    /// Names to be blocked, for programs that have such a map.
    pub blocked: Vec<String>,
}

macro_rules! ours {
    ($($name:literal),+) => {
        [$(($name, include_bytes!(concat!("../../../driver/programs/obj/", $name, ".o")).as_slice())),+]
    };
}

/// The sample programs by name.
const OURS: [(&str, &[u8]); 6] = ours!(
    "tls_sni_block",
    "http_host_block",
    "protocol_detect",
    "never_decides",
    "allow_all",
    "block_all"
);

impl Sample {
    /// The sample program of this name, which blocks [`BLOCKED`] if it blocks names.
    #[must_use]
    pub fn ours(name: &str) -> Option<Self> {
        let (label, object) = OURS.iter().find(|(label, _)| *label == name)?;
        Some(Self {
            label: (*label).to_owned(),
            object: object.to_vec(),
            section: None,
            blocked: BLOCKED.map(str::to_owned).to_vec(),
        })
    }

    /// Loads the program and fills its map.
    ///
    /// # Errors
    /// The object or the program is refused.
    pub fn load(&self) -> Result<Program, String> {
        let told = |error: &dyn core::fmt::Display| format!("load `{}`: {error}", self.label);
        let object = Object::parse(&self.object).map_err(|error| told(&error))?;
        let mut program =
            Program::load(&object, self.section.as_deref()).map_err(|error| told(&error))?;
        if let Some(map) = program.map_mut(BLOCKED_MAP) {
            for name in &self.blocked {
                let mut key = name.as_bytes().to_vec();
                key.resize(map.key_bytes(), 0);
                let mut value = vec![1];
                value.resize(map.value_bytes(), 0);
                map.update(&key, &value).map_err(|error| told(&error))?;
            }
        }
        Ok(program)
    }

    /// The label, or the function's name.
    ///
    /// # Errors
    /// It is no label.
    pub fn text(&self, program: &Program) -> Result<Text, String> {
        let name = if self.label.is_empty() { program.name() } else { &self.label };
        Text::new(name).ok_or_else(|| format!("`{name}` is no label"))
    }

    /// For the kernel's core: what it is attached with, and what runs.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn in_kernel(&self, compartment_id: u32) -> Result<(Params, Body), String> {
        let program = self.load()?;
        let label = self.text(&program)?;
        Ok((params(compartment_id, label), Body::Code(Box::new(program))))
    }

    /// For the hook of user mode.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn in_user_mode(&self) -> Result<(Text, Shared), String> {
        let program = self.load()?;
        let label = self.text(&program)?;
        Ok((label, Shared::new(program)))
    }
}

/// What a program is attached with.
#[must_use]
pub fn params(compartment_id: u32, label: Text) -> Params {
    Params::data(&AttachParameter { compartment_id, label }.to_bytes())
}
