// Prometheus' HTTP API, as far as panels and variables ask it.
//
// Source: prometheus.io/docs/prometheus/2.42/querying/api (read 2026-11).

/** Samples of an expression over a time, both ends and the step in milliseconds. */
export function queryRange(base, expr, from, to, step) {
  return ask(base, 'query_range', {
    query: expr,
    start: from / 1000,
    end: to / 1000,
    step: step / 1000,
  });
}

/** Samples of an expression at one time. */
export function queryAt(base, expr, time) {
  return ask(base, 'query', { query: expr, time: time / 1000 });
}

/** Values of a label, of the series that a selector matches if there is one. */
export function labelValues(base, label, selector, from, to) {
  const parameters = { start: from / 1000, end: to / 1000 };
  if (selector) parameters['match[]'] = selector;
  return ask(base, `label/${encodeURIComponent(label)}/values`, parameters);
}

async function ask(base, path, parameters) {
  const url = `${base}/api/v1/${path}?${new URLSearchParams(parameters)}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
  const answer = await response.json().catch(() => undefined);
  if (answer?.status !== 'success') {
    throw new Error(answer?.error ?? `Prometheus answers ${response.status} to ${path}`);
  }
  return answer.data;
}
