// A Prometheus that answers what a test says, and remembers what it was asked.

import { createServer } from 'node:http';

/** Serves `answers`, by expression; others get no series, and those that say so an error. */
export async function servePrometheus(answers) {
  const asked = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const parameters = Object.fromEntries(searchParams);
    asked.push({ path: pathname.replace('/api/v1/', ''), ...parameters });
    const [status, body] = answer(pathname, parameters, answers);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function answer(pathname, parameters, answers) {
  if (pathname.includes('/label/')) return good(answers.labels ?? ['one', 'two']);
  const series = answers[parameters.query] ?? [];
  if (series.error) return [400, { status: 'error', error: series.error }];
  const isRange = pathname.endsWith('query_range');
  const result = series.map(({ metric, value }) =>
    isRange
      ? { metric, values: samples(parameters, value) }
      : { metric, value: [Number(parameters.time), value] },
  );
  return good({ resultType: isRange ? 'matrix' : 'vector', result });
}

const good = (data) => [200, { status: 'success', data }];

function samples({ start, end, step }, value) {
  const values = [];
  for (let at = Number(start); at <= Number(end); at += Number(step)) values.push([at, value]);
  return values;
}
