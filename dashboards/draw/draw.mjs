// Draws a dashboard from the answers of a real Prometheus, with Grafana's own components.
//
// The pictures stand in for a Grafana server where none can be had: README.md says what is theirs
// and what is ours. Words go to stderr, the report of the panels to stdout as JSON.

import { readFile } from 'node:fs/promises';
import { parseArguments } from './node/arguments.mjs';
import { answerPanels } from './node/answers.mjs';
import { placePanels } from './node/layout.mjs';
import { takePictures } from './node/pictures.mjs';
import { reportOf } from './node/report.mjs';
import { answerVariables } from './node/variables.mjs';

const options = parseArguments(process.argv.slice(2));
const dashboard = JSON.parse(await readFile(options.dashboard, 'utf8'));
const variables = await answerVariables(dashboard, options);
const placed = placePanels(dashboard, options.width);
const panels = await answerPanels(placed.panels, variables, options);
const drawing = {
  title: dashboard.title,
  description: dashboard.description,
  links: dashboard.links ?? [],
  annotations: dashboard.annotations?.list ?? [],
  from: options.from,
  to: options.to,
  timezone: options.timezone,
  width: options.width,
  height: placed.height,
  variables,
  panels,
};
const drawn = options.out ? await takePictures(drawing, options) : undefined;
const report = reportOf(drawing, placed, drawn);
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.empty > 0 || report.failed > 0 ? 1 : 0;
