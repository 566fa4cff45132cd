// What the Node side hands to the page: a dashboard with every question answered.

import type { DashboardLink } from '@grafana/schema';
import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';

export interface Drawing {
  title: string;
  description?: string;
  links: DashboardLink[];
  from: number;
  to: number;
  timezone: string;
  width: number;
  height: number;
  variables: Variable[];
  panels: PlacedPanel[];
}

export interface Variable {
  name: string;
  label: string;
  type: string;
  hide: boolean;
  text: string;
  values?: string[];
  error?: string;
}

export interface PlacedPanel {
  panel: PanelModel;
  box: { left: number; top: number; width: number; height: number };
  answers: Answer[];
}

export interface PanelModel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  transparent?: boolean;
  repeat?: string;
  links?: DashboardLink[];
  options?: Record<string, any>;
  fieldConfig?: Partial<FieldConfigSource>;
  transformations?: DataTransformerConfig[];
}

/** Answer of Prometheus to one target of a panel. */
export interface Answer {
  refId: string;
  legendFormat: string;
  format: string;
  expr: string;
  /** Milliseconds; instant answers have none. */
  step?: number;
  resultType?: string;
  result: Series[];
  error?: string;
}

export type Sample = [number, string];

export interface Series {
  metric: Record<string, string>;
  values?: Sample[];
  value?: Sample;
}
