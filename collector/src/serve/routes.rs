//! What answers which path.

use super::accept::{Format, takes_gzip};
use super::encoded::Encoded;
use super::gate::{Gate, pass};
use super::options::{Counters, Options, Readiness, Scraped};
use super::{Views, pages, state};
use crate::web_config::Bucket;
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Everything comes from here; nobody frames the page, no form goes anywhere.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

/// What every answer says besides its own headers. Nothing is worth keeping: all of it is live.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// What routes answer from.
struct Source {
    encoded: Encoded,
    readiness: Option<watch::Receiver<Readiness>>,
    scraped: Option<Scraped>,
}

/// The routes; whatever is not here is 404.
pub(super) fn router(views: Views, options: Options, counters: Arc<Counters>) -> Router {
    let file = |kind: &'static str, text: &'static str| {
        get(async move || ([(CONTENT_TYPE, HeaderValue::from_static(kind))], text))
    };
    let Options { web_config, readiness, scraped } = options;
    let source = Source { encoded: Encoded::new(views), readiness, scraped };
    let gate = Gate { file: web_config, bucket: Bucket::default(), counters };
    Router::new()
        .route("/", file("text/html; charset=utf-8", pages::HTML))
        .route("/weir.css", file("text/css; charset=utf-8", pages::CSS))
        .route("/weir.js", file("text/javascript; charset=utf-8", pages::JS))
        .route("/icon.svg", file("image/svg+xml", pages::ICON))
        .route("/healthz", file("text/plain; charset=utf-8", "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/state", get(api_state))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .with_state(Arc::new(source))
        .layer(from_fn_with_state(Arc::new(gate), pass))
        .layer(map_response(secured))
}

async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // What a web configuration says goes before.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn readyz(State(source): State<Arc<Source>>) -> Response {
    let readiness = source.readiness.as_ref().map(|readiness| readiness.borrow().clone());
    match readiness.unwrap_or(Readiness::Ready) {
        Readiness::Ready => "ready\n".into_response(),
        Readiness::NotReady(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response()
        }
    }
}

async fn metrics(State(source): State<Arc<Source>>, headers: HeaderMap) -> Response {
    let begun = Instant::now();
    let (format, is_gzip) = (Format::negotiated(&headers), takes_gzip(&headers));
    let page = match source.encoded.page(format, is_gzip).await {
        Ok(page) => page,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response();
        }
    };
    let about = [
        (CONTENT_TYPE, HeaderValue::from_static(format.content_type())),
        (VARY, HeaderValue::from_static("accept, accept-encoding")),
    ];
    let mut response = (about, page).into_response();
    if is_gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(scraped) = &source.scraped {
        scraped(begun.elapsed(), format.name());
    }
    response
}

async fn api_state(State(source): State<Arc<Source>>) -> Response {
    match serde_json::to_vec(&state::of(&source.encoded.view())) {
        Ok(json) => {
            let kind = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, kind)], json).into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "state has no JSON form\n").into_response(),
    }
}
