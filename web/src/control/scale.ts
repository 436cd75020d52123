// From times and values to a drawing: round scales, thinning that keeps every peak, paths.

/** A box to draw in, and the span of time that it shows. */
export interface Frame {
  width: number;
  height: number;
  from_ms: number;
  to_ms: number;
  top: number;
}

/** The smallest of 1, 2, 5 × 10ⁿ that is at least `largest`, and never below `least`. */
export function round_top(largest: number, least = 1): number {
  const wanted = Math.max(largest, least);
  const power = 10 ** Math.floor(Math.log10(wanted) + 1e-9);
  const step = [1, 2, 5, 10].find((factor) => factor * power >= wanted * (1 - 1e-9)) ?? 10;
  return step * power;
}

export function x_of(at_ms: number, frame: Frame): number {
  return ((at_ms - frame.from_ms) / (frame.to_ms - frame.from_ms)) * frame.width;
}

export function y_of(value: number, frame: Frame): number {
  return frame.height - (Math.min(value, frame.top) / frame.top) * frame.height;
}

/**
 * Which of the values to draw where there are more than there is room for: of each of `columns`
 * equal spans of time the first, the least, the largest and the last, so that no peak is lost.
 */
export function thin(
  times: readonly number[],
  values: readonly number[],
  columns: number,
  from_ms: number,
  to_ms: number,
): number[] {
  const kept: number[] = [];
  const span_ms = (to_ms - from_ms) / columns;
  let at = 0;
  while (at < times.length) {
    const column = Math.floor(((times[at] as number) - from_ms) / span_ms);
    const first = at;
    let [least, largest] = [at, at];
    while (
      at < times.length &&
      Math.floor(((times[at] as number) - from_ms) / span_ms) === column
    ) {
      if ((values[at] as number) < (values[least] as number)) least = at;
      if ((values[at] as number) > (values[largest] as number)) largest = at;
      at += 1;
    }
    kept.push(...[...new Set([first, least, largest, at - 1])].sort((a, b) => a - b));
  }
  return kept;
}

/**
 * `kept` cut where nothing is known for longer than `hole_ms`: a line must not bridge that. What
 * was thinned out is known, however long a line without a bend is.
 */
export function runs(kept: readonly number[], times: readonly number[], hole_ms: number) {
  const found: number[][] = [];
  let before = -1;
  for (const index of kept) {
    let whole = before >= 0;
    for (let at = before + 1; whole && at <= index; at += 1)
      whole = (times[at] as number) - (times[at - 1] as number) <= hole_ms;
    if (!whole) found.push([]);
    found.at(-1)?.push(index);
    before = index;
  }
  return found;
}

/** `d` of a line through the values; a run of one value is a dot (a line of no length). */
export function line_path(
  stretches: readonly (readonly number[])[],
  times: readonly number[],
  values: readonly number[],
  frame: Frame,
): string {
  const point = (index: number) =>
    `${x_of(times[index] as number, frame).toFixed(1)} ${y_of(values[index] as number, frame).toFixed(1)}`;
  return stretches
    .map((run) => {
      const points = run.map(point);
      if (points.length === 1) points.push(points[0] as string);
      return `M${points.join('L')}`;
    })
    .join('');
}

/** `d` of the area between two lines. */
export function band_path(
  stretches: readonly (readonly number[])[],
  times: readonly number[],
  low: readonly number[],
  high: readonly number[],
  frame: Frame,
): string {
  const point = (index: number, values: readonly number[]) =>
    `${x_of(times[index] as number, frame).toFixed(1)} ${y_of(values[index] as number, frame).toFixed(1)}`;
  return stretches
    .map((run) => {
      const over = run.map((index) => point(index, high));
      const back = [...run].reverse().map((index) => point(index, low));
      return `M${[...over, ...back].join('L')}Z`;
    })
    .join('');
}

/** The index whose time is nearest to `at_ms`; −1 where there is none. `times` ascend. */
export function nearest_index(times: readonly number[], at_ms: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < at_ms) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && at_ms - (times[low - 1] as number) < (times[low] as number) - at_ms)
    return low - 1;
  return times.length === 0 ? -1 : low;
}
