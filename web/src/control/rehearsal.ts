// The live page of a running rehearsal: where it stands, what it meets, and the button to stop it.

import { h, mark, refill, say, show } from '../ground/element.ts';
import { type Language, regional } from '../ground/words.ts';
import type {
  HouseReading,
  Rehearsal,
  RehearsalProgress,
  RehearsalStep,
  RehearsalView,
} from './contract.ts';
import { Errands } from './errands.ts';
import { Figures } from './figures.ts';
import { Plot, SHOWN_MS } from './plot.ts';
import {
  drawn,
  GENERATOR_CPU_MOST,
  JOIN_P99_MOST_S,
  joined,
  MEASURED,
  type RehearsalChart,
  STALLED_MOST,
  TOLD,
  type Told,
  whole,
  would_be_void,
} from './rehearsal_readings.ts';
import { REHEARSAL_WORDS } from './rehearsal_words.ts';
import { ROOM_WORDS } from './room_words.ts';
import { Watch } from './watch.ts';

const CHARTS: readonly RehearsalChart[] = [...TOLD, ...MEASURED];
const STILL_MS = 15_000;

export interface RehearsalCalls {
  /** The house's seconds after that one (Unix time). */
  readings(run: string, since_s: number): Promise<RehearsalView>;
  withdraw(run: string): Promise<unknown>;
}

type Shown = 'here' | 'stalled' | 'join' | 'generator';

export class RehearsalRoom {
  readonly element: HTMLElement;
  private readonly words;
  private readonly calls: RehearsalCalls;
  private readonly figures: Figures;
  private readonly errands: Errands;
  private readonly phase = h('p', { class: 'sentence', role: 'status' });
  private readonly bar = h('progress', { max: 1, value: 0 });
  private readonly left = h('span', { class: 'quiet' });
  private readonly doubt: HTMLElement;
  private readonly silent = h('p', { class: 'notice', role: 'status', hidden: true });
  private readonly stopping: HTMLElement;
  private readonly stop: HTMLButtonElement;
  private readonly numbers: Record<
    Shown,
    { cell: HTMLElement; value: HTMLElement; note: HTMLElement }
  >;
  private readonly plots: Record<RehearsalChart, Plot>;
  private readonly steps = h('div');
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private readonly watch: Watch;
  private run = '';
  private told: Told[] = [];
  private readings: HouseReading[] = [];
  private progress: RehearsalProgress = whole(null);
  private drawn_ms = -Infinity;

  constructor(language: Language, calls: RehearsalCalls) {
    const t = (this.words = REHEARSAL_WORDS[language]);
    const f = (this.figures = new Figures(regional(language, navigator.languages)));
    const room = ROOM_WORDS[language];
    this.calls = calls;
    this.errands = new Errands(language);
    this.bar.setAttribute('aria-label', t.progress);
    this.doubt = h('p', { class: 'notice', role: 'status', hidden: true }, t.would_be_void);
    this.stopping = h('p', { class: 'notice', role: 'status', hidden: true }, t.stopping);
    this.stop = h('button', { type: 'button', id: 'stop-rehearsal' }, t.stop);
    this.stop.addEventListener('click', () => void this.withdraw());
    const number = (name: Shown) => {
      const [value, note] = [h('b'), h('small', { class: 'quiet' })];
      const dd = h('dd', {}, value, note);
      const cell = h('div', { 'data-rehearsal': name }, h('dt', {}, t.numbers[name]), dd);
      return { cell, value, note };
    };
    this.numbers = {
      here: number('here'),
      stalled: number('stalled'),
      join: number('join'),
      generator: number('generator'),
    };
    const value: Record<RehearsalChart, (n: number) => string> = {
      playing: (n) => f.count(n),
      stalled: (n) => f.share_of(n),
      join: (n) => t.seconds(f.rate(n)),
      generator: (n) => f.percent(n),
      busy: (n) => f.percent(n),
      lag: (n) => f.milliseconds(n),
    };
    const least: Record<RehearsalChart, number> = {
      playing: 10,
      stalled: 2 * STALLED_MOST,
      join: JOIN_P99_MOST_S,
      generator: 1,
      busy: 1,
      lag: 5,
    };
    const plot = (chart: RehearsalChart): [RehearsalChart, Plot] => [
      chart,
      new Plot(
        {
          title: t.charts[chart],
          value: value[chart],
          tick: chart === 'playing' ? (n) => f.brief(n) : value[chart],
          name: (key) => key,
          time: (at_ms) => f.time(at_ms),
          now: room.at_now,
          ago: room.minutes_ago,
          bounds: (low, high) => room.bounds(value[chart](low), value[chart](high)),
          none: room.none,
        },
        least[chart],
        null,
        (at_ms) => CHARTS.forEach((one) => this.plots[one].point(at_ms)),
      ),
    ];
    this.plots = Object.fromEntries(CHARTS.map(plot)) as Record<RehearsalChart, Plot>;
    this.watch = new Watch(
      () => this.ask(),
      (_, wait_s) => {
        say(this.silent, t.silent(Math.ceil(wait_s)));
        show(this.silent, true);
      },
    );
    this.element = h(
      'section',
      { class: 'card stack', id: 'rehearsal', hidden: true },
      h('h2', { class: 'big' }, t.title),
      this.phase,
      h('p', { class: 'row far' }, this.bar, this.left),
      h('p', { class: 'quiet' }, t.nobody),
      this.silent,
      this.doubt,
      h('dl', { class: 'numbers' }, ...Object.values(this.numbers).map(({ cell }) => cell)),
      h('div', {}, this.stop),
      this.errands.element,
      this.stopping,
      h('div', { class: 'plots' }, ...CHARTS.map((chart) => this.plots[chart].element)),
      this.steps,
    );
  }

