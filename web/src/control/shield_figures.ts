// What comes in and what is refused: the last second in figures, a quarter of an hour in plots.

import { h, say } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { Figures } from './figures.ts';
import { Plot } from './plot.ts';
import { looks, sum } from './readings.ts';
import { ROOM_WORDS } from './room_words.ts';
import type { ShieldPoint, ShieldView } from './shield_contract.ts';
import {
  act_count,
  main_reason,
  reason_words,
  SHIELD_CHARTS,
  type ShieldChart,
  shield_series,
} from './shield_readings.ts';
import { SHIELD_WORDS } from './shield_words.ts';

const SHOWN = [
  'incoming',
  'refused',
  'slowed',
  'sources',
  'listeners',
  'busy',
  'challenges',
] as const;
type Shown = (typeof SHOWN)[number];
const STILL_MS = 15_000;

export class ShieldFigures {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly numbers = new Map<Shown, { value: HTMLElement; note: HTMLElement }>();
  private readonly plots: Record<ShieldChart, Plot>;
  private readonly looks = new Map<ShieldChart, Map<string, number>>();
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private drawn_ms = -Infinity;

  constructor(language: Language, figures: Figures) {
    const t = (this.words = SHIELD_WORDS[language]);
    const room = ROOM_WORDS[language];
    this.figures = figures;
    const value: Record<ShieldChart, (n: number) => string> = {
      incoming: (n) => figures.rate(n),
      refused: (n) => figures.rate(n),
      busy: (n) => figures.percent(n),
      sources: (n) => figures.count(n),
    };
    const lines: Readonly<Record<string, string>> = t.lines;
    const plot = (chart: ShieldChart): [ShieldChart, Plot] => [
      chart,
      new Plot(
        {
          title: t.charts[chart],
          value: value[chart],
          tick: chart === 'busy' ? value.busy : (n) => figures.brief(n),
          name: (key) => (chart === 'incoming' ? (lines[key] ?? key) : reason_words(key, t)),
          time: (at_ms) => figures.time(at_ms),
          now: room.at_now,
          ago: room.minutes_ago,
          bounds: (low, high) => room.bounds(value[chart](low), value[chart](high)),
          none: room.none,
        },
        chart === 'busy' ? 1 : 5,
        chart === 'busy' ? 1 : null,
        (at_ms) => SHIELD_CHARTS.forEach((one) => this.plots[one].point(at_ms)),
      ),
    ];
    this.plots = Object.fromEntries(SHIELD_CHARTS.map(plot)) as Record<ShieldChart, Plot>;
    const number = (name: Shown) => {
      const [value, note] = [h('b'), h('small', { class: 'quiet' })];
      this.numbers.set(name, { value, note });
      const dd = h('dd', {}, value, note);
      return h('div', { 'data-shield': name }, h('dt', {}, t.numbers[name]), dd);
    };
    this.element = h(
      'div',
      { class: 'stack' },
      h('dl', { class: 'numbers' }, ...SHOWN.map(number)),
      h('p', { class: 'quiet' }, t.units),
      h('div', { class: 'plots' }, ...SHIELD_CHARTS.map((chart) => this.plots[chart].element)),
    );
  }

  update(view: ShieldView, history: readonly ShieldPoint[]): void {
    const [t, f] = [this.words, this.figures];
    const reason = main_reason(view.refused);
    const refused = view.dry_run ? act_count(view.acts, 'refused') : sum(view.refused);
    const dropped = act_count(view.acts, 'dropped');
    this.number('incoming', f.rate(view.spent), t.explained(f.rate(view.explained)));
    this.number('refused', f.rate(refused), reason === '' ? '' : reason_words(reason, t));
    this.number('slowed', f.rate(act_count(view.acts, 'slowed')), t.dropped(f.rate(dropped)));
    this.number('sources', f.count(view.sources), t.banned(f.count(view.bans_all)));
    this.number('listeners', f.count(view.listeners), t.not_touched);
    this.number('busy', f.percent(view.busy), '');
    const given = act_count(view.acts, 'challenged');
    this.number('challenges', f.rate(view.acts['solved'] ?? 0), t.given(f.rate(given)));
    this.draw(history, Date.now());
  }

  private draw(history: readonly ShieldPoint[], now_ms: number): void {
    if (this.still.matches && history.length > 0 && now_ms - this.drawn_ms < STILL_MS) return;
    if (history.length > 0) this.drawn_ms = now_ms;
    const times = history.map((point) => Date.parse(point.at));
    for (const chart of SHIELD_CHARTS) {
      const lines = shield_series(chart, history);
      const keys = lines.map((line) => line.key);
      const chosen = looks(this.looks.get(chart) ?? new Map(), keys);
      this.looks.set(chart, chosen);
      this.plots[chart].draw({ times, lines, looks: chosen });
    }
  }

  private number(name: Shown, value: string, note: string): void {
    const place = this.numbers.get(name);
    if (!place) return;
    say(place.value, value);
    say(place.note, note);
  }
}
