// What the shield's card shows, worked out from what control says.

import { by_key, OTHERS, type Series, sum } from './readings.ts';
import type { ShieldPoint, ShieldView } from './shield_contract.ts';

export const SHIELD_CHARTS = ['incoming', 'refused', 'busy', 'sources'] as const;
export type ShieldChart = (typeof SHIELD_CHARTS)[number];
export const WATCH = 1;
export const ATTACK = 2;

const WOULD = 'would_';

/** Slowed or refused, of what nobody explains: a request that is refused costs one unit too. */
export function met_share(view: Pick<ShieldView, 'unexplained' | 'refused' | 'acts'>): number {
  const met = sum(view.refused) + (view.acts['slowed'] ?? 0);
  return met === 0 ? 0 : met / Math.max(met, view.unexplained);
}

/** The lines of a plot. */
export function shield_series(chart: ShieldChart, points: readonly ShieldPoint[]): Series[] {
  if (chart === 'incoming')
    return [
      { key: 'explained', values: points.map((p) => Math.min(p.explained, p.spent)) },
      { key: 'unexplained', values: points.map((p) => Math.max(0, p.spent - p.explained)) },
    ];
  if (chart === 'refused') return by_key(points.map((p) => p.refused));
  return [{ key: '', values: points.map((p) => p[chart]) }];
}

export interface ReasonWords {
  reasons: Readonly<Record<string, string>>;
  done: Readonly<Record<string, string>>;
  lines: { others: string };
  would: (reason: string) => string;
}

/** A reason in words; what has none is shown as its code. */
export function reason_words(code: string, words: ReasonWords): string {
  if (code === OTHERS) return words.lines.others;
  if (code.startsWith(WOULD)) return words.would(reason_words(code.slice(WOULD.length), words));
  return words.reasons[code] ?? words.done[code] ?? code;
}

/** The reason that counts most, '' where there is none. */
export function main_reason(refused: Readonly<Record<string, number>>): string {
  const rows = Object.entries(refused).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return rows[0]?.[0] ?? '';
}

/** Done, or (where nothing is done) what would have been. */
export function act_count(acts: Readonly<Record<string, number>>, act: string): number {
  return (acts[act] ?? 0) + (acts[`${WOULD}${act}`] ?? 0);
}
