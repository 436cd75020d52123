// The audience page: built once for a language, then brought up to date.

import type { Refusal } from '../ground/call.ts';
import { local_time, remaining, time_of_day } from '../ground/clock.ts';
import type { EventState, Speaker } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { masthead, update_seats } from '../ground/frame.ts';
import { icon } from '../ground/icons.ts';
import { sentence } from '../ground/refusals.ts';
import { count, type Language, names, regional } from '../ground/words.ts';
import { REFUSALS } from './refusals.ts';
import { Transport, type TransportActs, type TransportModel } from './transport.ts';
import { WORDS } from './words.ts';

export interface ViewActs extends TransportActs {
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
}

export class View {
  private readonly words;
  private readonly language: Language;
  private readonly locale: string;
  private readonly transport: Transport;
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
  private readonly listeners = h('p', { class: 'quiet' });
  private spoken_ms = 0;
  private spoken_before = '';

  constructor(page: HTMLElement, language: Language, acts: ViewActs) {
    this.language = language;
    this.locale = regional(language, navigator.languages);
    this.words = WORDS[language];
    const t = this.words;
    this.transport = new Transport(language, acts);
    document.documentElement.lang = language;
    say(this.arm, t.here);
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
            this.closing,
            h('div', { class: 'row' }, this.arm, this.calendar),
            this.arm_hint,
            this.armed,
            this.transport.element,
            this.rung,
            this.stale,
            this.listeners,
          ),
        ),
        h('aside', { class: 'side' }, this.stage_box, this.news_box),
      ),
      h('footer', { class: 'footer' }, keys),
      this.spoken,
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
    show(this.arm, before && !model.snapshot.armed);
    show(this.arm_hint, before && !model.snapshot.armed);
    show(this.armed, before && model.snapshot.armed);
    show(this.calendar, before);
    mark(this.calendar, 'href', state.links.calendar);
    show(this.closing, state.phase === 'cancelled' || (over && !model.snapshot.wanted));
    say(this.closing, this.closing_text(state));
    const can_play = live || model.replay || model.snapshot.kind !== null;
    show(this.transport.element, can_play && state.phase !== 'cancelled');
    if (can_play) this.transport.update(model);
    show(this.rung, live && state.rung > 0);
    say(this.rung, t.rung[state.rung as 0 | 1 | 2 | 3 | 4 | 5] ?? '');
    const reason = model.refusal?.ours
      ? ` ${sentence(model.refusal, REFUSALS[this.language])}`
      : '';
    show(this.stale, model.stale);
    if (model.stale) say(this.stale, t.state_lost + reason);
    this.update_side(model, before, live);
    document.title = `${live ? '● ' : ''}${state.title} · Rostra`;
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

  private closing_text(state: EventState): string {
    const t = this.words;
    if (state.phase === 'cancelled') return `${t.cancelled} ${t.cancelled_hint}`;
    return state.links.replay ? t.ended_hint : `${t.ended_hint} ${t.replay_soon}`;
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
    show(this.listeners, state.audience.connected > 0 && state.phase !== 'cancelled');
    say(
      this.listeners,
      count(state.audience.connected, this.locale, before ? t.waiting : t.listeners),
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
