// Tables: Grafana's own.

import { TableNG } from '@grafana/ui/unstable';
import type { PanelProps } from './Panel';

export function Table({ data, options, fieldConfig, width, height, range }: PanelProps) {
  const frame = data[options.frameIndex] ?? data[0];
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      showTypeIcons={options.showTypeIcons}
      resizable
      sortBy={options.sortBy}
      cellHeight={options.cellHeight}
      enablePagination={options.footer?.enablePagination ?? options.enablePagination}
      timeRange={range}
      fieldConfig={fieldConfig}
      noValue={fieldConfig.defaults.noValue}
      structureRev={1}
      enableVirtualization={false}
    />
  );
}
