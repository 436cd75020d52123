// The waiting line as a visitor sees it: their place, how far it is, and how the order came about.

import type { EventState } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { icon } from '../ground/icons.ts';
import { sentence } from '../ground/refusals.ts';
import type { Language } from '../ground/words.ts';
import type { DoorSight } from './door.ts';
import { DOOR_WORDS } from './door_words.ts';
import { progress, said_place, said_wait } from './place.ts';
import { REFUSALS } from './refusals.ts';

/** A place changes each few seconds; said aloud it would be a torment. */
const SPOKEN_MS = 30_000;

export interface LineActs {
  /** A note when the turn comes. */
  tell(): void;
  /** No computing for a ticket. */
  rather_wait(): void;
}

export interface LineModel {
  state: EventState;
  door: DoorSight;
  notes: 'ask' | 'on' | 'none';
  now_ms: number;
  /** The promise of the replay in words. */
  replay_by: string;
}

export class Line {
  readonly element: HTMLElement;
  /** What is said of the check to who does not see; it stands where it is never hidden. */
  readonly status = h('p', { class: 'unseen', role: 'status' });
  private readonly words;
  private readonly language: Language;
  private readonly locale: string;
  private readonly heading = h('h2');
  private readonly place = h('p', { class: 'place' });
  private readonly wait = h('p', { class: 'wait' });
  private readonly queue: HTMLElement;
  private readonly hint = h('p');
  private readonly kept = h('p', { class: 'quiet' });
  private readonly kept_hint = h('p', { class: 'quiet' });
  private readonly trouble = h('p', { class: 'notice' });
  private readonly check = h('div', { class: 'check row' });
  private readonly check_text = h('p');
  private readonly rather = h('button', { type: 'button' });
  private readonly tell = h('button', { type: 'button' });
  private readonly told = h('p', { class: 'quiet' });
  private readonly how = h('details', { class: 'how' });
  private readonly how_list = h('dl');
  private readonly command = h('code');
  private readonly proof: HTMLElement;
  private readonly spoken = h('p', { class: 'unseen', 'aria-live': 'polite' });
  private spoken_ms = 0;
  private spoken_before = '';

  constructor(language: Language, locale: string, acts: LineActs) {
    this.language = language;
    this.locale = locale;
    this.words = DOOR_WORDS[language];
    const t = this.words;
    say(this.tell, t.tell);
    say(this.told, t.told);
    say(this.kept_hint, t.kept_hint);
    say(this.rather, t.rather_wait);
    this.rather.addEventListener('click', () => acts.rather_wait());
    this.check.append(this.check_text, this.rather);
    this.tell.addEventListener('click', () => acts.tell());
    this.queue = h('div', { class: 'queue', 'aria-hidden': 'true' }, h('i'), icon('door'));
    this.proof = h(
      'div',
      { class: 'stack' },
      h('p', {}, t.check),
      h('pre', {}, this.command),
      h('p', { class: 'quiet' }, t.secret),
    );
    this.how.append(
      h('summary', {}, t.how),
      h(
        'div',
        { class: 'stack' },
        h('p', {}, `${t.how_before} ${t.how_drawn} ${t.how_after}`),
        this.how_list,
        this.proof,
      ),
    );
    this.element = h(
      'section',
      { class: 'line' },
      this.heading,
      this.place,
      this.wait,
      this.queue,
      this.check,
      this.hint,
      this.trouble,
      this.kept,
      this.kept_hint,
      h('div', { class: 'row' }, this.tell, this.told),
      this.how,
      this.spoken,
    );
  }

