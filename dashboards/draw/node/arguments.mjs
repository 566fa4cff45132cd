// The command line: which dashboard, which Prometheus, which time, where pictures go.

import { parseArgs } from 'node:util';
import { dateMath, dateTime } from './time.mjs';

const USAGE = `usage: node draw.mjs --prometheus URL --dashboard FILE [option…]

  --from TIME, --to TIME   as Grafana takes them, or in milliseconds; now-5m and now unless given
  --var NAME=VALUE         value of a variable; others are All, may be given again
  --scrape-interval TIME   what Grafana's data source is told, 15s as there unless given
  --out FILE.png           pictures FILE.dark.png and FILE.light.png; without it only the report
  --panels                 also a picture of every panel, FILE.dark.ID.png
  --width PIXELS           width of the page, 1600 unless given
  --timezone ZONE          UTC unless given
  --chromium PATH          the browser, chromium of the PATH unless given`;

export function parseArguments(argv) {
  let given;
  try {
    given = parseArgs({ args: argv, options: OPTIONS, strict: true }).values;
  } catch (error) {
    fail(error.message);
  }
  if (given.help) {
    console.log(USAGE);
    process.exit(0);
  }
  for (const name of ['prometheus', 'dashboard']) {
    if (!given[name]) fail(`--${name} is missing`);
  }
  const width = Number(given.width);
  if (!(width >= 400 && width <= 8000)) fail('--width takes 400 to 8000 pixels');
  return {
    ...given,
    prometheus: given.prometheus.replace(/\/+$/, ''),
    out: given.out?.replace(/\.png$/, ''),
    width,
    from: timeOf(given.from, false),
    to: timeOf(given.to, true),
    values: Object.fromEntries(given.var.map(valueOf)),
  };
}

const OPTIONS = {
  prometheus: { type: 'string' },
  dashboard: { type: 'string' },
  from: { type: 'string', default: 'now-5m' },
  to: { type: 'string', default: 'now' },
  var: { type: 'string', multiple: true, default: [] },
  'scrape-interval': { type: 'string', default: '15s' },
  out: { type: 'string' },
  panels: { type: 'boolean', default: false },
  width: { type: 'string', default: '1600' },
  timezone: { type: 'string', default: 'utc' },
  chromium: { type: 'string', default: 'chromium' },
  help: { type: 'boolean', default: false },
};

function timeOf(text, roundUp) {
  const time = /^\d+$/.test(text) ? dateTime(Number(text)) : dateMath.parse(text, roundUp);
  if (!time?.isValid()) fail(`${text} is no time`);
  return time.valueOf();
}

function valueOf(text) {
  const at = text.indexOf('=');
  if (at < 1) fail(`--var takes NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function fail(message) {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}
