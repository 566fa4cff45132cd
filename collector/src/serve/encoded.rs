//! The published view in the formats that scrapers ask for, each encoded once.
//!
//! A scrape shows the view that is published when it comes: a newer view discards what was encoded
//! of the old one.
//! However many scrapers ask for a format at once, it is encoded once, on a thread that may block.

use super::Views;
use super::accept::Format;
use super::view::View;
use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use weir_stages::exposition;

/// A third of the time of the default level for a tenth more bytes, on pages such as these.
const LEVEL: Compression = Compression::fast();

/// Why there is no page.
#[derive(Debug)]
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
    plain: [OnceCell<Bytes>; Format::ALL.len()],
    gzip: [OnceCell<Bytes>; Format::ALL.len()],
}

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
        let plain = Pages::cell(&pages.plain, format);
        let page = plain.get_or_try_init(|| pages.encode(format)).await?;
        if !is_gzip {
            return Ok(page.clone());
        }
        let gzip = Pages::cell(&pages.gzip, format);
        gzip.get_or_try_init(|| compress(page.clone())).await.cloned()
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

    fn cell(cells: &[OnceCell<Bytes>; 3], format: Format) -> &OnceCell<Bytes> {
        let [text, openmetrics, protobuf] = cells;
        match format {
            Format::Text => text,
            Format::OpenMetrics => openmetrics,
            Format::Protobuf => protobuf,
        }
    }

    async fn encode(&self, format: Format) -> Result<Bytes, NotEncoded> {
        let snapshot = Arc::clone(&self.view.snapshot);
        let refused = |error: exposition::ExpositionError| NotEncoded(error.to_string());
        off_the_runtime(move || match format {
            Format::Text => exposition::text(&snapshot).map(Bytes::from).map_err(refused),
            Format::OpenMetrics => {
                exposition::openmetrics(&snapshot).map(Bytes::from).map_err(refused)
            }
            Format::Protobuf => Ok(Bytes::from(exposition::protobuf(&snapshot))),
        })
        .await
    }
}

async fn compress(page: Bytes) -> Result<Bytes, NotEncoded> {
    let compressed = move || -> io::Result<Bytes> {
        let mut encoder = GzEncoder::new(Vec::new(), LEVEL);
        encoder.write_all(&page)?;
        encoder.finish().map(Bytes::from)
    };
    off_the_runtime(move || compressed().map_err(|error| NotEncoded(error.to_string()))).await
}

/// Runs what takes milliseconds where it holds up no connection.
async fn off_the_runtime(
    work: impl FnOnce() -> Result<Bytes, NotEncoded> + Send + 'static,
) -> Result<Bytes, NotEncoded> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(NotEncoded(error.to_string())))
}