  /** What `/api/status` says; `now_ms` by the house's clock. True when a rehearsal has just ended. */
  update(rehearsal: Rehearsal | null, now_ms: number): boolean {
    const run = rehearsal?.run ?? '';
    const ended = this.run !== '' && run !== this.run;
    if (run !== this.run) this.follow(run);
    show(this.element, rehearsal !== null);
    if (!rehearsal) return ended;
    const progress = (this.progress = whole(rehearsal.progress));
    if (rehearsal.progress)
      this.told = joined(this.told, [{ at_ms: now_ms, progress }], (one) => one.at_ms, SHOWN_MS);
    this.write(progress);
    this.draw(now_ms);
    return ended;
  }

  private follow(run: string): void {
    this.watch.stop();
    this.run = run;
    [this.told, this.readings] = [[], []];
    show(this.stopping, false);
    show(this.silent, false);
    this.stop.disabled = false;
    if (run !== '') this.watch.start();
  }

  private async ask(): Promise<void> {
    const run = this.run;
    const last = this.readings.at(-1);
    const since_s = last ? Date.parse(last.at) / 1000 : 0;
    const view = await this.calls.readings(run, since_s);
    if (run !== this.run) return;
    const at_ms = (reading: HouseReading) => Date.parse(reading.at);
    this.readings = joined(this.readings, view.readings, at_ms, SHOWN_MS);
    this.stop.disabled = view.withdrawn;
    show(this.stopping, view.withdrawn);
    show(this.silent, false);
  }

  private async withdraw(): Promise<void> {
    const run = this.run;
    const question = this.words.stop_ask(this.figures.count(this.progress.here));
    if (await this.errands.run(question, () => this.calls.withdraw(run))) void this.watch.now();
  }

  private write(progress: RehearsalProgress): void {
    const [t, f] = [this.words, this.figures];
    const phase = t.phases[progress.phase] ?? progress.says;
    const step =
      progress.step_listeners > 0
        ? ` ${t.step(progress.rung, f.count(progress.step_listeners))}`
        : '';
    say(this.phase, `${phase}${step}`);
    const total_s = progress.elapsed_s + progress.left_s;
    this.bar.value = total_s > 0 ? progress.elapsed_s / total_s : 0;
    say(this.left, t.left(f.rate(progress.left_s / 60)));
    show(this.doubt, would_be_void(progress));
    this.number('here', f.count(progress.here), t.playing(f.count(progress.playing)), false);
    this.number(
      'stalled',
      f.share_of(progress.stalled_share),
      t.most(f.share_of(STALLED_MOST)),
      progress.stalled_share > STALLED_MOST,
    );
    this.number(
      'join',
      t.seconds(f.rate(progress.join_p99_s)),
      t.most(t.seconds(f.rate(JOIN_P99_MOST_S))),
      progress.join_p99_s > JOIN_P99_MOST_S,
    );
    this.number(
      'generator',
      f.percent(progress.generator_cpu),
      t.own_most(f.percent(GENERATOR_CPU_MOST)),
      progress.generator_cpu > GENERATOR_CPU_MOST,
    );
    this.fill_steps(progress.steps);
  }

  private number(name: Shown, value: string, note: string, bad: boolean): void {
    const place = this.numbers[name];
    say(place.value, value);
    say(place.note, note);
    mark(place.value, 'class', bad ? 'bad' : null);
  }

  private draw(now_ms: number): void {
    if (this.still.matches && now_ms - this.drawn_ms < STILL_MS) return;
    this.drawn_ms = now_ms;
    for (const chart of CHARTS) {
      const { times, values } = drawn(chart, this.told, this.readings);
      this.plots[chart].draw({ times, lines: [{ key: '', values }], looks: new Map([['', 0]]) });
    }
  }

  private outcome(step: RehearsalStep): string {
    const t = this.words;
    const why = (code: string) => t.why[code] ?? code;
    if (step.void !== '') return t.is_void(why(step.void));
    return step.carried ? t.carried : t.not_carried(why(step.reason));
  }

  private fill_steps(steps: readonly RehearsalStep[]): void {
    const [t, f] = [this.words, this.figures];
    refill(this.steps, JSON.stringify(steps), () => {
      if (steps.length === 0) return [h('p', { class: 'quiet' }, t.steps_none)];
      const [first, ...heads] = t.heads.map((head) => h('th', { scope: 'col' }, head));
      const row = (step: RehearsalStep) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, String(step.rung)),
          h('td', {}, f.count(step.listeners)),
          h('td', { class: step.carried ? 'result' : 'result bad' }, this.outcome(step)),
          h('td', {}, f.share_of(step.stalled_share)),
          h('td', {}, step.joined > 0 ? t.seconds(f.rate(step.join_p99_s)) : '–'),
          h('td', {}, t.cores(f.hundredths(step.edges_cpu))),
          h('td', {}, f.percent(step.generator_cpu)),
        );
      return [
        h(
          'div',
          { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t.steps },
          h(
            'table',
            {},
            h('caption', {}, t.steps),
            h('thead', {}, h('tr', {}, first, ...heads)),
            // The newest stands on top: a crowd that grows has many steps.
            h('tbody', {}, ...[...steps].reverse().map(row)),
          ),
        ),
      ];
    });
  }
}
