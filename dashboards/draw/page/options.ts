// What a panel means where its JSON says nothing, by type.
//
// Source: github.com/grafana/grafana public/app/plugins/panel, panelcfg.cue and module.tsx of each
// type (read 2026-11).

import type { FieldConfig } from '@grafana/data';

interface Defaults {
  options: Record<string, any>;
  colorMode: string;
  custom?: Record<string, any>;
}

const REDUCE = { reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '' } };

const TIMESERIES: Defaults = {
  colorMode: 'palette-classic',
  options: { legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] } },
  custom: {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: 1,
    fillOpacity: 0,
    gradientMode: 'none',
    spanNulls: false,
    showPoints: 'auto',
    pointSize: 5,
    barAlignment: 0,
    stacking: { mode: 'none', group: 'A' },
    axisPlacement: 'auto',
    axisGridShow: true,
    axisCenteredZero: false,
    axisBorderShow: false,
    scaleDistribution: { type: 'linear' },
    thresholdsStyle: { mode: 'off' },
  },
};

const DEFAULTS: Record<string, Defaults> = {
  timeseries: TIMESERIES,
  stat: {
    colorMode: 'thresholds',
    options: {
      ...REDUCE,
      orientation: 'auto',
      graphMode: 'area',
      colorMode: 'value',
      justifyMode: 'auto',
      textMode: 'auto',
      wideLayout: true,
    },
  },
  gauge: { colorMode: 'thresholds', options: { ...REDUCE, orientation: 'auto' } },
  bargauge: {
    colorMode: 'thresholds',
    options: {
      ...REDUCE,
      orientation: 'auto',
      displayMode: 'gradient',
      valueMode: 'color',
      showUnfilled: true,
      namePlacement: 'auto',
      minVizWidth: 8,
      minVizHeight: 16,
      maxVizHeight: 300,
    },
  },
  table: {
    colorMode: 'thresholds',
    options: { frameIndex: 0, showHeader: true, cellHeight: 'sm', sortBy: [] },
    custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false },
  },
  heatmap: {
    colorMode: 'thresholds',
    options: {
      calculate: false,
      color: { mode: 'scheme', scheme: 'Oranges', scale: 'exponential', exponent: 0.5, steps: 64 },
      yAxis: {},
      rowsFrame: {},
      filterValues: { le: 1e-9 },
      legend: { show: true },
      cellGap: 1,
    },
  },
};

const BARE: Defaults = { options: {}, colorMode: 'thresholds' };

/** Options of a panel, complete. */
export function optionsOf(type: string, given: Record<string, any> = {}): Record<string, any> {
  const { options } = DEFAULTS[type] ?? BARE;
  return Object.fromEntries(
    [...new Set([...Object.keys(options), ...Object.keys(given)])].map((key) => [
      key,
      isPlain(options[key]) && isPlain(given[key])
        ? { ...options[key], ...given[key] }
        : (given[key] ?? options[key]),
    ]),
  );
}

/** Field defaults of a panel, complete. */
export function fieldDefaultsOf(type: string, given: FieldConfig = {}): FieldConfig {
  const { colorMode, custom } = DEFAULTS[type] ?? BARE;
  const thresholds = given.thresholds ?? {
    mode: 'absolute',
    steps: [
      { value: null, color: 'green' },
      { value: 80, color: 'red' },
    ],
  };
  return {
    ...given,
    color: given.color ?? { mode: colorMode },
    // JSON cannot say that the first step has no beginning.
    thresholds: {
      ...thresholds,
      steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })),
    } as FieldConfig['thresholds'],
    custom: { ...custom, ...given.custom },
  };
}

function isPlain(value: unknown): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
