// Where a ticket stands: its place and its waiting time, never said more exactly than they are known.

import type { LinePiece } from '../ground/contract.ts';

const COHORT = 2 ** 32; // ranks in a cohort (rank = cohort × 2³² + fraction)

/** How many stand before a ticket: the likely number, and its standard deviation. */
export interface Before {
  people: number;
  deviation: number;
}

/**
 * Those who wait between `admitted_rank` and `rank`. Fractions are hashes, so within a piece people
 * are spread evenly over the ranks that are not yet admitted; the piece of `rank` holds its owner.
 */
export function before(rank: number, admitted_rank: number, line: readonly LinePiece[]): Before {
  let people = 0;
  let variance = 0;
  if (rank <= admitted_rank) return { people: 0, deviation: 0 };
  for (const [first, last, waiting] of line) {
    const low = Math.max(first * COHORT, admitted_rank + 1);
    const high = (last + 1) * COHORT;
    if (high <= low || rank < low) continue;
    if (rank >= high) {
      people += waiting;
      continue;
    }
    const share = (rank - low) / (high - low);
    const others = Math.max(0, waiting - 1);
    people += others * share;
    variance += others * share * (1 - share);
  }
  return { people, deviation: Math.sqrt(variance) };
}

export interface Place {
  /** 0: next. */
  n: number;
  about: boolean;
}

/** A place as it is said: exact only below 50 and where hardly a person more or less is possible. */
export function said_place({ people, deviation }: Before): Place {
  const n = Math.round(people);
  if (n < 50 && deviation < 1) return { n, about: false };
  const step = n < 10 ? 1 : n < 50 ? 5 : n < 1_000 ? 10 : n < 100_000 ? 100 : thousandth(n);
  return { n: Math.max(1, Math.round(n / step) * step), about: true };
}

/** A step that leaves three digits to say. */
function thousandth(n: number): number {
  return 10 ** (Math.floor(Math.log10(n)) - 2);
}

/** Minutes until a ticket's turn at `pace` joins per second; null while the line does not move. */
export function minutes(people: number, pace: number): number | null {
  return pace > 0 ? (people + 1) / pace / 60 : null;
}

export interface Wait {
  unit: 'moment' | 'minutes' | 'hours';
  n: number;
}

/** A waiting time as it is said: under a minute, minutes (by fives beyond ten), hours by halves. */
export function said_wait(minutes: number): Wait {
  if (minutes < 1) return { unit: 'moment', n: 0 };
  if (minutes <= 10) return { unit: 'minutes', n: Math.round(minutes) };
  if (minutes < 88) return { unit: 'minutes', n: Math.round(minutes / 5) * 5 };
  return { unit: 'hours', n: Math.round(minutes / 30) / 2 };
}

/** How far somebody who came in behind `most` people has come: 0 to 1. */
export function progress(people: number, most: number): number {
  return most <= 0 ? 1 : Math.min(1, Math.max(0, 1 - people / most));
}
