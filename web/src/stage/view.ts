// The stage page: built once, then brought up to date many times a second.

import { copy } from '../ground/ask.ts';
import { clock_text, local_time } from '../ground/clock.ts';
import type { StageStatus } from '../ground/contract.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { level_of, masthead, update_seats } from '../ground/frame.ts';
import { icon } from '../ground/icons.ts';
import { count, type Language, regional } from '../ground/words.ts';
import type { Place } from './floor.ts';
import type { Treatment } from './microphone.ts';
import type { Line } from './whip.ts';
import { WORDS } from './words.ts';

export interface StageActs {
  check(): void;
  join(): void;
  leave(): void;
  mute(): void;
  go_live(): void;
  end(): void;
  treat(): void;
  output(device: string): void;
  hear(): void;
}

export interface StageModel {
  status: StageStatus | null;
  place: Place;
  been_here: boolean;
  muted: boolean;
  trouble: string | null;
  retry_at_ms: number | null;
  line: Line;
  level_dbfs: number;
  microphone_open: boolean;
  sound_blocked: boolean;
  server_now_ms: number;
  now_ms: number;
}

export class StageView {
  readonly name = h('input', {
    id: 'name',
    autocomplete: 'name',
    maxlength: 60,
    required: true,
    'aria-describedby': 'name-hint',
  });
  readonly others = h('audio', { autoplay: true, hidden: true });
  private readonly words;
  private readonly locale: string;
  private readonly sign = h('p', { class: 'sign', role: 'status' });
  private readonly sign_hint = h('p', { class: 'quiet' });
  private readonly elapsed = h('p', { class: 'elapsed', role: 'timer' });
  private readonly title = h('h1');
  private readonly when = h('p', { class: 'quiet' });
  private readonly you = h('p', { class: 'quiet' });
  private readonly trouble = h('p', { class: 'notice', role: 'alert' });
  private readonly door = h('form', { class: 'card stack', novalidate: true });
  private readonly joined = h('section', { class: 'card stack' });
  private readonly input = h('select', { id: 'microphone' });
  private readonly output = h('select', { id: 'output' });
  private readonly output_field: HTMLElement;
  private readonly boxes: Record<'echo' | 'noise' | 'gain', HTMLInputElement>;
  private readonly meters = [0, 1].map(() =>
    h(
      'span',
      { class: 'meter', role: 'meter', 'aria-valuemin': '-60', 'aria-valuemax': '0' },
      h('i'),
    ),
  );
  private readonly check = h('button', { type: 'button' });
  private readonly join = h('button', { class: 'primary large', type: 'submit', id: 'join' });
  private readonly mute = h('button', { class: 'large', type: 'button', id: 'mute' });
  private readonly leave = h('button', { type: 'button', id: 'leave' });
  private readonly hear = h('button', { class: 'primary', type: 'button' });
  private readonly muted_words = h('p', { class: 'quiet' });
  private readonly line = h('p', { class: 'quiet' });
  private readonly desk = h('section', { class: 'desk row' });
  private readonly go_live = h('button', { class: 'primary large', type: 'button', id: 'go-live' });
  private readonly end = h('button', { class: 'large', type: 'button', id: 'end' });
  private readonly only_host = h('p', { class: 'quiet' });
  private readonly copy_link = h('button', { type: 'button' });
  private readonly seats = h('ul', { class: 'seats' });
  private readonly nobody = h('p', { class: 'quiet' });
  private readonly listeners = h('p', { class: 'quiet' });
  private link = '';

