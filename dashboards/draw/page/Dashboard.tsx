// The dashboard: its head with variables and links, and its panels at their places.

import type { TimeRange } from '@grafana/data';
import { Icon, PanelChrome, useTheme2 } from '@grafana/ui';
import type { Drawing } from './drawing';
import { type DrawnPanel, Panel } from './panels/Panel';

interface Props {
  drawing: Drawing;
  panels: DrawnPanel[];
  range: TimeRange;
}

export function Dashboard({ drawing, panels, range }: Props) {
  const theme = useTheme2();
  return (
    <div style={{ background: theme.colors.background.canvas, padding: 16, minHeight: '100vh' }}>
      <Head drawing={drawing} />
      <div style={{ position: 'relative', width: drawing.width, height: drawing.height }}>
        {panels.map((placed) => (
          <div
            key={placed.panel.id}
            data-panel={placed.panel.id}
            style={{ position: 'absolute', ...placed.box }}
          >
            {placed.panel.type === 'row' ? (
              <Row placed={placed} />
            ) : (
              <Framed placed={placed} drawing={drawing} range={range} />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function Head({ drawing }: { drawing: Drawing }) {
  const theme = useTheme2();
  const chip = {
    border: `1px solid ${theme.colors.border.medium}`,
    borderRadius: theme.shape.radius.default,
    padding: '4px 8px',
  };
  return (
    <div style={{ color: theme.colors.text.primary, width: drawing.width, marginBottom: 8 }}>
      <h2 style={{ marginBottom: 4 }}>{drawing.title}</h2>
      <p style={{ color: theme.colors.text.secondary }}>{drawing.description}</p>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
        {drawing.variables
          .filter(({ hide }) => !hide)
          .map(({ name, label, text, values, error }) => (
            <span key={name} style={chip}>
              {label}: <b>{text}</b>
              {values && ` (of ${values.length})`}
              {error && <span style={{ color: theme.colors.error.text }}> {error}</span>}
            </span>
          ))}
        <span style={{ flexGrow: 1 }} />
        {drawing.links.map(({ title, url }, index) => (
          <span key={index} style={chip} title={url ?? ''}>
            <Icon name="link" size="sm" /> {title}
          </span>
        ))}
        <span style={chip}>
          <Icon name="clock-nine" size="sm" /> {new Date(drawing.from).toISOString()} to{' '}
          {new Date(drawing.to).toISOString()}
        </span>
      </div>
    </div>
  );
}

function Row({ placed: { panel } }: { placed: DrawnPanel }) {
  const theme = useTheme2();
  return (
    <div style={{ ...theme.typography.h6, color: theme.colors.text.primary, padding: 4 }}>
      <Icon name="angle-down" /> {panel.title}
    </div>
  );
}

function Framed({
  placed,
  drawing,
  range,
}: {
  placed: DrawnPanel;
  drawing: Drawing;
  range: TimeRange;
}) {
  const { panel, box, answers } = placed;
  const errors = answers.flatMap((answer) => answer.error ?? []);
  return (
    <PanelChrome
      width={box.width}
      height={box.height}
      title={panel.title}
      description={panel.description}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      statusMessage={errors.join('; ') || undefined}
      padding={panel.type === 'table' ? 'none' : 'md'}
      titleItems={panel.links?.length ? <Icon name="external-link-alt" size="sm" /> : undefined}
    >
      {(width, height) => (
        <Panel
          placed={placed}
          width={width}
          height={height}
          range={range}
          timeZone={drawing.timezone}
        />
      )}
    </PanelChrome>
  );
}
