// What the page of a rehearsal draws: what its conductor said and what the house measured.

import type { HouseReading, RehearsalProgress } from './contract.ts';

export const STALLED_MOST = 0.005;
export const JOIN_P99_MOST_S = 5;
export const GENERATOR_CPU_MOST = 0.85;
export const GENERATOR_LATE_MOST_MS = 250;

/** Told by the conductor, and measured by the house. */
export const TOLD = ['playing', 'stalled', 'join', 'generator'] as const;
export const MEASURED = ['busy', 'lag'] as const;
export type RehearsalChart = (typeof TOLD)[number] | (typeof MEASURED)[number];

export interface Told {
  at_ms: number;
  progress: Pick<RehearsalProgress, 'playing' | 'stalled_share' | 'join_p99_s' | 'generator_cpu'>;
}

const OF_PROGRESS: Record<(typeof TOLD)[number], (told: Told) => number> = {
  playing: (told) => told.progress.playing,
  stalled: (told) => told.progress.stalled_share,
  join: (told) => told.progress.join_p99_s,
  generator: (told) => told.progress.generator_cpu,
};
const OF_EDGE: Record<(typeof MEASURED)[number], keyof HouseReading['edges'][number]> = {
  busy: 'busy',
  lag: 'loop_lag_p99_ms',
};

/** Times and values of a plot; of several edges the worst counts. */
export function drawn(
  chart: RehearsalChart,
  told: readonly Told[],
  readings: readonly HouseReading[],
): { times: number[]; values: number[] } {
  if (chart === 'busy' || chart === 'lag') {
    const field = OF_EDGE[chart];
    return {
      times: readings.map((reading) => Date.parse(reading.at)),
      values: readings.map((reading) =>
        reading.edges.reduce((most, edge) => Math.max(most, Number(edge[field])), 0),
      ),
    };
  }
  return { times: told.map((one) => one.at_ms), values: told.map(OF_PROGRESS[chart]) };
}

/** `kept` and what is newer in `fresh`, in order, none older than `span_ms`. */
export function joined<Item>(
  kept: readonly Item[],
  fresh: readonly Item[],
  at_ms: (item: Item) => number,
  span_ms: number,
): Item[] {
  const last_ms = kept.length > 0 ? at_ms(kept[kept.length - 1] as Item) : -Infinity;
  const all = [...kept, ...fresh.filter((item) => at_ms(item) > last_ms)];
  const newest_ms = all.length > 0 ? at_ms(all[all.length - 1] as Item) : 0;
  return all.filter((item) => newest_ms - at_ms(item) <= span_ms);
}

/** Whether a step that is made now would be void: the virtual listeners themselves are the limit. */
export function would_be_void(
  progress: Pick<RehearsalProgress, 'generator_cpu' | 'generator_late_ms'>,
): boolean {
  return (
    progress.generator_cpu > GENERATOR_CPU_MOST ||
    progress.generator_late_ms > GENERATOR_LATE_MOST_MS
  );
}

/** What is known so far; the conductor may not have said anything yet. */
export function whole(progress: Partial<RehearsalProgress> | null): RehearsalProgress {
  return {
    phase: 'begin',
    says: '',
    rung: 0,
    step_listeners: 0,
    here: 0,
    playing: 0,
    stalled_share: 0,
    join_p99_s: 0,
    generator_cpu: 0,
    generator_late_ms: 0,
    elapsed_s: 0,
    left_s: 0,
    steps: [],
    ...progress,
  };
}
