// Prometheus' answers as frames.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { framesOf } = await load('../page/frames.ts');

async function load(file) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports;
}

const answer = (result, more = {}) => ({
  refId: 'A',
  legendFormat: '',
  format: 'time_series',
  expr: 'e',
  result,
  ...more,
});
const named = (frames) => frames.map(({ fields }) => fields[1].config.displayNameFromDS);
const columns = ({ fields }) => fields.map(({ name, values }) => [name, values]);

test('series are called by their legend, else by what Prometheus calls them', () => {
  const series = [{ metric: { __name__: 'm', b: '2', a: '1' }, values: [[1, '5']] }];
  assert.deepEqual(named(framesOf([answer(series)])), ['m{b="2", a="1"}']);
  assert.deepEqual(named(framesOf([answer(series, { legendFormat: '{{a}} of {{ b }}{{c}}' })])), [
    '1 of 2',
  ]);
  assert.deepEqual(named(framesOf([answer(series, { legendFormat: '__auto' })])), [undefined]);
  assert.deepEqual(named(framesOf([answer([{ metric: {}, values: [[1, '5']] }])])), ['e']);
});

test('infinities and what is no number are kept', () => {
  const values = [
    [1, '+Inf'],
    [2, '-Inf'],
    [3, 'NaN'],
  ];
  const [{ fields }] = framesOf([answer([{ metric: {}, values }])]);
  assert.deepEqual(fields[1].values, [Infinity, -Infinity, NaN]);
});

test('buckets are told apart from those below them, lowest first', () => {
  const bucket = (le, ...values) => ({
    metric: { le },
    values: values.map((value, at) => [at, value]),
  });
  const frames = framesOf([
    answer([bucket('+Inf', '9', '9'), bucket('0.5', '1', '2'), bucket('10', '4', '2')], {
      format: 'heatmap',
      legendFormat: '{{le}}',
    }),
  ]);
  assert.deepEqual(named(frames), ['0.5', '10', '+Inf']);
  assert.deepEqual(
    frames.map(({ fields }) => fields[1].values),
    [
      [1, 2],
      [3, 0],
      [5, 7],
    ],
  );
});

test('tables have a column a label, and the metric name is one', () => {
  const series = [
    { metric: { __name__: 'm', a: '1' }, value: [7, '5'] },
    { metric: { __name__: 'm', b: '2' }, value: [7, '6'] },
  ];
  const [frame] = framesOf([answer(series, { format: 'table' })]);
  assert.deepEqual(columns(frame), [
    ['Time', [7000, 7000]],
    ['__name__', ['m', 'm']],
    ['a', ['1', '']],
    ['b', ['', '2']],
    ['Value', [5, 6]],
  ]);
});

test('columns of several tables keep their names where one is empty', () => {
  const full = answer([{ metric: {}, value: [7, '5'] }], { format: 'table' });
  const frames = framesOf([full, { ...answer([], { format: 'table' }), refId: 'B' }]);
  assert.deepEqual(frames.map(columns), [
    [
      ['Time', [7000]],
      ['Value #A', [5]],
    ],
    [
      ['Time', []],
      ['Value #B', []],
    ],
  ]);
});
