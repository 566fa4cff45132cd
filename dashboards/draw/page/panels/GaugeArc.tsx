// A gauge: an arc as far as the value goes, in its colour, on the thresholds' colours.

import { type FieldDisplay, formattedValueToString } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';

// Three quarters of a circle, open at the bottom, in radians from three o'clock.
const START = 0.75 * Math.PI;
const SWEEP = 1.5 * Math.PI;

interface Props {
  value: FieldDisplay;
  width: number;
  height: number;
  isNamed: boolean;
}

export function GaugeArc({ value: { display, field, name }, width, height, isNamed }: Props) {
  const theme = useTheme2();
  const { min = 0, max = 100 } = field;
  const share = (at: number) =>
    Math.min(Math.max((at - (min ?? 0)) / ((max ?? 100) - (min ?? 0)), 0), 1);
  const radius = Math.min(width, height) / 2 - 8;
  const arc = (from: number, to: number, size: number) => {
    const point = (at: number) => {
      const angle = START + SWEEP * at;
      return `${width / 2 + size * Math.cos(angle)} ${height / 2 + size * Math.sin(angle)}`;
    };
    return `M ${point(from)} A ${size} ${size} 0 ${(to - from) * SWEEP > Math.PI ? 1 : 0} 1 ${point(to)}`;
  };
  const steps = field.thresholds?.steps ?? [];
  const stroke = radius / 4;
  return (
    <svg
      width={width}
      height={height}
      fill="none"
      style={{ fontFamily: theme.typography.fontFamily }}
    >
      <path
        d={arc(0, 1, radius - stroke)}
        stroke={theme.colors.background.secondary}
        strokeWidth={stroke}
      />
      {Number.isFinite(display.numeric) && (
        <path
          d={arc(0, share(display.numeric), radius - stroke)}
          stroke={display.color}
          strokeWidth={stroke}
        />
      )}
      {steps.map((step, index) => (
        <path
          key={index}
          d={arc(
            share(step.value),
            share(steps[index + 1]?.value ?? Infinity),
            radius - stroke / 4,
          )}
          stroke={theme.visualization.getColorByName(step.color)}
          strokeWidth={stroke / 4}
        />
      ))}
      <text
        x={width / 2}
        y={height / 2}
        textAnchor="middle"
        dominantBaseline="middle"
        fontSize={radius / 3}
        fill={display.color}
      >
        {formattedValueToString(display)}
      </text>
      {isNamed && (
        <text
          x={width / 2}
          y={height - 4}
          textAnchor="middle"
          fontSize={12}
          fill={theme.colors.text.primary}
        >
          {display.title ?? name}
        </text>
      )}
    </svg>
  );
}
