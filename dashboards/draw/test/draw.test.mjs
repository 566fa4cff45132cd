// The tool as a whole, against a Prometheus that answers what the test says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { servePrometheus } from './prometheus.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SAMPLE = path.join(HERE, 'sample.json');
const TIME = ['--from', '1790000000000', '--to', '1790000300000'];

const program = (name) => ({ job: 'weir', program: name });
const ANSWERS = {
  'weir_driver_up{job=~".*"}': [{ metric: {}, value: '1' }],
  'weir_flow_undecided{program=~".+"}': [
    { metric: program('one'), value: '3' },
    { metric: program('two'), value: 'NaN' },
  ],
  'sum(weir_flow_verdicts_total{verdict="block"}) / sum(weir_flow_verdicts_total)': [
    { metric: {}, value: '0.25' },
  ],
  'topk(4, weir_series_active)': [{ metric: { metric: 'a' }, value: '7' }],
  'sum by (program, verdict) (rate(weir_program_verdicts_total{program=~".+"}[60000ms])) > 0': [
    { metric: { program: 'one', verdict: 'allow' }, value: '1500' },
  ],
  'sum by (le) (increase(weir_flow_decision_seconds_bucket[60000ms]))': [
    { metric: { le: '+Inf' }, value: '9' },
    { metric: { le: '0.5' }, value: '4' },
    { metric: { le: '1' }, value: '4' },
  ],
  'sum(': { error: 'unclosed left parenthesis' },
  up: [{ metric: { __name__: 'up' }, value: '1' }],
  'sum by (job, program) (weir_flow_undecided)': [{ metric: program('one'), value: '3' }],
  'sum by (job, program) (weir_flow_stuck)': [{ metric: program('one'), value: '2' }],
};

async function draw(more, dashboard = SAMPLE, answers = ANSWERS) {
  const prometheus = await servePrometheus(answers);
  const argv = [
    path.join(HERE, '../draw.mjs'),
    '--prometheus',
    prometheus.url,
    '--dashboard',
    dashboard,
    ...TIME,
  ];
  const { code, stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, [...argv, ...more], (error, out, words) => {
      resolve({ code: error ? error.code : 0, stdout: out, stderr: words });
    });
  });
  await prometheus.close();
  const report = stdout ? JSON.parse(stdout) : undefined;
  const panel = (title) => report.panels.find((one) => one.title === title);
  return { code, stderr, report, panel, asked: prometheus.asked };
}

async function hasBrowser() {
  return new Promise((resolve) => execFile('chromium', ['--version'], (error) => resolve(!error)));
}

test('an empty panel fails the run unless its no-value says why', async () => {
  const { code, report, panel } = await draw([]);
  assert.equal(panel('Nothing').isEmpty, true);
  assert.equal(panel('Wrong').errors[0], 'A: unclosed left parenthesis');
  assert.deepEqual([report.empty, report.explained, report.failed], [1, 1, 1]);
  assert.equal(code, 1);
});

test('a dashboard whose panels all have values passes', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'weir-draw-'));
  t.after(() => rm(folder, { recursive: true }));
  const sample = JSON.parse(await readFile(SAMPLE, 'utf8'));
  const good = {
    ...sample,
    panels: sample.panels.filter(({ title }) => title !== 'Wrong' && title !== 'Pie'),
  };
  await writeFile(path.join(folder, 'good.json'), JSON.stringify(good));
  const { code, report } = await draw([], path.join(folder, 'good.json'));
  assert.equal(code, 0, JSON.stringify(report));
});

test('a sample that is no number is told and is no value', async () => {
  const { panel } = await draw([]);
  const { series, points, notANumber, isEmpty } = panel('Undecided flows');
  assert.deepEqual(
    { series, points, notANumber, isEmpty },
    { series: 2, points: 42, notANumber: 21, isEmpty: false },
  );
});

test('the rate interval follows the scrape interval', async () => {
  const rates = async (more) =>
    (await draw(more)).asked
      .map(({ query }) => /rate\(.*\[(\w+)\]/.exec(query)?.[1])
      .filter(Boolean);
  assert.deepEqual(await rates([]), ['60000ms']);
  assert.deepEqual(await rates(['--scrape-interval', '2s']), ['8000ms']);
});

test('a given value takes the place of All', async () => {
  const { asked, report } = await draw(['--var', 'program=two']);
  assert.ok(asked.some(({ query }) => query === 'weir_flow_undecided{program=~"two"}'));
  assert.equal(report.variables.find(({ name }) => name === 'program').value, 'two');
});

test('variables are asked with those before them', async () => {
  const { asked, report } = await draw([]);
  const selector = asked.find(({ path: at }) => at === 'label/program/values')['match[]'];
  assert.equal(selector, 'weir_program_invocations_total{job=~".*"}');
  assert.deepEqual(
    report.variables.map(({ values }) => values),
    [undefined, 2, 2],
  );
});

test('pictures show values with units, names and what cannot be drawn', async (t) => {
  if (!(await hasBrowser())) {
    console.error('skipped: there is no chromium');
    return t.skip('there is no chromium');
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'weir-draw-'));
  t.after(() => rm(folder, { recursive: true }));
  const { report, panel, stderr } = await draw(['--out', path.join(folder, 'sample.png')]);
  assert.deepEqual(report.console, [], stderr);
  for (const picture of report.pictures)
    assert.equal((await readFile(picture)).subarray(1, 4).toString(), 'PNG');
  assert.equal(report.pictures.length, 2);
  assert.equal(panel('Driver').shown, 'Driver up');
  assert.equal(panel('Undecided flows').shown, 'Undecided flows one 3 two');
  assert.equal(panel('Blocked').shown, 'Blocked 25%');
  assert.equal(panel('Series').shown, 'Series a 7');
  assert.match(
    panel('Verdicts of All').shown,
    /^Verdicts of All .*Last \* Max one allow 1.50K ops\/s 1.50K ops\/s$/,
  );
  assert.deepEqual(panel('Verdicts of All').notes, ['override for nobody meets no field']);
  assert.equal(panel('Time to decision').shown, 'Time to decision 4 5');
  assert.equal(panel('Nothing').says, 'only on Windows');
  assert.equal(panel('Pie').unknown, 'piechart');
  assert.equal(panel('Programs').shown, 'Programs Program Undecided Stuck one 3 2');
});
