// One event as the operator steers it: who speaks, who listens, and the buttons.

import { clock_text, local_time } from '../ground/clock.ts';
import type { EventRecord, LiveEvent, Phase, Recording } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { level_of, update_seats } from '../ground/frame.ts';
import { count, type Language, regional } from '../ground/words.ts';
import { local_value, to_utc, zone } from './create.ts';
import { Errands } from './errands.ts';
import { invite_form, type Invited } from './invite.ts';
import { link_list } from './links.ts';
import { type Crowd, QUESTIONS, type Question } from './question_words.ts';
import { ROOM_WORDS } from './room_words.ts';
import { WORDS } from './words.ts';

export type Act = 'open-doors' | 'go-live' | 'end' | 'cancel';

export interface OnAirActs {
  /** Those whom an act meets now. */
  crowd(): Crowd;
  act(id: string, act: Act): Promise<void>;
  announce(id: string, text: string): Promise<void>;
  move(id: string, start: string): Promise<void>;
  delay(id: string, minutes: number): Promise<void>;
  invite(id: string, name: string, role: Invited): Promise<string>;
  recordings(id: string): Promise<Recording[]>;
  download(recording: Recording): Promise<void>;
}

const DELAY_MOST_MIN = 7 * 24 * 60; // the server's own limit

/** Which buttons make sense in which phase; the server has the last word. */
const POSSIBLE: Record<Phase, readonly Act[]> = {
  scheduled: ['open-doors', 'go-live', 'cancel'],
  doors_open: ['go-live', 'cancel'],
  live: ['end'],
  ended: [],
  posted: [],
  cancelled: [],
};

export class OnAir {
  readonly element: HTMLElement;
  /** What is needed less often: invitations, links, recordings. */
  readonly more: HTMLElement;
  readonly id: string;
  private readonly locale: string;
  private readonly language: Language;
  private readonly words;
  private readonly acts: OnAirActs;
  private readonly phase = h('p', { class: 'phase', role: 'status' });
  private readonly elapsed = h('span', { class: 'elapsed' });
  private readonly title = h('h2', { class: 'big' });
  private readonly when = h('p', { class: 'quiet' });
  private readonly buttons: Record<Act, HTMLButtonElement>;
  private readonly errands: Errands;
  private readonly files: Errands;
  private readonly seats = h('ul', { class: 'seats' });
  private readonly nobody = h('p', { class: 'quiet' });
  private readonly listeners = h('p', { class: 'figure' });
  private readonly announcement = h('input', {
    id: 'announcement',
    maxlength: 500,
    required: true,
  });
  private readonly start = h('input', { id: 'move', type: 'datetime-local', required: true });
  private readonly minutes = h('input', {
    id: 'delay',
    type: 'number',
    min: -DELAY_MOST_MIN,
    max: DELAY_MOST_MIN,
    value: 10,
    required: true,
  });
  private readonly move: HTMLElement;
  private start_ms = 0;
  private readonly invitations: HTMLElement;
  private readonly links = h('div');
  private readonly recordings = h('ul', { class: 'links files' });
  private recordings_ms = 0;

  constructor(event: EventRecord, language: Language, acts: OnAirActs) {
    this.id = event.id;
    this.locale = regional(language, navigator.languages);
    this.language = language;
    this.words = WORDS[language];
    this.acts = acts;
    const t = this.words;
    const q = QUESTIONS[language];
    const room = ROOM_WORDS[language];
    this.errands = new Errands(language);
    this.files = new Errands(language);
    const button = (act: Act, text: string, primary = false) => {
      const made = h('button', { type: 'button', class: primary ? 'primary' : null }, text);
      made.addEventListener(
        'click',
        () => void this.errands.run(q[act](acts.crowd()), () => acts.act(this.id, act)),
      );
      return made;
    };
    this.buttons = {
      'go-live': button('go-live', t.go_live, true),
      'open-doors': button('open-doors', t.open_doors),
      end: button('end', t.end),
      cancel: button('cancel', t.cancel),
    };
    say(this.nobody, t.nobody);
    const tell = this.form(t.announcement, this.announcement, t.announce, async () => {
      const text = this.announcement.value.trim();
      const told = () => acts.announce(this.id, text);
      if (await this.errands.run(q.announce(acts.crowd(), text), told))
        this.announcement.value = '';
    });
    const move = (start: string): Question => q.move(acts.crowd(), local_time(start, this.locale));
    this.move = h(
      'div',
      { class: 'two' },
      this.form(room.delay, this.minutes, room.delay_do, async () => {
        const minutes = Number(this.minutes.value);
        const start = new Date(this.start_ms + minutes * 60_000).toISOString();
        await this.errands.run(move(start), () => acts.delay(this.id, minutes));
      }),
      this.form(t.new_start(zone()), this.start, t.move, async () => {
        const start = to_utc(this.start.value);
        await this.errands.run(move(start), () => acts.move(this.id, start));
      }),
    );
    this.start.value = local_value(new Date(event.start));
    this.invitations = invite_form(language, (name, role) => acts.invite(this.id, name, role));
    this.element = h(
      'section',
      { class: 'card stack', tabindex: '-1', id: 'chosen' },
      h('div', { class: 'row' }, this.phase, this.elapsed),
      this.title,
      this.when,
      h('div', { class: 'row' }, ...Object.values(this.buttons)),
      this.errands.element,
      h(
        'div',
        { class: 'halves' },
        h('div', { class: 'stack' }, h('h3', {}, t.stage), this.seats, this.nobody),
        this.listeners,
      ),
      tell,
      this.move,
    );
    this.more = h(
      'section',
      { class: 'card stack', id: 'more' },
      h('h2', { class: 'big' }, t.people_and_files),
      this.invitations,
      h('details', {}, h('summary', {}, t.links), this.links),
      h('h3', {}, t.recordings),
      this.files.element,
      this.recordings,
    );
  }

