// How long to wait before asking again: so that a crowd which failed together does not return together.

/** A source of chance in [0, 1), given by the caller so that tests can choose it. */
export type Chance = () => number;

/**
 * Exponential back-off with full jitter: anything from `floor_s` to the doubling ceiling. `over_s`: a
 * crowd that fails in one moment, as the audience may, is spread over so long at least.
 */
export function backoff_s(
  attempt: number,
  chance: Chance,
  floor_s = 0.5,
  cap_s = 8,
  over_s = 0,
): number {
  const doubled = floor_s * 2 ** (Math.max(0, attempt) + 1);
  const ceiling = Math.min(cap_s, Math.max(floor_s + over_s, doubled));
  return floor_s + chance() * (ceiling - floor_s);
}

/** A regular interval, spread by ±20 % so that clients do not fall into step. */
export function spread_s(interval_s: number, chance: Chance): number {
  return interval_s * (0.8 + 0.4 * chance());
}

/**
 * `Retry-After` in seconds (RFC 9110 10.2.3: seconds or an HTTP date), or null where it says nothing.
 * A value beyond ten minutes is taken as ten minutes: a listener should not be lost to a typing error.
 */
export function retry_after_s(header: string | null, now_ms: number): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = /^\s*\d+\s*$/.test(header)
    ? Number(header)
    : (Date.parse(header) - now_ms) / 1000;
  return Number.isFinite(seconds) ? Math.min(600, Math.max(0, seconds)) : null;
}

/** What `Retry-After` asked for, and up to two fifths more: never earlier, and not all together. */
export function obeyed_s(asked_s: number, chance: Chance): number {
  return asked_s * (1 + 0.4 * chance());
}
