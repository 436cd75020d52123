// The shield's card: whether it is peace, the two switches, and what comes in and is refused.

import { time_of_day } from '../ground/clock.ts';
import { h, mark, say, show } from '../ground/element.ts';
import { type Language, regional } from '../ground/words.ts';
import { Errands } from './errands.ts';
import { Figures } from './figures.ts';
import { Log } from './log.ts';
import { SHOWN_MS } from './plot.ts';
import { sum } from './readings.ts';
import { joined } from './rehearsal_readings.ts';
import { ROOM_WORDS } from './room_words.ts';
import { shield_act_words } from './shield_act_words.ts';
import { ShieldBans } from './shield_bans.ts';
import type { List, ShieldChange, ShieldPoint, ShieldView } from './shield_contract.ts';
import { ShieldFigures } from './shield_figures.ts';
import { ShieldNetworks } from './shield_networks.ts';
import { ATTACK, met_share } from './shield_readings.ts';
import { kernel_words } from './shield_kernel_words.ts';
import { SHIELD_WORDS } from './shield_words.ts';
import { Watch } from './watch.ts';

/** Each act answers with the shield as it is after it, without a history. */
export interface ShieldCalls {
  /** With the seconds after that one (Unix time). */
  view(since_s: number): Promise<ShieldView>;
  change(change: ShieldChange): Promise<ShieldView>;
  list(which: List, prefix: string): Promise<ShieldView>;
  forget(which: List, prefix: string): Promise<ShieldView>;
  lift(source: string): Promise<ShieldView>;
  clear(): Promise<ShieldView>;
  undo(number: number): Promise<ShieldView>;
}

export class ShieldRoom {
  readonly element: HTMLElement;
  private readonly language: Language;
  private readonly words;
  private readonly calls: ShieldCalls;
  private readonly figures: Figures;
  private readonly locale: string;
  private readonly sentence = h('p', { class: 'sentence', role: 'status' });
  private readonly why = h('p', { class: 'quiet' });
  private readonly dry: HTMLElement;
  private readonly silent = h('p', { class: 'notice', role: 'status', hidden: true });
  private readonly attack = h('button', { type: 'button', role: 'switch', id: 'under-attack' });
  private readonly dry_run = h('button', { type: 'button', role: 'switch', id: 'dry-run' });
  private readonly on: HTMLButtonElement;
  private readonly numbers: ShieldFigures;
  private readonly networks: ShieldNetworks;
  private readonly bans: ShieldBans;
  private readonly kernel = h('p', { class: 'quiet' });
  private readonly log: Log;
  private readonly rest: HTMLElement;
  private readonly details: HTMLDetailsElement;
  private readonly watch: Watch;
  private history: ShieldPoint[] = [];
  private seen: ShieldView | null = null;

  constructor(language: Language, calls: ShieldCalls) {
    const t = (this.words = SHIELD_WORDS[language]);
    const f = (this.figures = new Figures(regional(language, navigator.languages)));
    this.locale = regional(language, navigator.languages);
    this.calls = calls;
    this.language = language;
    const errands = new Errands(language);
    const run = async (question: readonly [string, string], act: () => Promise<ShieldView>) =>
      errands.run(question, async () => this.show_acted(await act()));
    this.dry = h('p', { class: 'notice', hidden: true }, t.dry);
    say(this.attack, t.attack);
    say(this.dry_run, t.dry_run);
    this.attack.addEventListener('click', () => {
      const view = this.seen;
      if (!view) return;
      const on = view.mode === 'attack';
      const question = on
        ? t.ask.attack_off(f.rate(sum(view.refused)))
        : t.ask.attack_on(f.count(view.listeners));
      void run(question, () => calls.change({ mode: on ? 'auto' : 'attack' }));
    });
    this.dry_run.addEventListener('click', () => {
      const view = this.seen;
      if (!view) return;
      const question = view.dry_run
        ? t.ask.dry_off(f.count(view.bans_all))
        : t.ask.dry_on(f.rate(sum(view.refused)), f.count(view.bans_all));
      void run(question, () => calls.change({ dry_run: !view.dry_run }));
    });
    this.on = h('button', { type: 'button', id: 'shield-on', hidden: true }, t.switch_on);
    this.on.addEventListener('click', () => {
      const bans = f.count(this.seen?.bans_all ?? 0);
      void run(t.ask.on(bans), () => calls.change({ mode: 'auto' }));
    });
    this.numbers = new ShieldFigures(language, f);
    this.networks = new ShieldNetworks(language, f, run, calls);
    this.bans = new ShieldBans(language, f, run, calls);
    this.log = new Log(
      language,
      f,
      {
        id: 'shield-log',
        title: t.log,
        words: (done) => shield_act_words(done, t, ROOM_WORDS[language]),
        ask: (what) => t.ask.undo(what),
      },
      async (number) => this.show_acted(await calls.undo(number)),
    );
    this.watch = new Watch(
      () => this.ask(),
      (_, wait_s) => {
        say(this.silent, t.silent(Math.ceil(wait_s)));
        show(this.silent, true);
      },
    );
    this.details = h(
      'details',
      {},
      h('summary', {}, t.more),
      h(
        'div',
        { class: 'stack' },
        this.numbers.element,
        this.networks.element,
        h('div', { class: 'pair' }, this.bans.element, this.networks.lists),
        this.kernel,
        this.log.element,
      ),
    );
    this.details.addEventListener('toggle', () => this.show_details());
    const switch_of = (button: HTMLElement, hint: string) =>
      h('div', { class: 'switch' }, button, h('small', { id: `${button.id}-hint` }, hint));
    mark(this.attack, 'aria-describedby', 'under-attack-hint');
    mark(this.dry_run, 'aria-describedby', 'dry-run-hint');
    this.rest = h(
      'div',
      { class: 'stack', hidden: true },
      this.dry,
      h(
        'div',
        { class: 'switches' },
        switch_of(this.attack, t.attack_hint),
        switch_of(this.dry_run, t.dry_run_hint),
        this.on,
      ),
      errands.element,
      this.details,
    );
    this.element = h(
      'section',
      { class: 'card stack', id: 'shield' },
      h('h2', { class: 'big' }, t.title),
      this.silent,
      this.sentence,
      this.why,
      this.rest,
    );
  }

