// Text panels.

import { renderMarkdown } from '@grafana/data';
import type { PanelProps } from './Panel';

export function Text({ options, width, height }: PanelProps) {
  const { mode = 'markdown', content = '' } = options;
  const style = { width, height, overflow: 'auto' };
  if (mode === 'code') return <pre style={style}>{content}</pre>;
  const html = mode === 'html' ? content : renderMarkdown(content);
  return <div className="markdown-html" style={style} dangerouslySetInnerHTML={{ __html: html }} />;
}
