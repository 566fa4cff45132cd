//! The published view in the formats that scrapers ask for, each encoded once.
//!
//! A scrape shows the view that is published when it comes: a newer view discards what was encoded
//! of the old one.
//! However many scrapers ask for a format, at once or one after the other, and whether they stay for
//! the answer or not, it is encoded once, on a thread that may block.

use super::Views;
use super::accept::Format;
use super::view::View;
use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;
use weir_stages::{Snapshot, exposition};

/// A third of the time of the default level for a tenth more bytes, on pages such as these.
const LEVEL: Compression = Compression::fast();

/// Why there is no page.
#[derive(Clone, Debug)]
pub(super) struct NotEncoded(String);

impl core::fmt::Display for NotEncoded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "failed to encode the metrics: {}", self.0)
    }
}

/// Pages of the newest view that was asked for.
pub(super) struct Encoded {
    views: Views,
    current: Mutex<Arc<Pages>>,
}

/// One view in every format, plain and compressed, as far as somebody asked.
struct Pages {
    view: Arc<View>,
    plain: [Page; Format::ALL.len()],
    gzip: [Page; Format::ALL.len()],
}

/// A page that is made once, by work that belongs to nobody who asks for it.
///
/// An asker who leaves neither ends the work nor has it begun anew. So one piece of work for each
/// format of a view, and one more for it compressed, is all that any number of askers can cause.
#[derive(Default)]
struct Page(OnceLock<watch::Receiver<Option<Made>>>);

/// A refusal stays as long as its view: the same work would end the same way.
type Made = Result<Bytes, NotEncoded>;

impl Encoded {
    pub(super) fn new(views: Views) -> Self {
        let view = Arc::clone(&views.borrow());
        Self { views, current: Mutex::new(Arc::new(Pages::of(view))) }
    }

    /// The newest view.
    pub(super) fn view(&self) -> Arc<View> {
        Arc::clone(&self.views.borrow())
    }

    /// The newest view in this format.
    ///
    /// # Errors
    /// The encoder refuses a value.
    pub(super) async fn page(&self, format: Format, is_gzip: bool) -> Result<Bytes, NotEncoded> {
        let pages = self.pages();
        let snapshot = Arc::clone(&pages.view.snapshot);
        let plain = Pages::of_format(&pages.plain, format);
        let page = plain.get(move || encode(&snapshot, format)).await?;
        if !is_gzip {
            return Ok(page);
        }
        Pages::of_format(&pages.gzip, format).get(move || compress(&page)).await
    }

    fn pages(&self) -> Arc<Pages> {
        let view = self.view();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current.view, &view) {
            *current = Arc::new(Pages::of(view));
        }
        Arc::clone(&current)
    }
}

impl Pages {
    fn of(view: Arc<View>) -> Self {
        Self { view, plain: Default::default(), gzip: Default::default() }
    }

    fn of_format(pages: &[Page; 3], format: Format) -> &Page {
        let [text, openmetrics, protobuf] = pages;
        match format {
            Format::Text => text,
            Format::OpenMetrics => openmetrics,
            Format::Protobuf => protobuf,
        }
    }
}

impl Page {
    /// The page, by this work if nobody has begun it yet.
    async fn get(&self, work: impl FnOnce() -> Made + Send + 'static) -> Made {
        let mut made = self.0.get_or_init(|| begin(work)).clone();
        let ended = made.wait_for(Option::is_some).await;
        let page = ended.ok().and_then(|page| page.clone());
        page.unwrap_or_else(|| Err(NotEncoded("the encoder ended without an answer".to_owned())))
    }
}

/// Begins what takes milliseconds where it holds up no connection.
fn begin(work: impl FnOnce() -> Made + Send + 'static) -> watch::Receiver<Option<Made>> {
    let (tell, made) = watch::channel(None);
    // Not waited for: it tells its end itself, and a panic in it by ending without a word.
    drop(tokio::task::spawn_blocking(move || tell.send_replace(Some(work()))));
    made
}

fn encode(snapshot: &Arc<Snapshot>, format: Format) -> Made {
    let refused = |error: exposition::ExpositionError| NotEncoded(error.to_string());
    match format {
        Format::Text => exposition::text(snapshot).map(Bytes::from).map_err(refused),
        Format::OpenMetrics => exposition::openmetrics(snapshot).map(Bytes::from).map_err(refused),
        Format::Protobuf => Ok(Bytes::from(exposition::protobuf(snapshot))),
    }
}

fn compress(page: &Bytes) -> Made {
    let compressed = || -> io::Result<Bytes> {
        let mut encoder = GzEncoder::new(Vec::new(), LEVEL);
        encoder.write_all(page)?;
        encoder.finish().map(Bytes::from)
    };
    compressed().map_err(|error| NotEncoded(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::poll_fn;
    use core::pin::pin;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Poll;
    use std::sync::mpsc::channel;

    /// Asks once and leaves before there is an answer.
    async fn ask_and_leave(page: &Page, work: impl FnOnce() -> Made + Send + 'static) {
        let mut asked = pin!(page.get(work));
        let is_pending = poll_fn(|at| Poll::Ready(asked.as_mut().poll(at).is_pending())).await;
        assert!(is_pending);
    }

    #[tokio::test]
    async fn askers_that_leave_do_not_multiply_the_work() {
        let page = Page::default();
        let begun = Arc::new(AtomicUsize::new(0));
        let mut releases = Vec::new();
        let mut work = || {
            let (release, wait) = channel::<()>();
            releases.push(release);
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::Relaxed);
                let _released_or_dropped = wait.recv();
                Ok(Bytes::from_static(b"page"))
            }
        };
        for _ in 0..8 {
            ask_and_leave(&page, work()).await;
        }
        let last = work();
        drop(releases);
        assert_eq!(page.get(last).await.unwrap(), "page");
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_encoder_that_panics_is_an_error_and_not_begun_again() {
        let page = Page::default();
        let why = page.get(|| panic!("on purpose")).await.unwrap_err().to_string();
        assert!(why.contains("without an answer"), "{why}");
        assert!(page.get(|| Ok(Bytes::new())).await.is_err());
    }
}
