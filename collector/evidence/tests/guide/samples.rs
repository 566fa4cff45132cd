//! What there is a sample of, and which belong together.

use std::collections::BTreeMap;
use weir_stages::checks::facts::{Expected, ProgramObject};

/// A sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sample {
    /// `sc.exe queryex ebpfcore`
    Core,
    /// `sc.exe queryex netebpfext`
    Extension,
    Sublayers,
    /// Callout and filter of a layer.
    RedirectV4,
    RedirectV6,
    AuthorizeV4,
    /// A second callout where connections are redirected.
    Others,
    Programs,
    Links,
    Maps,
    /// What is in the first map.
    Dump,
    /// The trace of a program without a program type.
    NoProgramType,
    /// The trace of a program without an attach type.
    NoAttachType,
    /// The trace of a connection that was redirected.
    Redirected,
}

use Sample::{
    AuthorizeV4, Core, Dump, Extension, Links, Maps, NoAttachType, NoProgramType, Others, Programs,
    RedirectV4, RedirectV6, Redirected, Sublayers,
};

/// Every sample.
pub(crate) const ALL: [Sample; 14] = [
    Core,
    Extension,
    Sublayers,
    RedirectV4,
    RedirectV6,
    AuthorizeV4,
    Others,
    Programs,
    Links,
    Maps,
    Dump,
    NoProgramType,
    NoAttachType,
    Redirected,
];

/// Those of a machine on which all is well.
pub(crate) const HEALTHY: [Sample; 11] = [
    Core,
    Extension,
    Sublayers,
    RedirectV4,
    RedirectV6,
    AuthorizeV4,
    Programs,
    Links,
    Maps,
    Dump,
    Redirected,
];

/// The samples of XML.
pub(crate) const XML: [Sample; 5] = [Sublayers, RedirectV4, RedirectV6, AuthorizeV4, Others];

impl Sample {
    /// Where the bundle has it.
    pub(crate) fn file(self, map_id: u32) -> String {
        let name = match self {
            Core => "services/ebpfcore.txt",
            Extension => "services/netebpfext.txt",
            Sublayers => "wfp/sublayers.xml",
            RedirectV4 => "wfp/redirect-v4.xml",
            RedirectV6 => "wfp/redirect-v6.xml",
            AuthorizeV4 => "wfp/authorize-v4.xml",
            Others => "wfp/others.xml",
            Programs => "bpftool/prog.json",
            Links => "bpftool/link.json",
            Maps => "bpftool/map.json",
            Dump => return format!("bpftool/map-{map_id}.txt"),
            NoProgramType => "traces/no-program-type.txt",
            NoAttachType => "traces/no-attach-type.txt",
            Redirected => "traces/redirected.txt",
        };
        name.to_owned()
    }
}

/// Samples of one source, and what whoever knows them expects.
#[derive(Clone)]
pub(crate) struct Samples {
    pub(crate) source: &'static str,
    pub(crate) texts: BTreeMap<Sample, String>,
    /// The map that was dumped.
    pub(crate) map_id: u32,
    pub(crate) expected: Expected,
    pub(crate) object: ProgramObject,
}

impl Samples {
    /// A sample's text.
    pub(crate) fn text(&self, sample: Sample) -> &str {
        self.texts.get(&sample).unwrap_or_else(|| panic!("no {sample:?} from {}", self.source))
    }

    /// These samples, one of them with another text.
    pub(crate) fn with(&self, sample: Sample, text: String) -> Self {
        let mut samples = self.clone();
        samples.texts.insert(sample, text);
        samples
    }
}

/// Samples of every source that is at hand.
pub(crate) fn sources() -> Vec<Samples> {
    [Some(crate::written::samples()), crate::published::samples()].into_iter().flatten().collect()
}
