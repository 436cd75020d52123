// Media time and wall time, joined by EXT-X-PROGRAM-DATE-TIME (RFC 8216bis 4.4.4.6).

import type { Speaker, Timestamp } from '../ground/contract.ts';

/** A segment as the timeline needs it: media seconds, and Unix milliseconds of its first sample. */
export interface Stretch {
  start: number;
  duration: number;
  programDateTime: number | null;
}

/** Unix milliseconds of what is heard at media time `time_s`, or null if nothing says so. */
export function date_at(stretches: readonly Stretch[], time_s: number): number | null {
  let nearest: Stretch | null = null;
  for (const stretch of stretches) {
    if (stretch.programDateTime === null) continue;
    if (nearest === null || stretch.start <= time_s) nearest = stretch;
    else break;
  }
  if (nearest === null || nearest.programDateTime === null) return null;
  return nearest.programDateTime + (time_s - nearest.start) * 1000;
}

/** Media time of the moment `date_ms`, or null where the window does not hold it. */
export function time_at(stretches: readonly Stretch[], date_ms: number): number | null {
  const dated = stretches.filter((s) => s.programDateTime !== null);
  const first = dated[0];
  const last = dated.at(-1);
  if (!first || !last || first.programDateTime === null || last.programDateTime === null)
    return null;
  if (date_ms < first.programDateTime) return null;
  if (date_ms > last.programDateTime + last.duration * 1000) return null;
  let found = first;
  for (const stretch of dated)
    if (stretch.programDateTime !== null && stretch.programDateTime <= date_ms) found = stretch;
  return found.start + (date_ms - (found.programDateTime ?? 0)) / 1000;
}

/**
 * Who spoke when: state.json runs ahead of the sound by the player's latency, so a name lights up
 * only when its voice arrives.
 */
export class SpeakerHistory {
  private entries: { at_ms: number; speakers: Speaker[] }[] = [];

  learn(now: Timestamp, speakers: Speaker[]): void {
    this.entries.push({ at_ms: Date.parse(now), speakers });
    if (this.entries.length > 60) this.entries.shift();
  }

  /** Those heard at `date_ms`; the newest known where it is null. */
  at(date_ms: number | null): Speaker[] {
    const newest = this.entries.at(-1);
    if (!newest) return [];
    if (date_ms === null) return newest.speakers;
    const heard = this.entries.findLast((entry) => entry.at_ms <= date_ms) ?? this.entries[0];
    if (!heard) return newest.speakers;
    const speaking = new Set(heard.speakers.filter((s) => s.speaking).map((s) => s.id));
    return newest.speakers.map((s) => ({ ...s, speaking: speaking.has(s.id) }));
  }
}
