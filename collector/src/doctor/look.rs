//! Files to evidence: each is read by its content, and what cannot be read is told.

use super::bundle::{About, Bundle, Item, Memory, Note};
use super::collect::{self, Interrupt, Options};
use super::rows::Rows;
use super::view::{FileView, NoteView, Source, UnreadView};
use crate::cli::DoctorArgs;
use crate::failure::{ExitCode, Failure};
use crate::output;
#[cfg(windows)]
use core::net::SocketAddr;
use std::path::{Path, PathBuf};
use weir_evidence::registry;
use weir_stages::checks::facts::Scope;
use weir_stages::checks::{Evidence, Gap, Kind, Piece};

/// What was found.
pub(super) struct Looked {
    pub(super) evidence: Evidence,
    pub(super) source: Source,
    rows: Rows,
}

/// Why a trace that was there before anybody looked is not judged.
const OLD: &str = "it was there before anybody looked, and may be of any day; to judge it, name the \
                   file itself with --from";

impl Looked {
    fn new(bundle: Option<String>) -> Self {
        let source = Source { bundle, ..Source::default() };
        Self { evidence: Evidence::default(), source, rows: Rows::default() }
    }

    /// Reads a file. Whatever is wrong with it, the others count.
    fn take(&mut self, item: Item) {
        let Item { about, content } = item;
        let path = about.path.clone();
        if about.is_old {
            let holds = about.kind.map(Kind::name).into_iter().collect();
            return self.source.files.push(FileView { path, holds, not_judged: Some(OLD) });
        }
        if let Some(piece) = absent_store(&about) {
            let holds = vec![piece.kind().name()];
            self.source.files.push(FileView { path, holds, not_judged: None });
            return self.add(piece);
        }
        // The beginning of a list says nothing of its rest; of a trace, each event stands for
        // itself.
        if about.is_cut && about.kind != Some(Kind::Traces) {
            let why = "it is cut off, as its tool was ended; it was not judged".to_owned();
            return self.source.unread.push(UnreadView { path, why });
        }
        match weir_evidence::read(&path, content) {
            Ok(mut pieces) => {
                let mut holds: Vec<&'static str> =
                    pieces.iter().map(|it| it.kind().name()).collect();
                holds.dedup();
                self.source.files.push(FileView { path, holds, not_judged: None });
                self.rows.keep_new(&mut pieces);
                pieces.into_iter().for_each(|it| self.add(it));
            }
            Err(error) => {
                let why = within(&path, &error.to_string());
                if let Some(kind) = about.kind {
                    let gap = Gap { kind, which: Some(path.clone()), why, is_denied: false };
                    self.source.unread.push(UnreadView { path, why: gap.why.clone() });
                    return self.evidence.gaps.push(gap);
                }
                self.source.unread.push(UnreadView { path, why });
            }
        }
    }

    fn add(&mut self, piece: Piece) {
        if let Piece::System(system) = &piece {
            let source = &mut self.source;
            source.collected_at.get_or_insert_with(|| system.time.clone());
            source.windows = source.windows.take().or_else(|| system.windows.clone());
            self.elevated(system.is_elevated);
        }
        self.evidence.add(piece);
    }

    /// Of several that say it, one who was not elevated counts: what that one could not see lacks.
    fn elevated(&mut self, told: Option<bool>) {
        let all =
            [self.evidence.is_elevated, told].into_iter().flatten().reduce(|one, it| one && it);
        (self.evidence.is_elevated, self.source.elevated) = (all, all);
    }
}

/// What is wrong with a file, where its path is told already.
fn within(path: &str, error: &str) -> String {
    let rest = error.strip_prefix(path).and_then(|it| it.strip_prefix(':')).unwrap_or(error);
    let line = if rest.starts_with(|it: char| it.is_ascii_digit()) { "line " } else { "" };
    format!("{line}{}", rest.trim_start())
}

/// Looks at what somebody sent.
pub(super) fn at_bundles(paths: &[PathBuf]) -> Result<Looked, Failure> {
    let names: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let mut looked = Looked::new(Some(names.join(", ")));
    for path in paths {
        at_bundle(path, &mut looked)?;
    }
    if looked.source.files.is_empty() {
        let why = looked
            .source
            .unread
            .first()
            .map_or_else(String::new, |it| format!(": {}: {}", it.path, it.why));
        let message = format!("judge `{}`: nothing in it is evidence{why}", names.join("`, `"));
        let hint = "name a folder or .zip that `weir doctor --collect` made, or output of sc.exe, \
                    netsh.exe, bpftool.exe, traces";
        return Err(Failure::new(ExitCode::InputDamaged, message, hint));
    }
    Ok(looked)
}

