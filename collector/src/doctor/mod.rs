//! `weir doctor`: why a program is not invoked, or a flow is not redirected.
//!
//! * [`bundle`]: evidence as a folder or a zip, written and read.
//! * [`collect`]: evidence of the machine that this runs on.
//! * `look`: files to evidence, with what could not be read. * `rows`: what several files say.
//! * `lacks`: evidence that is missing, told once.
//! * `objects`: programs' objects that were given.
//! * `view`: the report as one document; `terminal`, `html`: how it is shown.
//! * `watch`: looks now and then, for `weir run`.
//! * `args`: values of the options.

mod args;
pub mod bundle;
pub mod collect;
mod html;
mod lacks;
mod look;
mod objects;
mod rows;
mod terminal;
mod view;
#[cfg_attr(
    not(any(windows, test)),
    expect(dead_code, reason = "the same everywhere, but only Windows is looked at")
)]
mod watch;

#[cfg(feature = "schema")]
pub use view::schema;

pub(crate) use args::{parse_program, parse_redirect};
pub(crate) use watch::Watch;

use crate::cli::DoctorArgs;
use crate::failure::{ExitCode, Failure};
use crate::output;
use crate::unseen::escaped_in_json;
use look::Looked;
use std::io::Write;
use view::View;
use weir_stages::checks::facts::Expected;
use weir_stages::checks::table;
use weir_stages::checks::{Report, Verdict};

/// The code of a failure of the command itself: 0 to 3 are verdicts.
#[must_use]
pub const fn exit_code(code: ExitCode) -> ExitCode {
    if code.number() <= Verdict::Unknown.number() { ExitCode::DoctorFailed } else { code }
}

/// Runs the command; the verdict is its exit code.
///
/// # Errors
/// A bundle cannot be read at all, an output cannot be written, an id is none.
pub fn run(args: &DoctorArgs, out: &mut impl Write) -> Result<Verdict, Failure> {
    if let Some(id) = &args.explain {
        return explain(id, out);
    }
    let mut looked = look(args)?;
    looked.evidence.expected = Expected {
        programs: args.program.clone(),
        redirects: args.redirect.clone(),
        collector: Some(args.collector),
    };
    objects::add(&mut looked.evidence, &args.object)?;
    let report = Report::of(&looked.evidence);
    let view = View::new(&report, &looked.evidence, &looked.source);
    let is_page_alone = args.html.as_deref().is_some_and(output::is_standard);
    if let Some(path) = &args.html {
        output::write_whole(path, html::page(&view).as_bytes(), out)?;
    }
    if args.json {
        let text = serde_json::to_string_pretty(&view).map_err(|error| {
            let message = format!("print the report: {error}");
            Failure::new(ExitCode::Unexpected, message, "report this")
        })?;
        output::print(format!("{}\n", escaped_in_json(&text)).as_bytes(), out)?;
    } else if !is_page_alone {
        output::print(terminal::report(&view).as_bytes(), out)?;
    }
    Ok(report.verdict)
}

fn look(args: &DoctorArgs) -> Result<Looked, Failure> {
    if args.from.is_empty() {
        return look::at_this_machine(args);
    }
    look::at_bundles(&args.from)
}

/// How `weir run` looks: with every tool, and with its own figures as it has them.
#[cfg(windows)]
pub(crate) fn looks(
    bpftool: Option<std::path::PathBuf>,
    listens_at: core::net::SocketAddr,
) -> impl FnMut(&str) -> Result<weir_stages::checks::Evidence, String> + Send {
    move |page| {
        look::for_the_collector(bpftool.clone(), listens_at, page)
            .map_err(|error| error.to_string())
    }
}

fn explain(id: &str, out: &mut impl Write) -> Result<Verdict, Failure> {
    let check = table::check(id).ok_or_else(|| {
        let message = format!("explain `{id}`: there is no check of this id");
        let ids: Vec<&str> = table::CHECKS.iter().map(|it| it.id).collect();
        Failure::new(ExitCode::Usage, message, format!("ids are {}", ids.join(", ")))
    })?;
    output::print(terminal::explain(check).as_bytes(), out)?;
    Ok(Verdict::Ok)
}
