// One plot: lines over the last quarter of an hour, read by pointing or with the arrow keys.

import { h, mark, refill, say, svg } from '../ground/element.ts';
import type { Series } from './readings.ts';
import {
  band_path,
  type Frame,
  line_path,
  nearest_index,
  round_top,
  runs,
  thin,
  x_of,
} from './scale.ts';

export const SHOWN_MS = 900_000;
const [WIDTH, HEIGHT] = [320, 110];
const COLUMNS = 80; // four values each: as many as the width has pixels
const HOLE_MS = 10_000;
const PAGE_STEPS = 30; // a minute of thinned seconds

export interface PlotWords {
  title: string;
  /** A value in full. */
  value: (value: number) => string;
  /** A value on the axis. */
  tick: (value: number) => string;
  /** Name of a line. */
  name: (key: string) => string;
  time: (at_ms: number) => string;
  now: string;
  ago: (minutes: number) => string;
  /** Bounds of an estimate. */
  bounds: (low: number, high: number) => string;
  none: string;
}

/** What is drawn; `looks` gives each line its colour and dash. */
export interface Drawn {
  times: readonly number[];
  lines: readonly Series[];
  looks: ReadonlyMap<string, number>;
}

export class Plot {
  readonly element: HTMLElement;
  private readonly words: PlotWords;
  private readonly least: number;
  private readonly most: number | null;
  private readonly reading = h('output', { class: 'reading' });
  private readonly top = h('span', { class: 'top' });
  private readonly drawing: SVGSVGElement;
  private readonly lines = svg('g');
  private readonly cursor = svg('line', { class: 'cursor', y1: 0, y2: HEIGHT });
  private readonly bounds = h('p', { class: 'quiet bounds' });
  private readonly legend = h('ul', { class: 'legend' });
  private readonly area: HTMLElement;
  private drawn: Drawn = { times: [], lines: [], looks: new Map() };
  private cursor_ms: number | null = null;

