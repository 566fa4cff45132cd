//! What answers which path.

use super::accept::prefers_openmetrics;
use super::{Views, pages, state};
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use weir_stages::exposition::{self, OPENMETRICS_CONTENT_TYPE, TEXT_CONTENT_TYPE};

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

/// The routes; whatever is not here is 404.
pub(super) fn router(views: Views) -> Router {
    let file = |kind: &'static str, text: &'static str| {
        get(async move || ([(CONTENT_TYPE, HeaderValue::from_static(kind))], text))
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", pages::HTML))
        .route("/weir.css", file("text/css; charset=utf-8", pages::CSS))
        .route("/weir.js", file("text/javascript; charset=utf-8", pages::JS))
        .route("/icon.svg", file("image/svg+xml", pages::ICON))
        .route("/healthz", file("text/plain; charset=utf-8", "ok\n"))
        .route("/metrics", get(metrics))
        .route("/api/state", get(api_state))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .layer(map_response(secured))
        .with_state(views)
}

async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn metrics(State(views): State<Views>, headers: HeaderMap) -> Response {
    let view = Arc::clone(&views.borrow());
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (kind, text) = if prefers_openmetrics(accept) {
        (OPENMETRICS_CONTENT_TYPE, exposition::openmetrics(&view.snapshot))
    } else {
        (TEXT_CONTENT_TYPE, exposition::text(&view.snapshot))
    };
    match text {
        Ok(text) => ([(CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn api_state(State(views): State<Views>) -> Response {
    let view = Arc::clone(&views.borrow());
    match serde_json::to_vec(&state::of(&view)) {
        Ok(json) => {
            let kind = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, kind)], json).into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "state has no JSON form\n").into_response(),
    }
}
