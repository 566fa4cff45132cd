// Heat maps of buckets over time. Grafana's own is not among its published components; axes and
// chart are theirs, cells and colours ours.

import {
  type DataFrame,
  type Field,
  FieldType,
  formattedValueToString,
  getValueFormat,
  type GrafanaTheme2,
  type TimeRange,
} from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { UPlotChart, UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { numberOf } from '../frames';
import { paletteOf } from './palette';
import { type PanelProps, Words } from './Panel';

const LEGEND_HEIGHT = 28;
const LABEL_HEIGHT = 14;

export function Heatmap({ data, options, width, height, range, timeZone }: PanelProps) {
  const theme = useTheme2();
  const cells = useMemo(() => cellsOf(data, options.filterValues?.le ?? 0), [data, options]);
  const palette = useMemo(() => paletteOf(options.color, theme), [options, theme]);
  const config = useMemo(
    () => configOf(cells, palette, options, { theme, range, timeZone }),
    [cells, palette, options, theme, range, timeZone],
  );
  if (options.calculate) {
    return (
      <Words width={width} height={height}>
        buckets that Grafana makes itself are not drawn here
      </Words>
    );
  }
  const aligned: uPlot.AlignedData = [cells.times, cells.times.map(() => null)];
  const format = getValueFormat(options.cellValues?.unit ?? 'short');
  const word = (value: number) =>
    formattedValueToString(format(value, options.cellValues?.decimals));
  const chartHeight = height - (options.legend?.show === false ? 0 : LEGEND_HEIGHT);
  return (
    <>
      <UPlotChart config={config} data={aligned} width={width} height={chartHeight} />
      {options.legend?.show !== false && (
        <div style={{ display: 'flex', gap: 8, alignItems: 'center', fontSize: 12 }}>
          {word(cells.least)}
          <div
            style={{
              width: 180,
              height: 8,
              background: `linear-gradient(90deg, ${palette.join(', ')})`,
            }}
          />
          {word(cells.most)}
        </div>
      )}
    </>
  );
}

interface Cells {
  names: string[];
  times: number[];
  step: number;
  /** Row by row from the lowest bucket. */
  rows: Array<Map<number, number>>;
  least: number;
  most: number;
}

function cellsOf(data: DataFrame[], above: number): Cells {
  const buckets = data.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === FieldType.time);
    const values = frame.fields.filter((field) => field.type === FieldType.number);
    return time ? values.map((value) => ({ time, value })) : [];
  });
  const rows = buckets.map(({ time, value }) => {
    const pairs = time.values.map((at: number, index): [number, number] => [
      at,
      value.values[index],
    ]);
    return new Map(pairs.filter(([, one]) => Number.isFinite(one) && one > above));
  });
  const shown = rows.flatMap((row) => [...row.values()]);
  const times = [...new Set(buckets.flatMap(({ time }) => time.values as number[]))].sort(
    (a, b) => a - b,
  );
  return {
    names: buckets.map(({ value }) => nameOf(value)),
    times,
    step: buckets[0]?.time.config.interval ?? 1000,
    rows,
    least: shown.length > 0 ? Math.min(...shown) : 0,
    most: shown.length > 0 ? Math.max(...shown) : 0,
  };
}

function nameOf({ config, labels, name }: Field): string {
  return config.displayName ?? config.displayNameFromDS ?? labels?.le ?? name;
}

interface Surroundings {
  theme: GrafanaTheme2;
  range: TimeRange;
  timeZone: string;
}

function configOf(
  cells: Cells,
  palette: string[],
  options: Record<string, any>,
  around: Surroundings,
) {
  const { theme, range, timeZone } = around;
  const { names } = cells;
  const builder = new UPlotConfigBuilder(timeZone);
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [range.from.valueOf(), range.to.valueOf()],
  });
  builder.addScale({
    scaleKey: 'y',
    orientation: ScaleOrientation.Vertical,
    direction: ScaleDirection.Up,
    range: () => [0, Math.max(names.length, 1)],
  });
  builder.addAxis({
    scaleKey: 'x',
    isTime: true,
    placement: AxisPlacement.Bottom,
    timeZone,
    theme,
  });
  const format = getValueFormat(options.yAxis?.unit ?? 'short');
  const word = (name: string) => {
    const bound = numberOf(name);
    return Number.isFinite(bound)
      ? formattedValueToString(format(bound, options.yAxis?.decimals))
      : name;
  };
  builder.addAxis({
    scaleKey: 'y',
    placement: AxisPlacement.Left,
    theme,
    label: options.yAxis?.axisLabel,
    // A bucket's name is its upper bound; as many are written as there is room for.
    splits: (u) => {
      const height = u.bbox.height / devicePixelRatio;
      let splits = [0, ...names.map((_, index) => index + 1)];
      while (splits.length > 3 && height / splits.length < LABEL_HEIGHT) {
        splits = splits.filter((_, index) => index % 2 === 0);
      }
      return splits;
    },
    values: (_, splits) => splits.map((row) => (row > 0 ? word(names[row - 1]) : '0')),
  });
  builder.addSeries({
    scaleKey: 'y',
    theme,
    pathBuilder: () => null,
    pointsBuilder: () => null,
  } as any);
  builder.addHook('draw', (u) => drawCells(u, cells, palette));
  return builder;
}

function drawCells(u: uPlot, { rows, step, least, most }: Cells, palette: string[]) {
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  u.ctx.clip();
  rows.forEach((row, index) => {
    const top = u.valToPos(index + 1, 'y', true);
    const bottom = u.valToPos(index, 'y', true);
    for (const [time, value] of row) {
      const left = u.valToPos(time - step, 'x', true);
      const right = u.valToPos(time, 'x', true);
      const share = (value - least) / Math.max(most - least, 1);
      u.ctx.fillStyle = palette[Math.min(Math.floor(share * palette.length), palette.length - 1)];
      u.ctx.fillRect(left, top, Math.max(right - left - 1, 1), Math.max(bottom - top - 1, 1));
    }
  });
  u.ctx.restore();
}
