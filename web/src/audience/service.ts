// What the present rung means to somebody who listens: what happened, and what comes.

import type { EventState } from '../ground/contract.ts';
import type { DOOR_WORDS } from './door_words.ts';

const CALM_MS = 60_000;

/** One calm paragraph, or "" where there is nothing to say. `replay_by`: the replay's promise in words. */
export function service(
  state: EventState,
  t: (typeof DOOR_WORDS)['en'],
  replay_by: string,
  now_ms: number,
): string {
  if (state.phase !== 'live') return '';
  const { rung, rung_reason: reason = '' } = state;
  const why = t.why[reason] ?? '';
  const since_ms = now_ms - Date.parse(state.rung_since ?? '');
  const recovered = reason === 'rung_recovered' && since_ms < CALM_MS;
  if (rung >= 5)
    return sentences(reason === 'rung_live_failed' ? why : t.live_off, t.recorded, replay_by);
  if (rung === 4) return sentences(t.inside_full, replay_by);
  if (rung >= 1) return sentences(why, t.effect[rung as 1 | 2 | 3], t.comes);
  return recovered ? sentences(t.calm, t.effect[0]) : '';
}

function sentences(...parts: string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
