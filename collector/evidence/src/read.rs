//! Any file of a bundle, or any that somebody sent, into what it says.

use crate::sniff::{BEGINNING_BYTES, Form, asked_of_bpftool, form, named_service};
use crate::text::{self, BYTES_MAX};
use crate::{
    ReadError, boot, bpftool, ports, registry, service, sessions, system, telemetry, trace,
    wfpstate,
};
use std::io::{self, Read, Seek};
use weir_stages::checks::Piece;

/// What a file says. `file` is its path in the bundle, or the command that was asked.
///
/// # Errors
/// It cannot be read, is none of what is known here, or is damaged.
pub fn read<R: Read + Seek>(file: &str, mut source: R) -> Result<Vec<Piece>, ReadError> {
    let io = |error: io::Error| ReadError::Io { file: file.to_owned(), error };
    let mut beginning = Vec::new();
    source.by_ref().take(BEGINNING_BYTES as u64).read_to_end(&mut beginning).map_err(io)?;
    let form = form(file, &beginning);
    match form {
        Some(Form::Trace) => {
            source.rewind().map_err(io)?;
            Ok(vec![Piece::Trace(trace::read(file, source)?)])
        }
        Some(Form::Xml) => {
            source.rewind().map_err(io)?;
            Ok(vec![Piece::WfpState(wfpstate::read(file, source)?)])
        }
        _ => {
            // One byte more than is taken, so that a larger file is told from one of this size.
            let rest_max = (BYTES_MAX + 1).saturating_sub(beginning.len()) as u64;
            source.take(rest_max).read_to_end(&mut beginning).map_err(io)?;
            text_of(file, form, &beginning)
        }
    }
}

/// What a tool's output says.
fn text_of(file: &str, form: Option<Form>, bytes: &[u8]) -> Result<Vec<Piece>, ReadError> {
    let text = text::decode(file, bytes)?;
    if text.trim().is_empty() {
        return Err(ReadError::damaged(file, 0, "it is empty"));
    }
    Ok(match form {
        Some(Form::Json) if system::version(&text).is_some() => {
            vec![Piece::System(system::parse(file, &text)?)]
        }
        Some(Form::Json | Form::Bpftool) => bpftool::parse(file, &text, asked_of_bpftool(file))?,
        Some(Form::Services) => {
            let name = named_service(file);
            let services = service::parse(file, &text, name.as_deref())?;
            services.into_iter().map(Piece::Service).collect()
        }
        Some(Form::Sessions) => vec![Piece::Sessions(sessions::parse(file, &text)?)],
        Some(Form::Ports) => vec![Piece::Ports(ports::parse(file, &text)?)],
        Some(Form::Boot) => vec![Piece::Boot(boot::parse(file, &text)?)],
        Some(Form::Registry) => registry::parse(file, &text)?,
        Some(Form::Telemetry) => vec![Piece::Telemetry(telemetry::parse(file, &text)?)],
        Some(Form::Trace | Form::Xml) | None => {
            return Err(ReadError::Unknown { file: file.to_owned() });
        }
    })
}