  constructor(page: HTMLElement, language: Language, acts: StageActs) {
    this.words = WORDS[language];
    this.locale = regional(language, navigator.languages);
    const t = this.words;
    document.documentElement.lang = language;
    const box = (id: string, label: string) => {
      const input = h('input', { type: 'checkbox', id, checked: true });
      input.addEventListener('change', () => acts.treat());
      return [input, h('label', { class: 'check' }, input, label)] as const;
    };
    const [echo, echo_line] = box('echo', t.echo);
    const [noise, noise_line] = box('noise', t.noise);
    const [gain, gain_line] = box('gain', t.gain);
    this.boxes = { echo, noise, gain };
    for (const meter of this.meters) mark(meter, 'aria-label', t.level);
    this.input.append(h('option', { value: '' }, t.standard));
    this.input.addEventListener('change', () => acts.treat());
    this.output.addEventListener('change', () => acts.output(this.output.value));
    this.output_field = h(
      'div',
      { class: 'field', hidden: true },
      h('label', { for: 'output' }, t.output),
      this.output,
    );
    say(this.check, t.check);
    this.check.addEventListener('click', () => acts.check());
    this.door.addEventListener('submit', (event) => {
      event.preventDefault();
      acts.join();
    });
    this.mute.addEventListener('click', () => acts.mute());
    this.leave.addEventListener('click', () => acts.leave());
    say(this.leave, t.leave);
    this.hear.addEventListener('click', () => acts.hear());
    say(this.hear, t.tap_sound);
    this.go_live.addEventListener('click', () => acts.go_live());
    say(this.go_live, t.go_live);
    this.end.addEventListener('click', () => acts.end());
    say(this.end, t.end);
    say(this.copy_link, t.copy);
    this.copy_link.addEventListener('click', async () => {
      if (!(await copy(this.link))) return;
      say(this.copy_link, t.copied);
      setTimeout(() => say(this.copy_link, t.copy), 2_500);
    });
    say(this.nobody, t.nobody);
    const [door_meter, joined_meter] = this.meters;
    this.door.append(
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'name' }, t.name),
        this.name,
        h('small', { id: 'name-hint' }, t.name_hint),
      ),
      h('div', { class: 'field' }, h('label', { for: 'microphone' }, t.microphone), this.input),
      h('div', { class: 'field' }, door_meter, h('small', {}, t.level_hint)),
      h('p', { class: 'quiet' }, t.headphones),
      h(
        'details',
        {},
        h('summary', {}, t.settings),
        h('div', { class: 'stack' }, echo_line, noise_line, gain_line, this.output_field),
      ),
      h('div', { class: 'row' }, this.join, this.check),
    );
    this.joined.append(
      h('div', { class: 'row' }, this.mute, this.leave, this.hear),
      joined_meter ?? '',
      this.muted_words,
      this.line,
    );
    this.desk.append(this.go_live, this.end, this.only_host, this.copy_link);
    page.replaceChildren(
      masthead('/', t.home, h('span', { class: 'quiet' }, t.stage)),
      h(
        'main',
        { class: 'floor' },
        h(
          'div',
          { class: 'floor-head stack' },
          h('div', { class: 'air' }, this.sign, this.elapsed, this.sign_hint),
          this.title,
          h('div', {}, this.when, this.you),
          this.trouble,
        ),
        h('div', { class: 'stack' }, this.door, this.joined, this.desk),
        h(
          'aside',
          { class: 'stack' },
          h('h2', {}, t.seats),
          this.seats,
          this.nobody,
          this.listeners,
        ),
      ),
      this.others,
    );
  }

  treatment(): Treatment {
    return {
      device: this.input.value,
      echo: this.boxes.echo.checked,
      noise: this.boxes.noise.checked,
      gain: this.boxes.gain.checked,
    };
  }

  offer_devices(inputs: MediaDeviceInfo[], outputs: MediaDeviceInfo[]): void {
    const fill = (select: HTMLSelectElement, list: MediaDeviceInfo[]) => {
      const chosen = select.value;
      const own = list.filter((device) => device.deviceId !== 'default' && device.deviceId !== '');
      refill(select, own.map((device) => device.deviceId).join(), () => [
        h('option', { value: '' }, this.words.standard),
        ...own.map((device) => h('option', { value: device.deviceId }, device.label)),
      ]);
      if (own.some((device) => device.deviceId === chosen)) select.value = chosen;
    };
    fill(this.input, inputs);
    fill(this.output, outputs);
    show(this.output_field, 'setSinkId' in HTMLMediaElement.prototype && outputs.length > 0);
  }

  update(model: StageModel): void {
    const t = this.words;
    const { status, place } = model;
    const inside = place === 'joined' || place === 'returning';
    this.update_meters(model);
    show(this.trouble, model.trouble !== null);
    if (model.trouble) say(this.trouble, model.trouble);
    show(this.joined, inside);
    say(this.join, place === 'joining' ? t.joining : model.been_here ? t.rejoin : t.join);
    this.join.disabled = place === 'joining';
    show(this.check, !model.microphone_open);
    show(this.hear, inside && model.sound_blocked);
    refill(this.mute, String(model.muted), () => [
      icon(model.muted ? 'muted' : 'microphone'),
      document.createTextNode(model.muted ? t.unmute : t.mute),
    ]);
    mark(this.mute, 'aria-pressed', String(model.muted));
    say(this.muted_words, model.muted ? t.you_muted : '');
    say(this.line, place === 'joined' ? this.line_words(model.line) : '');
    const over = status?.phase === 'ended' || status?.phase === 'posted';
    const open = status !== null && !over && status.phase !== 'cancelled';
    show(this.door, !inside && open);
    const on_air = status?.phase === 'live';
    mark(document.body, 'data-on-air', on_air);
    if (!status) return show(this.desk, false);
    this.update_head(model, status, on_air, over);
    const host = status.you.role === 'host';
    show(this.desk, true);
    show(this.go_live, host && open && !on_air);
    this.go_live.disabled = place !== 'joined';
    show(this.end, host && on_air);
    const inside_now = place === 'joined';
    show(this.only_host, open && !on_air && !(host && inside_now));
    say(this.only_host, host ? t.join_first : t.only_host);
    this.link = status.listener_page;
    this.update_seats(status);
  }

  private update_head(
    model: StageModel,
    status: StageStatus,
    on_air: boolean,
    over: boolean,
  ): void {
    const t = this.words;
    const sign = on_air
      ? t.on_air
      : over
        ? t.over
        : status.phase === 'cancelled'
          ? t.cancelled
          : t.not_on_air;
    say(this.sign, sign);
    mark(this.sign, 'data-on-air', on_air);
    const hint = over ? t.over_hint : status.phase === 'cancelled' ? '' : t.not_on_air_hint;
    say(this.sign_hint, on_air ? '' : hint);
    show(this.elapsed, on_air && status.live_at !== null);
    if (status.live_at)
      say(this.elapsed, clock_text((model.server_now_ms - Date.parse(status.live_at)) / 1000));
    say(this.title, status.title);
    say(this.when, over ? '' : t.starts(local_time(status.start, this.locale)));
    say(this.you, t.you_are[status.you.role]);
    document.title = `${on_air ? `● ${t.on_air} · ` : ''}${status.title} · ${t.stage}`;
    show(this.listeners, status.audience.connected > 0 || on_air);
    say(this.listeners, count(status.audience.connected, this.locale, t.listeners));
  }

  private update_seats(status: StageStatus): void {
    const t = this.words;
    show(this.nobody, status.seats.length === 0);
    update_seats(
      this.seats,
      status.seats.map((seat) => ({
        ...seat,
        away: !seat.connected,
        note: !seat.connected
          ? t.away
          : seat.muted
            ? t.muted
            : seat.speaking
              ? t.speaking
              : t.role[seat.role],
        level: seat.connected && !seat.muted ? level_of(seat.level_dbfs) : 0,
      })),
    );
  }

  private update_meters(model: StageModel): void {
    const shown = model.muted ? -100 : model.level_dbfs;
    for (const meter of this.meters) {
      meter.style.setProperty('--level', level_of(shown).toFixed(3));
      mark(meter, 'aria-valuenow', String(Math.max(-60, Math.round(shown / 6) * 6)));
      mark(meter, 'data-hot', shown > -6);
    }
  }

  private line_words(line: Line): string {
    const t = this.words;
    if (line.round_trip_ms === null) return '';
    const lost = (line.lost_fraction ?? 0) * 100;
    const bad = line.round_trip_ms > 400 || lost > 10;
    const fair = line.round_trip_ms > 200 || lost > 3;
    const verdict = bad ? t.line_bad : fair ? t.line_fair : t.line_good;
    return `${verdict} ${t.line_detail(Math.round(line.round_trip_ms), Math.round(lost))}`;
  }
}
