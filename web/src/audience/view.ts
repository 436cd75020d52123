// The audience page: built once for a language, then brought up to date.

import type { Refusal } from '../ground/call.ts';
import { local_time, remaining, time_of_day } from '../ground/clock.ts';
import type { EventState, Speaker } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { masthead, update_seats } from '../ground/frame.ts';
import { icon } from '../ground/icons.ts';
import { sentence } from '../ground/refusals.ts';
import { count, type Language, names, regional } from '../ground/words.ts';
import type { DoorSight } from './door.ts';
import { DOOR_WORDS } from './door_words.ts';
import { Line, type LineActs, moment } from './line.ts';
import { REFUSALS } from './refusals.ts';
import { service } from './service.ts';
import { Transport, type TransportActs, type TransportModel } from './transport.ts';
import { WORDS } from './words.ts';

export interface ViewActs extends TransportActs, LineActs {
  arm(): void;
  switch_language(): void;
}

export interface ViewModel extends TransportModel {
  state: EventState;
  heard: Speaker[];
  server_now_ms: number;
  stale: boolean;
  /** Why the news of the event did not arrive, where a server said so. */
  refusal: Refusal | null;
  door: DoorSight;
  notes: 'ask' | 'on' | 'none';
}

export class View {
  private readonly words;
  private readonly language: Language;
  private readonly locale: string;
  private readonly transport: Transport;
  private readonly line: Line;
  private readonly door_words;
  private readonly phase = h('p', { class: 'phase' });
  private readonly title = h('h1');
  private readonly people = h('p', { class: 'people' });
  private readonly about = h('p', { class: 'about' });
  private readonly when = h('time');
  private readonly length = h('span', { class: 'quiet' });
  private readonly moved = h('p', { class: 'notice' });
  private readonly calendar = h('a', { class: 'button' });
  private readonly lead = h('p', { class: 'quiet' });
  private readonly count = h('div', { class: 'countdown', role: 'timer' });
  private readonly late = h('p', { class: 'notice' });
  private readonly arm = h('button', { class: 'primary large', type: 'button' });
  private readonly arm_hint = h('p', { class: 'quiet' });
  private readonly armed = h('p', { class: 'notice good', role: 'status' });
  private readonly closing = h('p', { class: 'about' });
  private readonly rung = h('p', { class: 'notice', role: 'status' });
  private readonly stale = h('p', { class: 'quiet' });
  private readonly seats = h('ul', { class: 'seats' });
  private readonly nobody = h('p', { class: 'quiet' });
  private readonly spoken = h('p', { class: 'unseen', role: 'status' });
  private readonly news = h('ol', { class: 'news' });
  private readonly news_box: HTMLElement;
  private readonly stage_box: HTMLElement;
  private readonly listeners = h('a');
  private readonly listeners_box = h('p', { class: 'quiet' }, this.listeners);
  private spoken_ms = 0;
  private spoken_before = '';

