// Panels of single numbers: stat and bar gauge are Grafana's own, the gauge is a plain one of ours,
// because Grafana's is not among its published components.

import {
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type DisplayValueAlignmentFactors,
} from '@grafana/data';
import {
  BarGauge,
  BigValue,
  useTheme2,
  VizRepeater,
  type VizRepeaterRenderValueProps,
} from '@grafana/ui';
import type { JSX } from 'react';
import { GaugeArc } from './GaugeArc';
import type { PanelProps } from './Panel';

type Rendered = VizRepeaterRenderValueProps<FieldDisplay, DisplayValueAlignmentFactors>;

interface RepeatedProps extends PanelProps {
  isSparkline?: boolean;
  autoGrid?: boolean;
  render: (rendered: Rendered) => JSX.Element;
}

function Repeated({
  data,
  options,
  fieldConfig,
  width,
  height,
  timeZone,
  isSparkline,
  autoGrid,
  render,
}: RepeatedProps) {
  const theme = useTheme2();
  const getValues = () =>
    getFieldDisplayValues({
      data,
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables: (text) => text,
      theme,
      sparkline: isSparkline,
      timeZone,
    });
  return (
    <VizRepeater
      getValues={getValues}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={render}
      width={width}
      height={height}
      source={data}
      renderCounter={1}
      itemSpacing={autoGrid ? 3 : undefined}
      autoGrid={autoGrid}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight}
      orientation={options.orientation}
    />
  );
}

export function Stats(props: PanelProps) {
  const theme = useTheme2();
  const { options } = props;
  const render = ({ value, alignmentFactors, width, height, count }: Rendered) => (
    <BigValue
      value={value.display}
      count={count}
      sparkline={value.sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      alignmentFactors={alignmentFactors}
      text={options.text}
      width={width}
      height={height}
      theme={theme}
      disableWideLayout={!options.wideLayout}
      percentChangeColorMode={options.percentChangeColorMode}
    />
  );
  return (
    <Repeated {...props} isSparkline={options.graphMode !== 'none'} autoGrid render={render} />
  );
}

export function BarGauges(props: PanelProps) {
  const theme = useTheme2();
  const { options } = props;
  const render = ({ value, alignmentFactors, width, height, orientation, count }: Rendered) => (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
      width={width}
      height={height}
      orientation={orientation}
      text={options.text}
      theme={theme}
      itemSpacing={count > 1 ? 10 : 0}
      displayMode={options.displayMode}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      showUnfilled={options.showUnfilled}
      alignmentFactors={alignmentFactors}
    />
  );
  return <Repeated {...props} render={render} />;
}

export function Gauges(props: PanelProps) {
  const render = ({ value, width, height, count }: Rendered) => (
    <GaugeArc value={value} width={width} height={height} isNamed={count > 1} />
  );
  return <Repeated {...props} autoGrid render={render} />;
}
