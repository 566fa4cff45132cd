// Panels' queries, asked as Grafana's Prometheus data source asks them.

import { dateTime, rangeUtil } from './time.mjs';
import { queryAt, queryRange } from './prometheus.mjs';
import { interpolate } from './variables.mjs';

/** Panels with the answers to their targets; one that fails carries the error in place of a result. */
export async function answerPanels(placed, variables, options) {
  const panels = [];
  for (const { panel, box } of placed) {
    const people = (text) => text && interpolate(text, variables, {}, true);
    panels.push({
      panel: { ...panel, title: people(panel.title), description: people(panel.description) },
      box,
      answers: await answerTargets(panel, box, variables, options),
    });
  }
  return panels;
}

async function answerTargets(panel, box, variables, options) {
  const answers = [];
  for (const target of panel.targets ?? []) {
    if (target.hide || !target.expr) continue;
    const { step, builtin } = intervalsOf(panel, target, box, options);
    const expr = interpolate(target.expr, variables, builtin);
    // Both may be asked for; neither means a range.
    if (target.instant) answers.push(await answer(target, expr, { options }));
    if (target.range || !target.instant)
      answers.push(await answer(target, expr, { options, step }));
  }
  return answers;
}

async function answer(target, expr, { options, step }) {
  const { refId = 'A', legendFormat = '', format = 'time_series' } = target;
  const about = { refId, legendFormat, format, expr, step, instant: step === undefined };
  try {
    const data = step
      ? await queryRange(
          options.prometheus,
          expr,
          aligned(options.from, step),
          aligned(options.to, step),
          step,
        )
      : await queryAt(options.prometheus, expr, options.to);
    return { ...about, ...data };
  } catch (error) {
    return { ...about, result: [], error: error.message };
  }
}

// Grafana asks at whole multiples of the step, so that pictures do not shiver.
function aligned(time, step) {
  return Math.floor(time / step) * step;
}

// Source: grafana.com/docs/grafana/latest/datasources/prometheus/template-variables (read 2026-11):
// the rate interval is the larger of the interval plus one scrape, and four scrapes; a target's own
// least interval stands for the scrape.
function intervalsOf(panel, target, box, options) {
  const scrape = rangeUtil.intervalToMs(target.interval || options['scrape-interval']);
  const least = target.interval || panel.interval || options['scrape-interval'];
  const range = {
    from: dateTime(options.from),
    to: dateTime(options.to),
    raw: { from: '', to: '' },
  };
  const points = panel.maxDataPoints || Math.max(Math.floor(box.width), 1);
  const step = rangeUtil.calculateInterval(range, points, least).intervalMs;
  const seconds = Math.round((options.to - options.from) / 1000);
  return {
    step,
    builtin: {
      __interval: rangeUtil.secondsToHms(step / 1000),
      __interval_ms: String(step),
      __rate_interval: `${Math.max(step + scrape, 4 * scrape)}ms`,
      __range: `${seconds}s`,
      __range_s: String(seconds),
      __range_ms: String(seconds * 1000),
    },
  };
}