  /** The scale reaches at least to `least`, and to `most` always where that is given. */
  constructor(
    words: PlotWords,
    least: number,
    most: number | null,
    read: (at_ms: number | null) => void,
  ) {
    this.words = words;
    this.least = least;
    this.most = most;
    this.drawing = svg(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
        focusable: 'false',
      },
      ...[0, 0.5, 1].map((part) =>
        svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: part * HEIGHT, y2: part * HEIGHT }),
      ),
      this.lines,
      this.cursor,
    );
    this.area = h(
      'div',
      {
        class: 'area',
        tabindex: 0,
        role: 'slider',
        'aria-label': words.title,
        'aria-valuemin': 0,
        'aria-valuemax': 0,
        'aria-valuenow': 0,
        'aria-valuetext': words.none,
      },
      this.drawing,
    );
    this.area.addEventListener('pointermove', (event) => read(this.pointed_ms(event)));
    this.area.addEventListener('pointerdown', (event) => read(this.pointed_ms(event)));
    this.area.addEventListener('pointerleave', () => read(null));
    this.area.addEventListener('focus', () => this.announce());
    this.area.addEventListener('keydown', (event) => {
      const step = this.step(event.key);
      if (step === undefined) return;
      event.preventDefault();
      read(step);
      this.announce();
    });
    this.element = h(
      'figure',
      { class: 'plot' },
      h('figcaption', {}, h('h3', {}, words.title), this.reading),
      h('div', { class: 'frame' }, this.top, this.area),
      h(
        'p',
        { class: 'axis', 'aria-hidden': 'true' },
        ...[15, 10, 5].map((minutes) => h('span', {}, words.ago(minutes))),
        h('span', {}, words.now),
      ),
      this.bounds,
      this.legend,
    );
  }

  draw(drawn: Drawn): void {
    this.drawn = drawn;
    const { times, lines } = drawn;
    const frame = this.frame();
    say(this.top, this.words.tick(frame.top));
    this.lines.replaceChildren(
      ...lines.flatMap((line) => {
        const kept = thin(times, line.values, COLUMNS, frame.from_ms, frame.to_ms);
        const stretches = runs(kept, times, HOLE_MS);
        const look = `look-${drawn.looks.get(line.key) ?? 0}`;
        const path = svg('path', {
          class: `line ${look}`,
          d: line_path(stretches, times, line.values, frame),
        });
        if (!line.low || !line.high) return [path];
        const band = band_path(stretches, times, line.low, line.high, frame);
        return [svg('path', { class: `band ${look}`, d: band }), path];
      }),
    );
    this.show_reading();
  }

  /** Shows the values of that time; null for the newest. */
  point(at_ms: number | null): void {
    this.cursor_ms = at_ms;
    this.show_reading();
  }

  private frame(): Frame {
    const { times, lines } = this.drawn;
    const to_ms = times.at(-1) ?? SHOWN_MS;
    const largest = lines.reduce(
      (top, line) => (line.high ?? line.values).reduce((a, b) => Math.max(a, b), top),
      0,
    );
    const top = this.most ?? round_top(largest, this.least);
    return { width: WIDTH, height: HEIGHT, from_ms: to_ms - SHOWN_MS, to_ms, top };
  }

  private index(): number {
    const { times } = this.drawn;
    return this.cursor_ms === null ? times.length - 1 : nearest_index(times, this.cursor_ms);
  }

  private show_reading(): void {
    const { times, lines, looks } = this.drawn;
    const index = this.index();
    const at_ms = times[index];
    const reading = this.cursor_ms !== null && at_ms !== undefined;
    const total = lines.reduce((sum, line) => sum + (line.values[index] ?? 0), 0);
    const when = reading ? `${this.words.time(at_ms)} · ` : '';
    const [only] = lines;
    say(this.reading, at_ms === undefined ? '–' : `${when}${this.words.value(total)}`);
    say(this.bounds, only?.key === '' ? this.bounds_of(only, index) : '');
    const frame = this.frame();
    mark(this.cursor, 'display', reading ? null : 'none');
    if (reading) {
      const x = x_of(at_ms, frame).toFixed(1);
      mark(this.cursor, 'x1', x);
      mark(this.cursor, 'x2', x);
    }
    const named = lines.filter((line) => line.key !== '');
    const shape = JSON.stringify(named.map((line) => [line.key, looks.get(line.key)]));
    refill(this.legend, shape, () =>
      named.map((line) =>
        h(
          'li',
          {},
          svg(
            'svg',
            { viewBox: '0 0 24 8', 'aria-hidden': 'true' },
            svg('path', { class: `line look-${looks.get(line.key) ?? 0}`, d: 'M0 4L24 4' }),
          ),
          h('span', {}, this.words.name(line.key)),
          h('b', {}),
        ),
      ),
    );
    named.forEach((line, place) => {
      const number = this.legend.children[place]?.lastElementChild;
      if (number) say(number, this.words.value(line.values[index] ?? 0));
    });
  }

  private of(line: Series, index: number): string {
    const bounds = this.bounds_of(line, index);
    const value = this.words.value(line.values[index] ?? 0);
    return bounds === '' ? value : `${value} (${bounds})`;
  }

  /** '' where the value is exact. */
  private bounds_of(line: Series, index: number): string {
    const value = line.values[index] ?? 0;
    const [low, high] = [line.low?.[index] ?? value, line.high?.[index] ?? value];
    return low === value && high === value ? '' : this.words.bounds(low, high);
  }

  /** For a screen reader; only when asked, or it would be read out each second. */
  private announce(): void {
    const { times, lines } = this.drawn;
    const index = this.index();
    const at_ms = times[index];
    mark(this.area, 'aria-valuemax', String(Math.max(0, times.length - 1)));
    mark(this.area, 'aria-valuenow', String(Math.max(0, index)));
    const values = lines
      .map(
        (line) =>
          `${line.key === '' ? '' : `${this.words.name(line.key)} `}${this.of(line, index)}`,
      )
      .join(', ');
    const text =
      at_ms === undefined
        ? this.words.none
        : `${this.words.time(at_ms)}: ${values || this.words.none}`;
    mark(this.area, 'aria-valuetext', text);
  }

  private pointed_ms(event: PointerEvent): number | null {
    const { times } = this.drawn;
    const box = this.area.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const { from_ms } = this.frame();
    return times[nearest_index(times, from_ms + part * SHOWN_MS)] ?? null;
  }

  /** The time that a key leads to; undefined where the key means nothing here. */
  private step(key: string): number | null | undefined {
    const { times } = this.drawn;
    const last = times.length - 1;
    const to = (index: number) => times[Math.min(last, Math.max(0, index))] ?? null;
    const index = this.index();
    if (key === 'ArrowLeft' || key === 'ArrowDown') return to(index - 1);
    if (key === 'ArrowRight' || key === 'ArrowUp') return to(index + 1);
    if (key === 'PageDown') return to(index - PAGE_STEPS);
    if (key === 'PageUp') return to(index + PAGE_STEPS);
    if (key === 'Home') return to(0);
    if (key === 'End' || key === 'Escape') return null;
    return undefined;
  }
}
