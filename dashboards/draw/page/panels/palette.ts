// Colours of heat maps.
//
// Source: github.com/grafana/grafana public/app/plugins/panel/heatmap, palettes.ts and utils.ts
// (read 2026-11).

import type { GrafanaTheme2 } from '@grafana/data';
import * as chromatic from 'd3-scale-chromatic';

// Schemes are turned round so that much stands out from the ground: these always or in the light
// theme, the others in the dark one.
const ALWAYS_TURNED = /^(BrBG|PiYG|PRGn|PuOr|RdBu|RdGy|RdYlBu|RdYlGn|Spectral|Rainbow|Sinebow)$/;
const TURNED_IN_LIGHT = /^(Turbo|Cividis|Viridis|Magma|Inferno|Plasma|Warm|Cool|Cubehelix)$/;

/** Colours from little to much. */
export function paletteOf(color: Record<string, any> = {}, theme: GrafanaTheme2): string[] {
  const { mode = 'scheme', scheme = 'Oranges', steps = 64, reverse = false } = color;
  if (mode === 'opacity') {
    const fill = theme.visualization.getColorByName(color.fill ?? 'dark-orange');
    // The exponent counts here only; schemes are even.
    const power = color.scale === 'exponential' ? (color.exponent ?? 0.5) : 1;
    return list(
      steps,
      (share) => `color-mix(in srgb, ${fill} ${share ** power * 100}%, transparent)`,
    );
  }
  const name = scheme === 'Cubehelix' ? 'CubehelixDefault' : scheme;
  const known = (chromatic as any)[`interpolate${name}`] ?? chromatic.interpolateSpectral;
  return list(steps, (share) => known(isTurned(scheme, reverse, theme) ? 1 - share : share));
}

function isTurned(scheme: string, reverse: boolean, theme: GrafanaTheme2): boolean {
  if (reverse || ALWAYS_TURNED.test(scheme)) return true;
  return TURNED_IN_LIGHT.test(scheme) ? theme.isLight : theme.isDark;
}

function list(steps: number, color: (share: number) => string): string[] {
  return Array.from({ length: steps }, (_, index) => color(index / Math.max(steps - 1, 1)));
}
