// The ladder as a picture: six rungs, the present one marked, why and since when.

import { h, mark, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import type { DoorView } from './contract.ts';
import type { Figures } from './figures.ts';
import { ROOM_WORDS } from './room_words.ts';

export class Ladder {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly rungs: { row: HTMLElement; carries: HTMLElement; now: HTMLElement }[];
  private readonly why = h('p', { class: 'why', role: 'status' });
  private readonly forced: HTMLElement;
  private readonly capacity = h('p', { class: 'quiet' });

  constructor(language: Language, figures: Figures) {
    const t = (this.words = ROOM_WORDS[language]);
    this.figures = figures;
    this.rungs = t.rungs.map((name, number) => {
      const carries = h('small');
      const now = h('b', { class: 'present', hidden: true }, t.now);
      const row = h(
        'li',
        {},
        h('span', { class: 'number', 'aria-label': t.rung(number) }, String(number)),
        h('span', { class: 'gives' }, name, carries),
        now,
      );
      return { row, carries, now };
    });
    this.forced = h('p', { class: 'quiet', hidden: true }, t.forced);
    this.element = h(
      'div',
      { class: 'stack' },
      h('h3', {}, t.ladder),
      h('ol', { class: 'ladder' }, ...this.rungs.map(({ row }) => row)),
      this.why,
      this.forced,
      this.capacity,
    );
  }

  /** `since`: the time of day at which this rung began, '' where that is unknown. */
  update(door: DoorView, since: string): void {
    const [t, f] = [this.words, this.figures];
    this.rungs.forEach(({ row, carries, now }, number) => {
      mark(row, 'aria-current', number === door.rung ? 'step' : null);
      show(now, number === door.rung);
      const listeners = door.capacity.listeners[number];
      say(carries, listeners === undefined ? '' : t.carries(f.count(listeners)));
    });
    const reason = t.reasons[door.reason] ?? door.reason;
    const when = since === '' ? '' : ` (${t.since(since)})`;
    say(this.why, `${t.rung(door.rung)}${when}. ${reason}`);
    show(this.forced, door.rung_forced !== null);
    const source = t.sources[door.capacity.source] ?? door.capacity.source;
    say(this.capacity, t.capacity(source, f.rate(door.capacity.joins_s)));
  }
}
