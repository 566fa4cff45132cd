// Colours of heat maps.

import type { GrafanaTheme2 } from '@grafana/data';
import * as chromatic from 'd3-scale-chromatic';

// Schemes that Grafana turns round in one theme, so that much always stands out from the ground.
// Source: github.com/grafana/grafana public/app/plugins/panel/heatmap/palettes.ts (read 2026-11).
const LIGHT_TO_DARK = /^(Blues|Greens|Greys|Oranges|Purples|Reds|[A-Z][a-z]([A-Z][a-z])+)$/;

/** Colours from little to much. */
export function paletteOf(color: Record<string, any> = {}, theme: GrafanaTheme2): string[] {
  const { mode = 'scheme', scheme = 'Oranges', steps = 64, reverse = false } = color;
  if (mode === 'opacity') {
    const fill = theme.visualization.getColorByName(color.fill ?? 'dark-orange');
    return list(steps, (share) => `color-mix(in srgb, ${fill} ${share * 100}%, transparent)`);
  }
  const known = (chromatic as any)[`interpolate${scheme}`] ?? chromatic.interpolateOranges;
  const isTurned = (LIGHT_TO_DARK.test(scheme) && theme.isDark) !== reverse;
  return list(steps, (share) => known(isTurned ? 1 - share : share));
}

function list(steps: number, color: (share: number) => string): string[] {
  return Array.from({ length: steps }, (_, index) => color(index / Math.max(steps - 1, 1)));
}
