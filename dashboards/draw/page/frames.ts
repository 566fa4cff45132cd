// Prometheus' answers as Grafana's data frames, shaped as its data source shapes them.
//
// Source: github.com/grafana/grafana packages/grafana-prometheus/src/result_transformer.ts and
// pkg/promlib/querydata/response.go (read 2026-11).

import { type DataFrame, type Field, FieldType, type Labels } from '@grafana/data';
import type { Answer, Sample, Series } from './drawing';

/** Frames of all answers of a panel. */
export function framesOf(answers: Answer[]): DataFrame[] {
  const tables = answers.filter((answer) => answer.format === 'table').length;
  return answers.flatMap((answer) => {
    const series = seriesOf(answer);
    if (answer.format === 'table') {
      const name = tables > 1 ? `Value #${answer.refId}` : 'Value';
      return [tableFrame(answer, series, name)];
    }
    const frames = series.map((one) => seriesFrame(answer, one));
    return answer.format === 'heatmap' ? bucketFrames(frames) : frames;
  });
}

function seriesOf({ resultType, result }: Answer): Series[] {
  // A scalar is one sample without labels.
  return resultType === 'scalar' ? [{ metric: {}, value: result as unknown as Sample }] : result;
}

function samplesOf(series: Series): Sample[] {
  return series.values ?? (series.value ? [series.value] : []);
}

// Prometheus writes +Inf where Number knows only Infinity.
export function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function seriesFrame(answer: Answer, series: Series): DataFrame {
  const samples = samplesOf(series);
  const { __name__: name, ...labels } = series.metric;
  const time = timeField(
    samples.map(([at]) => at * 1000),
    answer.step,
  );
  const displayNameFromDS = legendOf(answer, series.metric);
  const value: Field = {
    name: name ?? 'Value',
    type: FieldType.number,
    labels: labels as Labels,
    config: { displayNameFromDS },
    values: samples.map(([, text]) => numberOf(text)),
  };
  return {
    refId: answer.refId,
    name: displayNameFromDS,
    fields: [time, value],
    length: samples.length,
  };
}

// The interval tells where gaps are: what is missing between samples is not joined by a line.
function timeField(values: number[], interval?: number): Field {
  return { name: 'Time', type: FieldType.time, config: interval ? { interval } : {}, values };
}

function legendOf(
  { legendFormat, expr }: Answer,
  metric: Record<string, string>,
): string | undefined {
  const { __name__: name = '', ...labels } = metric;
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  if (legendFormat === '__auto') return pairs.length > 0 ? undefined : name || expr;
  if (legendFormat)
    return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
  return pairs.length > 0 ? `${name}{${pairs.join(', ')}}` : name || expr;
}

// The metric's name stays a column: rows of two metrics do not merge while it is there. An empty
// answer is a table too, so columns keep their names.
function tableFrame(answer: Answer, series: Series[], valueName: string): DataFrame {
  const rows = series.flatMap((one) =>
    samplesOf(one).map((sample) => ({ sample, metric: one.metric })),
  );
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  const fields: Field[] = [
    timeField(rows.map(({ sample }) => sample[0] * 1000)),
    ...labels.map((label) => ({
      name: label,
      type: FieldType.string,
      config: { filterable: true },
      values: rows.map(({ metric }) => metric[label] ?? ''),
    })),
    {
      name: valueName,
      type: FieldType.number,
      config: {},
      values: rows.map(({ sample }) => numberOf(sample[1])),
    },
  ];
  return { refId: answer.refId, fields, length: rows.length };
}

// Buckets contain those below them; the heat map wants what each adds.
function bucketFrames(frames: DataFrame[]): DataFrame[] {
  const bound = (frame: DataFrame) => numberOf(frame.fields[1].labels?.le ?? 'NaN');
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b));
  let below = new Map<number, number>();
  return sorted.map((frame) => {
    const [time, value] = frame.fields;
    const total = new Map(time.values.map((at, index) => [at, value.values[index]]));
    const values = time.values.map((at, index) =>
      Math.max(value.values[index] - (below.get(at) ?? 0), 0),
    );
    below = total;
    return { ...frame, fields: [time, { ...value, values }] };
  });
}