  start(): void {
    this.watch.start();
  }

  stop(): void {
    this.watch.stop();
  }

  private async ask(): Promise<void> {
    const last = this.history.at(-1);
    const view = await this.calls.view(last ? Date.parse(last.at) / 1000 : 0);
    const at_ms = (point: ShieldPoint) => Date.parse(point.at);
    this.history = joined(this.history, view.history, at_ms, SHOWN_MS);
    this.update(view);
    show(this.silent, false);
  }

  private show_acted(view: ShieldView): void {
    this.update(view);
    void this.watch.now();
  }

  private update(view: ShieldView): void {
    const before = this.seen;
    this.seen = view;
    say(this.sentence, this.state(view));
    say(this.why, this.reason(view));
    show(this.why, this.reason(view) !== '');
    show(this.dry, view.dry_run && view.mode !== 'off');
    const alarm = view.failed || view.pressure >= ATTACK;
    mark(this.element, 'data-alarm', alarm);
    mark(this.attack, 'aria-checked', String(view.mode === 'attack'));
    mark(this.dry_run, 'aria-checked', String(view.dry_run));
    show(this.on, view.mode === 'off');
    show(this.rest, true);
    // Whoever closes it while the attack lasts, keeps it closed.
    if (alarm && !(before && (before.failed || before.pressure >= ATTACK)))
      this.details.open = true;
    this.show_details();
  }

  private show_details(): void {
    const view = this.seen;
    if (!view || !this.details.open) return;
    this.numbers.update(view, this.history);
    this.networks.update(view);
    this.bans.update(view);
    const note = kernel_words(view.kernel, this.language);
    const drops = this.words.kernel_drops(this.figures.count(view.kernel_drops));
    say(this.kernel, view.kernel_drops > 0 ? `${note} ${drops}` : note);
    this.log.update(view.log);
  }

  private reason(view: ShieldView): string {
    const [t, f] = [this.words, this.figures];
    if (view.mode === 'off' || view.failed || view.pressure === 0) return '';
    if (view.mode === 'attack' && view.why === 'operator') return t.by_operator;
    const onset = view.onset ? t.began(f.time(Date.parse(view.onset))) : '';
    return `${t.why[view.why] ?? view.says}${onset}`;
  }

  private state(view: ShieldView): string {
    const [t, f] = [this.words, this.figures];
    if (view.mode === 'off') return t.off;
    if (view.failed) return t.failed;
    const since = view.since ? t.since(time_of_day(view.since, this.locale)) : '';
    const state = (t.states[view.pressure] ?? t.states[0])?.(since) ?? '';
    if (view.pressure < ATTACK) return state;
    const untouched = t.untouched(view.listeners);
    // An operator may have said so before anything came.
    if (view.unexplained < 1 && met_share(view) === 0) return `${state} ${untouched}`;
    const asked = t.unexplained(f.rate(view.unexplained));
    const share = view.dry_run ? t.not_refused : t.met(f.percent(met_share(view)));
    return [state, asked, share, untouched].join(' ');
  }
}
