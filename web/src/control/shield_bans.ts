// Who is banned, how hard, why and for how long; each ban can be lifted.

import { h, refill, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { Figures } from './figures.ts';
import type { ShieldBan, ShieldView } from './shield_contract.ts';
import type { Run } from './shield_networks.ts';
import { reason_words } from './shield_readings.ts';
import { SHIELD_WORDS } from './shield_words.ts';

const SHOWN_MOST = 100;
const MINUTES_FROM_S = 120;

export interface BanCalls {
  lift(source: string): Promise<ShieldView>;
  clear(): Promise<ShieldView>;
}

export class ShieldBans {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly run: Run;
  private readonly calls: BanCalls;
  private readonly rows = h('ul', { class: 'listed', id: 'shield-bans' });
  private readonly others = h('p', { class: 'quiet', hidden: true });
  private readonly clear: HTMLButtonElement;
  private bans_all = 0;

  constructor(language: Language, figures: Figures, run: Run, calls: BanCalls) {
    const t = (this.words = SHIELD_WORDS[language]);
    this.figures = figures;
    this.run = run;
    this.calls = calls;
    this.clear = h('button', { type: 'button', id: 'clear-bans', hidden: true }, t.clear);
    this.clear.addEventListener(
      'click',
      () => void run(t.ask.clear(figures.count(this.bans_all)), () => calls.clear()),
    );
    this.element = h(
      'div',
      { class: 'stack' },
      h('h3', { id: 'shield-bans-title' }, t.bans),
      h(
        'div',
        {
          class: 'log-scroll',
          tabindex: '0',
          role: 'region',
          'aria-labelledby': 'shield-bans-title',
        },
        this.rows,
      ),
      this.others,
      h('div', {}, this.clear),
    );
  }

  update(view: ShieldView): void {
    const t = this.words;
    const shown = view.bans.slice(0, SHOWN_MOST);
    this.bans_all = view.bans_all;
    show(this.clear, view.bans_all > 0);
    const rest = view.bans_all - shown.length;
    say(this.others, t.bans_more(this.figures.count(rest)));
    show(this.others, rest > 0);
    const shape = shown.map((ban) => [ban.source, ban.step, ban.reason]);
    refill(this.rows, JSON.stringify(shape), () =>
      shown.length === 0
        ? [h('li', { class: 'quiet' }, t.bans_none)]
        : shown.map((b) => this.row(b)),
    );
    const now_ms = Date.parse(view.now);
    shown.forEach((ban, place) => {
      const left = this.rows.children[place]?.querySelector('.left');
      if (left) say(left, t.left(this.left(Date.parse(ban.until) - now_ms)));
    });
  }

  private row(ban: ShieldBan): HTMLElement {
    const t = this.words;
    const named = t.named(t.lift, ban.source);
    const button = h('button', { type: 'button', 'aria-label': named }, t.lift);
    button.addEventListener(
      'click',
      () => void this.run(t.ask.lift(ban.source), () => this.calls.lift(ban.source)),
    );
    const what = [t.steps[ban.step] ?? ban.step, reason_words(ban.reason, t)].join(t.why_mark);
    return h(
      'li',
      { 'data-source': ban.source },
      h(
        'span',
        { class: 'grow' },
        h('bdi', {}, ban.source),
        h('small', {}, what),
        h('small', { class: 'left' }),
      ),
      button,
    );
  }

  private left(left_ms: number): string {
    const left_s = Math.max(0, Math.round(left_ms / 1000));
    const [t, f] = [this.words, this.figures];
    return left_s < MINUTES_FROM_S
      ? t.seconds_left(f.count(left_s))
      : t.minutes_left(f.count(Math.round(left_s / 60)));
  }
}
