// What the plots and their table show, from the points of the last quarter of an hour.

import type { DoorPoint } from './contract.ts';

export const CHARTS = [
  'waiting',
  'inside',
  'listening',
  'requests',
  'refusals',
  'busy',
  'lag',
  'egress',
] as const;
export type Chart = (typeof CHARTS)[number];

/** One line of a plot. `key`: the class or code; `''` where the plot has one line only. */
export interface Series {
  key: string;
  values: readonly number[];
  low?: readonly number[];
  high?: readonly number[];
}

export const OTHERS = 'others';

const ONE: Record<
  Exclude<Chart, 'requests' | 'refusals' | 'listening'>,
  (p: DoorPoint) => number
> = {
  waiting: (p) => p.waiting,
  inside: (p) => p.inside,
  busy: (p) => p.busy,
  lag: (p) => p.loop_lag_ms,
  egress: (p) => p.egress_bit_s,
};

/** The lines of a plot. */
export function series_of(chart: Chart, points: readonly DoorPoint[]): Series[] {
  if (chart === 'requests') return by_key(points.map((p) => p.requests_s));
  if (chart === 'refusals') return by_key(points.map((p) => p.refusals_s));
  if (chart === 'listening')
    return [
      {
        key: '',
        values: points.map((p) => p.listening),
        low: points.map((p) => p.low ?? p.listening),
        high: points.map((p) => p.high ?? p.listening),
      },
    ];
  return [{ key: '', values: points.map(ONE[chart]) }];
}

/** A line for each key, the `most` − 1 that count most and the sum of the others, by name. */
export function by_key(rows: readonly Readonly<Record<string, number>>[], most = 6): Series[] {
  const totals = new Map<string, number>();
  for (const row of rows)
    for (const [key, value] of Object.entries(row)) totals.set(key, (totals.get(key) ?? 0) + value);
  const keys = [...totals].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([key]) => key);
  const shown = (keys.length > most ? keys.slice(0, most - 1) : keys).sort();
  const lines = shown.map((key): Series => ({ key, values: rows.map((row) => row[key] ?? 0) }));
  if (shown.length === keys.length) return lines;
  const known = new Set(shown);
  const rest = (row: Readonly<Record<string, number>>) =>
    Object.entries(row).reduce((sum, [key, value]) => sum + (known.has(key) ? 0 : value), 0);
  return [...lines, { key: OTHERS, values: rows.map(rest) }];
}

/** Which look each key has: those that stay keep theirs, a new one takes the lowest that is free. */
export function looks(before: ReadonlyMap<string, number>, keys: readonly string[]) {
  const kept = new Map([...before].filter(([key]) => keys.includes(key)));
  const taken = new Set(kept.values());
  for (const key of keys) {
    if (kept.has(key)) continue;
    let look = 0;
    while (taken.has(look)) look += 1;
    taken.add(look);
    kept.set(key, look);
  }
  return kept;
}

/** The newest point of each minute, the newest minute first. */
export function each_minute(points: readonly DoorPoint[]): DoorPoint[] {
  const last = new Map<number, DoorPoint>();
  for (const point of points) last.set(Math.floor(Date.parse(point.at) / 60_000), point);
  return [...last.values()].reverse();
}

export function sum(row: Readonly<Record<string, number>>): number {
  return Object.values(row).reduce((a, b) => a + b, 0);
}
