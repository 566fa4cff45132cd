// Lines over time: Grafana's own time-series chart with its legend.

import { type DataFrame, FieldType } from '@grafana/data';
import { TimeSeries } from '@grafana/ui';
import { useMemo } from 'react';
import { type PanelProps, Words } from './Panel';

export function Chart({ data, options, width, height, range, timeZone }: PanelProps) {
  const frames = useMemo(() => graphable(data), [data]);
  if (frames.length === 0)
    return (
      <Words width={width} height={height}>
        Data is missing a time field
      </Words>
    );
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      width={width}
      height={height}
      timeRange={range}
      timeZone={timeZone}
      legend={options.legend}
      options={options}
    />
  );
}

// A chart has no place for what is no number; Grafana leaves a gap there.
function graphable(data: DataFrame[]): DataFrame[] {
  return data
    .filter((frame) => frame.fields.some((field) => field.type === FieldType.time))
    .map((frame) => ({
      ...frame,
      fields: frame.fields.map((field) =>
        field.type === FieldType.number
          ? {
              ...field,
              values: field.values.map((value) => (Number.isFinite(value) ? value : null)),
            }
          : field,
      ),
    }));
}