fn at_bundle(path: &Path, looked: &mut Looked) -> Result<(), Failure> {
    let bundle = Bundle::open(path)?;
    if let Some(manifest) = bundle.manifest() {
        same_host(path, manifest.host.as_deref(), &looked.source)?;
        looked.evidence.gaps.extend(manifest.gaps());
        let notes = manifest.notes().map(|(path, what)| NoteView { path, what });
        looked.source.notes.extend(notes);
        looked.source.host = looked.source.host.take().or_else(|| manifest.host.clone());
        let time = Some(manifest.collected_at.clone()).filter(|it| !it.is_empty());
        looked.source.collected_at = looked.source.collected_at.take().or(time);
        looked.elevated(manifest.elevated);
    }
    let notes = bundle.each(&mut |item| {
        looked.take(item);
        Ok(())
    })?;
    for Note { path, what, is_read } in notes {
        if is_read {
            looked.source.notes.push(NoteView { path, what });
        } else {
            looked.source.unread.push(UnreadView { path, why: what });
        }
    }
    Ok(())
}

/// Two machines are never judged as one: what one has would vouch for the other.
fn same_host(path: &Path, host: Option<&str>, source: &Source) -> Result<(), Failure> {
    match (host, source.host.as_deref()) {
        (Some(host), Some(first)) if !host.eq_ignore_ascii_case(first) => {
            let message = format!(
                "judge `{}` with what stands before it: it is of the machine `{host}`, and that of \
                 `{first}`",
                path.display()
            );
            let hint = "judge each machine by itself, with a --from of its own";
            Err(Failure::new(ExitCode::Usage, message, hint))
        }
        _ => Ok(()),
    }
}

/// Looks at the machine that this runs on, keeping what was collected where that was asked for.
pub(super) fn at_this_machine(args: &DoctorArgs) -> Result<Looked, Failure> {
    let options = Options {
        tools_directory: args.tools_directory.clone(),
        bpftool: args.bpftool.clone(),
        has_map_dumps: args.map_dumps,
        trace: args.trace,
        collector: Some(args.collector),
        is_nameless: args.no_host,
        ..Options::default()
    };
    let (interrupt, mut say) = (Interrupt::listen()?, |message: &str| output::say(message));
    if let Some(path) = &args.collect {
        collect::into_bundle(&options, path, &interrupt, &mut say)?;
        return at_bundles(core::slice::from_ref(path));
    }
    let Memory { items, gaps } = collect::into_memory(&options, &interrupt, &mut say)?;
    let mut looked = Looked::new(None);
    looked.evidence.gaps = gaps;
    items.into_iter().for_each(|it| looked.take(it));
    Ok(looked)
}

/// Looks at the machine for its collector, whose own figures these are.
#[cfg(windows)]
pub(super) fn for_the_collector(
    bpftool: Option<PathBuf>,
    listens_at: SocketAddr,
    page: &str,
) -> Result<Evidence, Failure> {
    let options = Options { bpftool, collector: None, ..Options::default() };
    let nobody_presses = Interrupt::default();
    let Memory { items, gaps } = collect::into_memory(&options, &nobody_presses, &mut |_| {})?;
    let mut looked = Looked::new(None);
    looked.evidence.gaps = gaps;
    items.into_iter().for_each(|it| looked.take(it));
    let page = weir_evidence::telemetry::read("this collector's metrics", page.as_bytes());
    if let Ok(telemetry) = page {
        looked.evidence.add(Piece::Telemetry(telemetry));
    }
    looked.evidence.expected.collector = Some(listens_at);
    if let Some(system) = &mut looked.evidence.system {
        system.collector_answers = Some(true);
    }
    Ok(looked.evidence)
}

/// A store that `reg.exe` did not find: it prints nothing then, and that is an answer.
fn absent_store(about: &About) -> Option<Piece> {
    if about.kind != Some(Kind::Store) || about.exit_code != Some(1) {
        return None;
    }
    let is_user = about.command.as_ref().is_some_and(|it| it.contains("HKCU"));
    let scope = if is_user { Scope::User } else { Scope::Machine };
    Some(Piece::Store(registry::absent(scope, &about.path)))
}
