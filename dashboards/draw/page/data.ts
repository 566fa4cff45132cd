// From answers to what a panel draws: frames, transformed, with units, names and colours.

import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  displayNameOverrideProcessor,
  type FieldConfigSource,
  FieldConfigOptionsRegistry,
  FieldType,
  type GrafanaTheme2,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';
import type { PlacedPanel } from './drawing';
import { framesOf } from './frames';
import { fieldDefaultsOf } from './options';

const STANDARD = [
  'unit',
  'min',
  'max',
  'fieldMinMax',
  'decimals',
  'displayName',
  'noValue',
  'thresholds',
  'mappings',
  'links',
  'actions',
  'color',
  'filterable',
  'description',
];

standardTransformersRegistry.setInit(() =>
  Object.values(standardTransformers)
    // One of them is there under two names.
    .filter((one, index, all) => all.findIndex((other) => other.id === one.id) === index)
    .map((one: any) => ({ ...one, transformation: async () => one }) as any),
);

/** What a panel draws, and what its transformations named that is not there. */
export async function dataOf(placed: PlacedPanel, theme: GrafanaTheme2, timeZone: string) {
  const { panel, answers } = placed;
  const steps = panel.transformations ?? [];
  const unknown = steps.filter((step) => !standardTransformersRegistry.getIfExists(step.id));
  const transformed = await lastValueFrom(transformDataFrame(steps, framesOf(answers)));
  const fieldConfig = {
    defaults: fieldDefaultsOf(panel.type, panel.fieldConfig?.defaults),
    overrides: panel.fieldConfig?.overrides ?? [],
  };
  const data = applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig),
    replaceVariables: (text) => text,
    theme,
    timeZone,
  });
  // Tables call their columns by what is kept here.
  cacheFieldDisplayNames(data);
  const problems = [
    ...unknown.map((step) => `transformation ${step.id} is not known here`),
    ...idleOverrides(fieldConfig, data),
  ];
  return { data, fieldConfig, problems };
}

// Panel types register their own properties with Grafana; here those count that the panel names.
function registryOf({ defaults, overrides }: FieldConfigSource): FieldConfigOptionsRegistry {
  const named = overrides.flatMap((rule) => rule.properties.map(({ id }) => id));
  const custom = new Set([
    ...Object.keys(defaults.custom ?? {}),
    ...named.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length)),
  ]);
  const item = (id: string, path: string, isCustom: boolean) => ({
    id,
    path,
    isCustom,
    name: id,
    process: id === 'displayName' ? displayNameOverrideProcessor : (value: unknown) => value,
    shouldApply: ({ type }: { type: FieldType }) =>
      !['unit', 'min', 'max', 'decimals'].includes(id) || type !== FieldType.time,
  });
  return new FieldConfigOptionsRegistry(
    () =>
      [
        ...STANDARD.map((id) => item(id, id, false)),
        ...[...custom].map((path) => item(`custom.${path}`, path, true)),
      ] as any,
  );
}

// A rule for a name that no field has is a typo, or a series that is not there now.
function idleOverrides({ overrides }: FieldConfigSource, data: DataFrame[]): string[] {
  const names = new Set(
    data.flatMap((frame) =>
      frame.fields.flatMap((field) => [
        field.name,
        field.config.displayName,
        field.config.displayNameFromDS,
      ]),
    ),
  );
  return overrides
    .filter(({ matcher }) => matcher.id === 'byName' && !names.has(matcher.options))
    .map(({ matcher }) => `override for ${matcher.options} meets no field`);
}