  update(event: EventRecord & Partial<LiveEvent>, now_ms: number): void {
    const t = this.words;
    say(this.phase, t.phase[event.phase]);
    mark(this.phase, 'data-live', event.phase === 'live');
    const live_ms = event.live_at ? Date.parse(event.live_at) : null;
    show(this.elapsed, event.phase === 'live' && live_ms !== null);
    if (live_ms !== null) say(this.elapsed, t.on_air_for(clock_text((now_ms - live_ms) / 1000)));
    say(this.title, event.title);
    this.start_ms = Date.parse(event.start);
    say(this.when, t.starts(local_time(event.start, this.locale)));
    for (const [act, button] of Object.entries(this.buttons))
      show(button, POSSIBLE[event.phase].includes(act as Act));
    const before = event.phase === 'scheduled' || event.phase === 'doors_open';
    show(this.move, before);
    show(this.invitations, before || event.phase === 'live');
    const seats = event.seats ?? [];
    show(this.nobody, seats.length === 0);
    update_seats(
      this.seats,
      seats.map((seat) => ({
        ...seat,
        away: !seat.connected,
        note: !seat.connected ? t.away : seat.muted ? t.muted : seat.speaking ? t.speaking : '',
        level: seat.connected && !seat.muted ? level_of(seat.level_dbfs) : 0,
      })),
    );
    const connected = event.audience?.connected ?? 0;
    refill(this.listeners, String(connected), () => {
      const [number, ...words] = count(connected, this.locale, t.listeners).split(/ (?=\D)/);
      return [h('b', {}, number ?? ''), document.createTextNode(` ${words.join(' ')}`)];
    });
    refill(this.links, event.host_link, () => [link_list(event, this.language)]);
    if (Date.now() - this.recordings_ms > 5_000) void this.list_recordings();
  }

  private form(
    label: string,
    input: HTMLInputElement,
    verb: string,
    act: () => Promise<void>,
  ): HTMLElement {
    const form = h(
      'form',
      { class: 'row end' },
      h('div', { class: 'field grow' }, h('label', { for: input.id }, label), input),
      h('button', { type: 'submit' }, verb),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void act();
    });
    return form;
  }

  private async list_recordings(): Promise<void> {
    const t = this.words;
    this.recordings_ms = Date.now();
    const list = await this.acts.recordings(this.id).catch(() => null);
    if (!list) return;
    refill(this.recordings, JSON.stringify(list), () =>
      list.length === 0
        ? [h('li', { class: 'quiet' }, t.no_recordings)]
        : list.map((recording) => this.recording_line(recording)),
    );
  }

  private recording_line(recording: Recording): HTMLElement {
    const t = this.words;
    const size = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 1 });
    const what = recording.kind === 'programme' ? t.programme : t.stem;
    const note = recording.finished ? '' : `, ${t.growing}`;
    const button = h(
      'button',
      { type: 'button', 'aria-label': `${t.download} ${recording.name}` },
      t.download,
    );
    button.addEventListener('click', async () => {
      button.disabled = true;
      say(button, t.downloading);
      await this.acts.download(recording).catch((error: unknown) => {
        this.files.fail(error);
      });
      button.disabled = false;
      say(button, t.download);
    });
    return h(
      'li',
      {},
      h(
        'div',
        { class: 'grow' },
        h('strong', {}, recording.name),
        h('small', {}, ` ${what}, ${size.format(recording.body_bytes / 1e6)} MB${note}`),
      ),
      button,
    );
  }
}
