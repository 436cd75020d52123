// The plots of the last quarter of an hour, and the same figures as a table.

import { h, refill, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { DoorPoint } from './contract.ts';
import type { Figures } from './figures.ts';
import { Plot } from './plot.ts';
import { type Chart, CHARTS, each_minute, looks, series_of, sum } from './readings.ts';
import { ROOM_WORDS } from './room_words.ts';

const STILL_MS = 15_000;

export class Plots {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly plots: Record<Chart, Plot>;
  private readonly looks = new Map<Chart, Map<string, number>>();
  private readonly grid: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly hint = h('p', { class: 'quiet' });
  private readonly table = h('div', {
    class: 'scroll',
    tabindex: '0',
    role: 'region',
  });
  private readonly details: HTMLDetailsElement;
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private points: readonly DoorPoint[] = [];
  private drawn_ms = -Infinity;

  constructor(language: Language, figures: Figures) {
    const t = (this.words = ROOM_WORDS[language]);
    this.figures = figures;
    const value: Record<Chart, (n: number) => string> = {
      waiting: (n) => figures.count(n),
      inside: (n) => figures.count(n),
      listening: (n) => figures.count(n),
      requests: (n) => figures.rate(n),
      refusals: (n) => figures.rate(n),
      busy: (n) => figures.percent(n),
      lag: (n) => figures.milliseconds(n),
      egress: (n) => figures.bits(n),
    };
    const ticks: Partial<Record<Chart, (n: number) => string>> = {
      busy: value.busy,
      lag: value.lag,
      egress: value.egress,
    };
    const least: Partial<Record<Chart, number>> = { egress: 1_000, lag: 5, waiting: 5, inside: 5 };
    const plot = (chart: Chart): [Chart, Plot] => [
      chart,
      new Plot(
        {
          title: t.charts[chart],
          value: value[chart],
          tick: ticks[chart] ?? ((n) => figures.brief(n)),
          name: (key) => t.classes[key] ?? key,
          time: (at_ms) => figures.time(at_ms),
          now: t.at_now,
          ago: t.minutes_ago,
          bounds: (low, high) => t.bounds(figures.count(low), figures.count(high)),
          none: t.none,
        },
        least[chart] ?? 1,
        chart === 'busy' ? 1 : null,
        (at_ms) => this.point(at_ms),
      ),
    ];
    this.plots = Object.fromEntries(CHARTS.map(plot)) as Record<Chart, Plot>;
    this.grid = h('div', { class: 'plots' }, ...CHARTS.map((chart) => this.plots[chart].element));
    this.empty = h('p', { class: 'quiet' }, t.no_figures);
    this.details = h('details', {}, h('summary', {}, t.table), this.table);
    this.details.addEventListener('toggle', () => this.fill_table());
    this.table.setAttribute('aria-label', t.table);
    this.element = h(
      'section',
      { class: 'card stack', id: 'plots' },
      h('h2', { class: 'big' }, t.plots),
      this.empty,
      this.hint,
      this.grid,
      this.details,
    );
  }

  update(points: readonly DoorPoint[], now_ms: number): void {
    this.points = points;
    for (const part of [this.grid, this.hint, this.details]) show(part, points.length > 0);
    show(this.empty, points.length === 0);
    const { read_hint, still } = this.words;
    say(this.hint, this.still.matches ? `${read_hint} ${still}` : read_hint);
    this.fill_table();
    if (this.still.matches && points.length > 0 && now_ms - this.drawn_ms < STILL_MS) return;
    if (points.length > 0) this.drawn_ms = now_ms;
    const times = points.map((point) => Date.parse(point.at));
    for (const chart of CHARTS) {
      const lines = series_of(chart, points);
      const chosen = looks(
        this.looks.get(chart) ?? new Map(),
        lines.map((line) => line.key),
      );
      this.looks.set(chart, chosen);
      this.plots[chart].draw({ times, lines, looks: chosen });
    }
  }

  /** One moment is read in all plots at once. */
  private point(at_ms: number | null): void {
    for (const chart of CHARTS) this.plots[chart].point(at_ms);
  }

  private fill_table(): void {
    if (!this.details.open) return;
    const [t, f] = [this.words, this.figures];
    const rows = each_minute(this.points);
    const by_class = (row: Record<string, number>) =>
      Object.entries(row)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, n]) => `${t.classes[key] ?? key} ${f.rate(n)}`)
        .join(', ') || f.rate(sum(row));
    refill(this.table, JSON.stringify(rows), () => [
      h(
        'table',
        {},
        h('caption', { class: 'unseen' }, t.plots),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, t.time),
            ...CHARTS.map((chart) => h('th', { scope: 'col' }, t.charts[chart])),
            h('th', { scope: 'col' }, t.rung_label),
          ),
        ),
        h(
          'tbody',
          {},
          ...rows.map((row) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, f.time(Date.parse(row.at))),
              h('td', {}, f.count(row.waiting)),
              h('td', {}, f.count(row.inside)),
              h(
                'td',
                {},
                f.estimate(row.listening, row.low ?? row.listening, row.high ?? row.listening),
              ),
              h('td', {}, by_class(row.requests_s)),
              h('td', {}, by_class(row.refusals_s)),
              h('td', {}, f.percent(row.busy)),
              h('td', {}, f.milliseconds(row.loop_lag_ms)),
              h('td', {}, f.bits(row.egress_bit_s)),
              h('td', {}, String(row.rung)),
            ),
          ),
        ),
      ),
    ]);
  }
}