  update(model: LineModel): void {
    const { door, state } = model;
    const t = this.words;
    const { standing } = door;
    const waits = standing === 'waiting';
    const off = state.rung >= 5 && state.phase === 'live';
    const full = waits && (state.door?.full === true || (state.rung >= 4 && !off));
    const title = { early: t.early, drawing: t.drawing, called: t.called, inside: t.inside };
    const known = standing === 'waiting' || standing === 'free';
    const place = door.check ? t.coming : known ? this.place_text(door) : title[standing];
    const wait = waits && !off ? this.wait_text(door) : '';
    say(this.place, place);
    mark(this.element, 'data-standing', standing);
    const heading = standing === 'inside' ? t.heading_inside : t.heading;
    say(this.heading, heading);
    mark(this.element, 'aria-label', heading);
    show(this.wait, wait !== '');
    say(this.wait, wait);
    show(this.queue, waits && door.before !== null && !off);
    const come = door.before ? progress(door.before.people, door.most) : 0;
    this.queue.style.setProperty('--come', come.toFixed(3));
    const hint = this.hint_text(model, full, off);
    show(this.hint, hint !== '');
    say(this.hint, hint);
    this.update_check(door);
    this.update_trouble(door);
    const outside = standing !== 'inside' && standing !== 'free';
    show(this.kept, outside && door.kept_until_ms !== null);
    show(this.kept_hint, outside && door.kept_until_ms !== null);
    if (door.kept_until_ms !== null)
      say(this.kept, t.kept(moment(door.kept_until_ms, model.now_ms, this.locale)));
    show(this.tell, outside && !off && model.notes === 'ask');
    show(this.told, outside && !off && model.notes === 'on');
    this.update_how(state, door);
    this.announce(full, place, wait, hint);
  }

  private place_text({ before }: DoorSight): string {
    const t = this.words;
    if (!before) return t.drawing;
    const { n, about } = said_place(before);
    const number = new Intl.NumberFormat(this.locale).format(n);
    if (n === 0) return t.next;
    return about ? t.about_before(number) : t.before(number, n === 1);
  }

  private wait_text({ minutes }: DoorSight): string {
    const t = this.words;
    if (minutes === null) return t.standing_still;
    const { unit, n } = said_wait(minutes);
    const number = new Intl.NumberFormat(this.locale).format(n);
    if (unit === 'moment') return t.moment;
    const one = new Intl.PluralRules(this.language).select(n) === 'one';
    return unit === 'minutes' ? t.minutes(number, one) : t.hours(number, one);
  }

  private hint_text({ door, replay_by }: LineModel, full: boolean, off: boolean): string {
    const t = this.words;
    const parts = [door.lane ? t.lane(door.lane) : ''];
    if (off) parts.push(t.live_off, t.recorded, replay_by);
    else if (full) parts.push(`${t.full}.`, t.full_hint, replay_by);
    else if (door.standing === 'called') parts.push(t.called_hint);
    else if (door.standing === 'inside') parts.push(t.inside_hint);
    return parts.filter((part) => part !== '').join(' ');
  }

  private update_check({ check, check_s }: DoorSight): void {
    const t = this.words;
    const text =
      check === 'computing' ? t.checking : check === 'waiting' ? t.waits(String(check_s)) : '';
    show(this.check, check !== null);
    show(this.rather, check === 'computing');
    say(this.check_text, text);
    say(this.status, text);
  }

  private update_trouble(door: DoorSight): void {
    const t = this.words;
    const why = door.refusal?.ours ? ` ${sentence(door.refusal, REFUSALS[this.language])}` : '';
    show(this.trouble, door.lost || door.lane_refused);
    say(this.trouble, door.lost ? t.lost + why : t.lane_refused);
  }

  private update_how(state: EventState, door: DoorSight): void {
    const t = this.words;
    const rows: [string, string | null | undefined][] = [
      [t.seal, state.door?.commitment],
      [t.revealed, state.door?.secret],
      [t.ticket_id, door.ticket_id],
      [t.rank, door.rank === null ? null : String(door.rank)],
    ];
    const known = rows.filter(([, value]) => value);
    refill(this.how_list, JSON.stringify(known), () =>
      known.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, String(value))]),
    );
    show(this.proof, door.ticket_id !== null);
    say(this.command, `rostra ticket explain ${door.ticket ?? ''}`);
  }

  private announce(full: boolean, ...parts: string[]): void {
    const text = parts.filter((part) => part !== '').join(full ? '. ' : ', ');
    const now = Date.now();
    if (now - this.spoken_ms > SPOKEN_MS / 6) say(this.spoken, ''); // not to be read twice
    if (text === this.spoken_before || now - this.spoken_ms < SPOKEN_MS) return;
    this.spoken_ms = now;
    this.spoken_before = text;
    say(this.spoken, text);
  }
}

/** A time of today, or with its weekday where it is another day. */
export function moment(at_ms: number, now_ms: number, locale: string): string {
  const today = new Date(at_ms).toDateString() === new Date(now_ms).toDateString();
  return new Intl.DateTimeFormat(locale, {
    ...(today ? {} : { weekday: 'long' }),
    hour: 'numeric',
    minute: '2-digit',
  }).format(at_ms);
}
