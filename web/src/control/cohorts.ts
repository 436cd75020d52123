// The line as rows to be read, and a rank as the moment it stands for.

import type { LinePiece } from '../ground/contract.ts';

const FRACTIONS = 2 ** 32; // a rank is cohort × 2³² + fraction (docs/decisions/0008-door.md)
export const COHORT_S = 10;

export interface LineRow {
  first: number;
  last: number;
  waiting: number;
}

/**
 * The pieces as at most `most` rows in the order of arrival. Those who came before the doors opened
 * (cohort 0) are a row of their own; a row spans about as many cohorts as any other.
 */
export function line_rows(pieces: readonly LinePiece[], most: number): LineRow[] {
  const rows = pieces
    .filter(([, , waiting]) => waiting > 0)
    .map(([first, last, waiting]) => ({ first, last, waiting }))
    .sort((a, b) => a.first - b.first);
  const early = rows[0]?.first === 0 && rows[0].last === 0 ? rows.slice(0, 1) : [];
  const later = rows.slice(early.length);
  const room = most - early.length;
  if (later.length <= room) return rows;
  const begin = later[0]?.first ?? 0;
  const span = Math.ceil(((later.at(-1)?.last ?? 0) - begin + 1) / room);
  const merged = new Map<number, LineRow>();
  for (const row of later) {
    const group = Math.floor((row.first - begin) / span);
    const before = merged.get(group);
    if (!before) merged.set(group, { ...row });
    else {
      before.last = Math.max(before.last, row.last);
      before.waiting += row.waiting;
    }
  }
  return [...early, ...merged.values()];
}

/** Cohort, and how much of it is admitted (0 to 1); null where nobody is yet. */
export function place_of(rank: number): { cohort: number; share: number } | null {
  if (rank < 0) return null;
  const cohort = Math.floor(rank / FRACTIONS);
  return { cohort, share: (rank - cohort * FRACTIONS) / (FRACTIONS - 1) };
}

/** When those of cohorts `first` to `last` arrived; null before the doors opened (cohort 0). */
export function arrived_ms(
  first: number,
  last: number,
  opened_ms: number,
): { from_ms: number; to_ms: number } | null {
  if (last === 0) return null;
  return {
    from_ms: opened_ms + Math.max(0, first - 1) * COHORT_S * 1000,
    to_ms: opened_ms + last * COHORT_S * 1000,
  };
}
