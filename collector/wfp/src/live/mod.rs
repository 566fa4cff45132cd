//! One look at this machine's filtering engine.
//!
//! It reads and adds nothing. There is no transaction around it: one that is held while a call
//! hangs would keep others from changing their rules. So a look during the driver's start may see
//! some of its objects and not others; the next look is right.
//!
//! * `engine`: the session and its calls.
//! * `numbers`: that the numbers of the other files are Windows' own.
//!
//! The crate's only `unsafe`.
#![expect(unsafe_code, reason = "calls of Windows, and the structures that it answers with")]

mod engine;
mod numbers;

use crate::error::WfpError;
use crate::layer::LAYERS;
use crate::survey::Survey;
use engine::Engine;

/// Looks. May take as long as the engine's service likes.
///
/// # Errors
/// Whatever keeps it from seeing all: then nothing is known.
pub fn look() -> Result<Survey, WfpError> {
    let engine = Engine::open()?;
    let mut survey = Survey {
        has_provider: engine.has_provider()?,
        has_sublayer: engine.has_sublayer()?,
        ..Survey::default()
    };
    for (place, layer) in LAYERS.iter().enumerate() {
        // Places are those of the same list.
        survey.callouts[place] = engine.callout(layer)?;
        survey.filters[place] = engine.filter(layer)?;
        survey.calls[place] = engine.calls(layer)?;
    }
    Ok(survey)
}
