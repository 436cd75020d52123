// The door at a glance: what it does now, how many wait, are inside and listen, and the ladder.

import { local_time, time_of_day } from '../ground/clock.ts';
import type { Phase } from '../ground/contract.ts';
import { h, mark, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { arrived_ms, place_of } from './cohorts.ts';
import type { DoorChange, DoorView } from './contract.ts';
import { Errands } from './errands.ts';
import type { Figures } from './figures.ts';
import { Ladder } from './ladder.ts';
import type { Crowd } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';
import { Steer } from './steer.ts';

const SHOWN = ['waiting', 'inside', 'listening', 'joins', 'peak', 'total'] as const;
type Shown = (typeof SHOWN)[number];

export class Door {
  readonly element: HTMLElement;
  private readonly words;
  private readonly figures: Figures;
  private readonly locale: string;
  private readonly sentence = h('p', { class: 'sentence', role: 'status' });
  private readonly called = h('p', { class: 'quiet' });
  private readonly replay = h('p', { class: 'quiet' });
  private readonly numbers: Record<Shown, { value: HTMLElement; note: HTMLElement }>;
  private readonly ladder: Ladder;
  private readonly steer: Steer;
  private readonly rest: HTMLElement;

  constructor(
    language: Language,
    locale: string,
    figures: Figures,
    crowd: () => Crowd,
    change: (change: DoorChange) => Promise<unknown>,
  ) {
    const t = (this.words = ROOM_WORDS[language]);
    this.figures = figures;
    this.locale = locale;
    const number = () => ({ value: h('b'), note: h('small') });
    this.numbers = {
      waiting: number(),
      inside: number(),
      listening: number(),
      joins: number(),
      peak: number(),
      total: number(),
    };
    this.ladder = new Ladder(language, figures);
    this.steer = new Steer(language, new Errands(language), crowd, change);
    this.rest = h(
      'div',
      { class: 'door-halves', hidden: true },
      h(
        'div',
        { class: 'stack' },
        h(
          'dl',
          { class: 'numbers' },
          ...SHOWN.map((name) => {
            const { value, note } = this.numbers[name];
            return h(
              'div',
              { 'data-number': name },
              h('dt', {}, t[name]),
              h('dd', {}, value, note),
            );
          }),
        ),
        this.called,
        this.steer.element,
      ),
      this.ladder.element,
    );
    this.element = h(
      'section',
      { class: 'card stack', id: 'door' },
      h('h2', { class: 'big' }, t.door),
      this.sentence,
      this.rest,
      this.replay,
    );
  }

  update(door: DoorView, phase: Phase): void {
    const [t, f] = [this.words, this.figures];
    const over = phase === 'ended' || phase === 'posted' || phase === 'cancelled';
    show(this.steer.element, !over);
    say(this.sentence, this.state(door, phase, over));
    mark(this.element, 'data-alarm', !over && (door.full || door.hold || door.rung >= 4));
    const { audience } = door;
    this.number('waiting', f.count(door.waiting));
    const fit = door.capacity.listeners[Math.min(door.rung, 3)] ?? 0;
    const most = door.cap === null ? t.fit(f.count(fit)) : t.inside_of(f.count(door.cap));
    this.number('inside', f.count(audience.inside), most);
    const exact = audience.low === audience.listening && audience.high === audience.listening;
    const proof = t.proven(f.count(audience.proven), f.count(audience.fetched));
    this.number(
      'listening',
      f.count(audience.listening),
      exact ? proof : `${t.between(f.count(audience.low), f.count(audience.high))}; ${proof}`,
    );
    this.number('joins', f.rate(door.pace), t.joins_most(f.rate(door.capacity.joins_s)));
    this.number('peak', f.count(audience.peak));
    this.number('total', f.count(audience.total_net));
    say(this.called, this.called_words(door));
    const due = door.replay_due;
    say(this.replay, due ? t.replay_by(local_time(due, this.locale)) : t.replay_none);
    this.ladder.update(door, door.rung_since ? time_of_day(door.rung_since, this.locale) : '');
    this.steer.update(door);
    show(this.rest, true);
  }

  private number(name: Shown, value: string, note = ''): void {
    say(this.numbers[name].value, value);
    say(this.numbers[name].note, note);
  }

  private state(door: DoorView, phase: Phase, over: boolean): string {
    const t = this.words;
    if (over) return t.over;
    if (door.rung === 5) return t.live_off;
    if (door.hold) return t.held;
    if (phase === 'scheduled') return t.closed;
    if (door.open_all) return t.open_to_all;
    if (door.full) return t.full;
    if (door.waiting === 0) return t.empty;
    return door.pace > 0 ? t.moving(this.figures.rate(door.pace)) : t.standing;
  }

  private called_words(door: DoorView): string {
    const t = this.words;
    const place = place_of(door.admitted_rank);
    if (!place) return t.called_nobody;
    const share = this.figures.percent(place.share);
    if (place.cohort === 0) return t.called_lot(share);
    const opened_ms = door.opened_at ? Date.parse(door.opened_at) : null;
    const arrived = opened_ms === null ? null : arrived_ms(place.cohort, place.cohort, opened_ms);
    if (!arrived) return '';
    if (place.share > 0.995) return t.called_before(this.figures.time(arrived.to_ms));
    return t.called_until(this.figures.time(arrived.from_ms), share);
  }
}