  constructor(page: HTMLElement, language: Language, acts: ViewActs) {
    this.language = language;
    this.locale = regional(language, navigator.languages);
    this.words = WORDS[language];
    this.door_words = DOOR_WORDS[language];
    const t = this.words;
    this.transport = new Transport(language, acts);
    this.line = new Line(language, this.locale, acts);
    document.documentElement.lang = language;
    say(this.arm_hint, t.here_hint);
    this.arm.addEventListener('click', () => acts.arm());
    this.armed.append(h('strong', {}, t.armed), ` ${t.armed_hint}`);
    this.calendar.append(icon('calendar'), t.add_to_calendar);
    say(this.nobody, t.nobody);
    const tongue = h(
      'button',
      { class: 'plain', type: 'button', lang: t.language_code, id: 'language' },
      t.language_switch,
    );
    tongue.addEventListener('click', () => acts.switch_language());
    this.stage_box = h('section', {}, h('h2', {}, t.on_stage), this.seats, this.nobody);
    this.news_box = h(
      'section',
      {},
      h('h2', {}, t.announcements),
      h('div', { role: 'log' }, this.news),
    );
    const keys = h(
      'details',
      { class: 'keys' },
      h('summary', {}, t.keys),
      h(
        'dl',
        {},
        ...t.key_list.flatMap(([key, act]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, act)]),
      ),
    );
    page.replaceChildren(
      h('a', { class: 'skip', href: '#player' }, t.skip),
      masthead('/', t.home, tongue),
      h(
        'main',
        { class: 'event' },
        h(
          'div',
          {},
          h(
            'div',
            { class: 'hero' },
            this.phase,
            this.title,
            this.people,
            h('div', { class: 'meta' }, this.when, this.length),
            this.moved,
            this.about,
          ),
          h(
            'div',
            { class: 'desk' },
            h('div', {}, this.lead, this.count),
            this.late,
            this.line.element,
            this.closing,
            h('div', { class: 'row' }, this.arm, this.calendar),
            this.arm_hint,
            this.armed,
            this.transport.element,
            this.rung,
            this.stale,
            this.listeners_box,
          ),
        ),
        h('aside', { class: 'side' }, this.stage_box, this.news_box),
      ),
      h('footer', { class: 'footer' }, keys),
      this.spoken,
      this.line.status,
    );
  }

  update(model: ViewModel): void {
    const { state, server_now_ms: now } = model;
    const t = this.words;
    const before = state.phase === 'scheduled' || state.phase === 'doors_open';
    const over = state.phase === 'ended' || state.phase === 'posted';
    const live = state.phase === 'live';
    const left_ms = Date.parse(state.start) - now;
    const word = model.replay ? t.phase.posted : t.phase[state.phase];
    say(this.phase, word);
    mark(this.phase, 'data-live', live);
    say(this.title, state.title);
    const people = state.people.length > 0 ? state.people : state.speakers.map((s) => s.name);
    show(this.people, people.length > 0);
    say(this.people, t.with(names(people, this.locale)));
    say(this.when, local_time(state.start, this.locale));
    this.when.dateTime = state.start;
    say(this.length, t.about(state.duration_min));
    show(this.length, before);
    show(this.moved, before && state.first_start !== null && state.first_start !== state.start);
    if (state.first_start) say(this.moved, t.moved(local_time(state.first_start, this.locale)));
    show(this.about, state.description !== '');
    say(this.about, state.description);
    show(this.lead, before && left_ms > 0);
    say(this.lead, t.starts_in);
    show(this.count, before && left_ms > 0);
    if (before && left_ms > 0) this.update_countdown(left_ms, now);
    show(this.late, before && left_ms <= 0);
    say(this.late, left_ms > -30_000 ? t.any_moment : t.late);
    const promise = this.promise(state, now);
    const outside = this.update_line(model, before, live, promise);
    const expects = before || (outside && state.rung < 5);
    say(this.arm, outside ? this.door_words.here : t.here);
    show(this.arm, expects && !model.snapshot.armed);
    show(this.arm_hint, expects && !model.snapshot.armed);
    show(this.armed, expects && model.snapshot.armed);
    show(this.calendar, before);
    mark(this.calendar, 'href', state.links.calendar);
    show(this.closing, state.phase === 'cancelled' || (over && !model.snapshot.wanted));
    say(this.closing, this.closing_text(state, promise));
    const on_air = live && !outside && state.rung < 5;
    const can_play = on_air || model.replay || model.snapshot.kind !== null;
    show(this.transport.element, can_play && state.phase !== 'cancelled');
    if (can_play) this.transport.update(model);
    const told = outside ? '' : service(state, this.door_words, promise, now);
    show(this.rung, told !== '');
    say(this.rung, told);
    const reason = model.refusal?.ours
      ? ` ${sentence(model.refusal, REFUSALS[this.language])}`
      : '';
    show(this.stale, model.stale);
    if (model.stale) say(this.stale, t.state_lost + reason);
    this.update_side(model, before, live);
    const sign = model.door.turn ? `${this.door_words.turn_title} · ` : live ? '● ' : '';
    document.title = `${sign}${state.title} · Rostra`;
  }

  /** When the replay will be there, as far as it was promised. */
  private promise(state: EventState, now: number): string {
    const t = this.door_words;
    if (!state.replay_due) return t.replay_later;
    return t.replay_by(moment(Date.parse(state.replay_due), now, this.locale));
  }

  /** Whether the visitor is outside a running event. */
  private update_line(
    model: ViewModel,
    before: boolean,
    live: boolean,
    replay_by: string,
  ): boolean {
    const { state, door, notes, server_now_ms: now_ms } = model;
    const inside = door.standing === 'inside';
    const kept = door.standing !== 'early' || door.ticket_id !== null || door.check !== null;
    const shown = door.standing !== 'free' && kept && (before || (live && !inside));
    show(this.line.element, shown);
    if (shown) this.line.update({ state, door, notes, now_ms, replay_by });
    return live && shown;
  }

  private update_countdown(left_ms: number, now: number): void {
    const t = this.words;
    const left = remaining(now + left_ms, now);
    const units: [number, string][] = [
      [left.hours, t.hours],
      [left.minutes, t.minutes],
      [left.seconds, t.seconds],
    ];
    if (left.days > 0) units.unshift([left.days, left.days === 1 ? t.in_days(1).slice(2) : t.days]);
    refill(this.count, String(units.length), () =>
      units.map(() => h('div', {}, h('b'), h('span'))),
    );
    units.forEach(([value, name], place) => {
      const [number, label] = this.count.children[place]?.children ?? [];
      if (number) say(number, place === 0 ? String(value) : String(value).padStart(2, '0'));
      if (label) say(label, name);
    });
  }

  private closing_text(state: EventState, promise: string): string {
    const t = this.words;
    if (state.phase === 'cancelled') return `${t.cancelled} ${t.cancelled_hint}`;
    if (state.links.replay) return t.ended_hint;
    return `${t.ended_hint} ${state.replay_due ? promise : t.replay_soon}`;
  }

  private update_side(model: ViewModel, before: boolean, live: boolean): void {
    const { state, heard } = model;
    const t = this.words;
    show(this.stage_box, live || (before && state.speakers.length > 0));
    show(this.nobody, heard.length === 0);
    const note = (s: Speaker) => (s.muted ? t.muted : s.speaking ? t.speaking : '');
    update_seats(
      this.seats,
      heard.map((s) => ({ ...s, note: note(s) || (s.role === 'host' ? t.host : '') })),
    );
    this.announce_speakers(heard);
    show(this.news_box, state.announcements.length > 0);
    for (const item of [...state.announcements].sort((a, b) => a.number - b.number)) {
      const known = this.news.querySelector(`[data-number="${item.number}"]`);
      if (known) continue;
      const line = h('li', { 'data-number': item.number });
      line.append(h('time', { datetime: item.at }, time_of_day(item.at, this.locale)), item.text);
      this.news.prepend(line);
    }
    const { connected, listening = connected, definition } = state.audience;
    const people = before ? connected : listening;
    show(this.listeners_box, people > 0 && state.phase !== 'cancelled');
    mark(this.listeners, 'href', definition ?? null);
    say(this.listeners, before ? count(people, this.locale, t.waiting) : this.listening(state));
  }

  /** The public number; with its error bar where it is an estimate. */
  private listening({ audience }: EventState): string {
    const { listening = audience.connected, low = listening, high = listening } = audience;
    if (low === high) return count(listening, this.locale, this.words.listeners);
    const format = new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 3 });
    const spread = new Intl.NumberFormat(this.locale, { maximumSignificantDigits: 2 });
    return this.door_words.about_listeners(
      format.format(listening),
      spread.format(Math.max(high - listening, listening - low)),
    );
  }

  /** Told to screen readers when it changed and at most each 15 s: a conversation is not a score. */
  private announce_speakers(heard: Speaker[]): void {
    const speaking = heard.filter((s) => s.speaking && !s.muted).map((s) => s.name);
    const text = speaking.length > 0 ? this.words.now_speaking(names(speaking, this.locale)) : '';
    if (text === '' || text === this.spoken_before || Date.now() - this.spoken_ms < 15_000) return;
    this.spoken_before = text;
    this.spoken_ms = Date.now();
    say(this.spoken, text);
  }
}
