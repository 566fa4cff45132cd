// What is inside a panel's frame: the drawing of its type, no data, or why there is none.

import { type DataFrame, type FieldConfigSource, FieldType, type TimeRange } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { Component, type ReactNode } from 'react';
import type { PlacedPanel } from '../drawing';
import { optionsOf } from '../options';
import { Heatmap } from './Heatmap';
import { BarGauges, Gauges, Stats } from './numbers';
import { Table } from './Table';
import { Text } from './Text';
import { Chart } from './Chart';

export interface DrawnPanel extends PlacedPanel {
  data: DataFrame[];
  fieldConfig: FieldConfigSource;
  problems: string[];
}

export interface PanelProps {
  data: DataFrame[];
  options: Record<string, any>;
  fieldConfig: FieldConfigSource;
  width: number;
  height: number;
  range: TimeRange;
  timeZone: string;
}

/** Types that are drawn; the second half of them say themselves that there is no data. */
const DRAWN: Record<string, { draw: (props: PanelProps) => ReactNode; saysNoData: boolean }> = {
  timeseries: { draw: Chart, saysNoData: false },
  heatmap: { draw: Heatmap, saysNoData: false },
  table: { draw: Table, saysNoData: false },
  stat: { draw: Stats, saysNoData: true },
  gauge: { draw: Gauges, saysNoData: true },
  bargauge: { draw: BarGauges, saysNoData: true },
  text: { draw: Text, saysNoData: true },
};

export const isDrawn = (type: string) => type === 'row' || type in DRAWN;

interface Props {
  placed: DrawnPanel;
  width: number;
  height: number;
  range: TimeRange;
  timeZone: string;
}

export function Panel({ placed, ...rest }: Props) {
  const { panel, data, fieldConfig } = placed;
  const type = DRAWN[panel.type];
  if (!type) return <Words {...rest}>{`panels of type ${panel.type} are not drawn here`}</Words>;
  if (!type.saysNoData && !hasValues(data)) {
    return <Words {...rest}>{fieldConfig.defaults.noValue || 'No data'}</Words>;
  }
  const Draw = type.draw;
  const options = optionsOf(panel.type, panel.options);
  return (
    <Caught {...rest}>
      <Draw data={data} options={options} fieldConfig={fieldConfig} {...rest} />
    </Caught>
  );
}

function hasValues(data: DataFrame[]): boolean {
  return data.some(
    (frame) => frame.length > 0 && frame.fields.some((field) => field.type !== FieldType.time),
  );
}

export function Words({
  width,
  height,
  children,
}: {
  width: number;
  height: number;
  children: ReactNode;
}) {
  const theme = useTheme2();
  const style = {
    width,
    height,
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    textAlign: 'center',
    color: theme.colors.text.secondary,
  } as const;
  return (
    <div data-words style={style}>
      {children}
    </div>
  );
}

interface CaughtProps {
  width: number;
  height: number;
  children: ReactNode;
}

/** A panel that cannot be drawn leaves the others alone, and says why. */
class Caught extends Component<CaughtProps, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error ? (
      <Words {...this.props}>{`failed to draw: ${error.message}`}</Words>
    ) : (
      this.props.children
    );
  }
}
