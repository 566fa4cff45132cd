// The page: takes the drawing, draws it, and says when it has come to rest.

import { createTheme, dateTime, ThemeContext, type TimeRange } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles } from '@grafana/ui';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { Dashboard } from './Dashboard';
import { dataOf } from './data';
import type { Drawing } from './drawing';
import { lookAtPanels } from './look';

const drawing: Drawing = await (await fetch('/drawing.json')).json();
const isDark = new URLSearchParams(location.search).get('theme') !== 'light';
const theme = createTheme({ colors: { mode: isDark ? 'dark' : 'light' } });
const range: TimeRange = {
  from: dateTime(drawing.from),
  to: dateTime(drawing.to),
  raw: { from: dateTime(drawing.from), to: dateTime(drawing.to) },
};

await initPluginTranslations('weir-draw');
const panels = await Promise.all(
  drawing.panels.map(async (placed) => ({
    ...placed,
    ...(await dataOf(placed, theme, drawing.timezone)),
  })),
);

const root = createRoot(document.getElementById('root')!);
const render = (children?: ReactNode) =>
  root.render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      {children}
    </ThemeContext.Provider>,
  );
const rest = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A chart writes its axes once, in the font that is there by then.
render();
await rest(50);
await Promise.all(['400 12px Inter', '500 12px Inter'].map((font) => document.fonts.load(font)));
render(<Dashboard drawing={drawing} panels={panels} range={range} />);

// Legends are measured, then charts take what is left; nothing says when that is over.
await rest(1500);
(globalThis as any).weirDrawn = lookAtPanels(panels);
