// The player's controls: what they show follows a snapshot, what they do is asked of the page.

import { clock_text } from '../ground/clock.ts';
import { h, mark, refill, say, show } from '../ground/element.ts';
import { icon } from '../ground/icons.ts';
import type { Language } from '../ground/words.ts';
import type { Snapshot } from './offer.ts';
import { WORDS } from './words.ts';

export interface TransportActs {
  toggle(): void;
  nudge(seconds: number): void;
  seek_behind(seconds: number): void;
  seek_to(seconds: number): void;
  jump(): void;
  volume(volume: number, muted: boolean): void;
  economy(on: boolean): void;
  rate(rate: number): void;
}

export interface Comfort {
  volume: number;
  muted: boolean;
  economy: boolean;
  rate: number;
}

export interface TransportModel {
  snapshot: Snapshot;
  comfort: Comfort;
  replay: boolean;
  replay_s: number | null;
  window_s: number;
  on_air_s: number | null;
  resume_s: number;
  now_ms: number;
}

const RATES = [1, 1.25, 1.5, 2];

export class Transport {
  readonly element: HTMLElement;
  private readonly toggle = h('button', { class: 'primary playpause', type: 'button' });
  private readonly tap = h('button', { class: 'primary large', type: 'button' });
  private readonly tap_hint = h('p', { class: 'quiet' });
  private readonly status = h('p', { class: 'status', role: 'status' });
  private readonly back = h('button', { class: 'skip-step', type: 'button' }, '−30');
  private readonly forward = h('button', { class: 'skip-step', type: 'button' }, '+30');
  private readonly jump = h('button', { type: 'button' });
  private readonly left = h('span');
  private readonly right = h('span');
  private readonly bar = h('input', { type: 'range', step: '1', min: '0', max: '1' });
  private readonly bar_row: HTMLElement;
  private readonly mute = h('button', { class: 'plain', type: 'button' });
  private readonly loudness = h('input', { type: 'range', min: '0', max: '1', step: '0.05' });
  private readonly economy = h('input', { type: 'checkbox' });
  private readonly economy_words = h('span');
  private readonly speeds = h('fieldset', { class: 'speeds' });
  private readonly row: HTMLElement;
  private readonly words;
  private model: TransportModel | null = null;
  private dragging = false;

  constructor(language: Language, acts: TransportActs) {
    this.words = WORDS[language];
    const t = this.words;
    this.toggle.addEventListener('click', () => acts.toggle());
    this.tap.addEventListener('click', () => acts.toggle());
    this.back.addEventListener('click', () => acts.nudge(-30));
    this.forward.addEventListener('click', () => acts.nudge(30));
    this.jump.addEventListener('click', () => acts.jump());
    mark(this.back, 'aria-label', t.back);
    mark(this.forward, 'aria-label', t.forward);
    say(this.jump, t.jump);
    mark(this.bar, 'aria-label', t.seek);
    this.bar.addEventListener('input', () => {
      this.dragging = true;
      this.show_bar_text(Number(this.bar.value));
    });
    this.bar.addEventListener('change', () => {
      this.dragging = false;
      const value = Number(this.bar.value);
      if (this.model?.replay) acts.seek_to(value);
      else acts.seek_behind(Number(this.bar.max) - value);
    });
    mark(this.loudness, 'aria-label', t.volume);
    this.loudness.addEventListener('input', () => acts.volume(Number(this.loudness.value), false));
    this.mute.addEventListener('click', () => {
      const comfort = this.model?.comfort;
      if (comfort) acts.volume(comfort.volume || 0.5, !(comfort.muted || comfort.volume === 0));
    });
    this.economy.addEventListener('change', () => acts.economy(this.economy.checked));
    this.economy_words.append(t.economy, ' ', h('small', {}, t.economy_hint));
    this.speeds.append(h('legend', { class: 'unseen' }, t.speed));
    for (const rate of RATES) {
      const button = h('button', { type: 'button', 'data-rate': rate }, `${rate}×`);
      button.addEventListener('click', () => acts.rate(rate));
      this.speeds.append(button);
    }
    this.row = h(
      'div',
      { class: 'transport-row' },
      this.toggle,
      this.back,
      this.forward,
      this.jump,
    );
    this.bar_row = h('div', { class: 'timebar' }, this.left, this.bar, this.right);
    const comfort = h(
      'div',
      { class: 'comfort' },
      h('div', { class: 'volume' }, this.mute, this.loudness),
      this.speeds,
      h('label', { class: 'check' }, this.economy, this.economy_words),
    );
    this.element = h(
      'section',
      { class: 'transport', id: 'player', tabindex: '-1', 'aria-label': t.seek_live },
      this.tap,
      this.tap_hint,
      this.row,
      this.status,
      this.bar_row,
      comfort,
    );
  }

  update(model: TransportModel): void {
    this.model = model;
    const t = this.words;
    const { snapshot, comfort, replay } = model;
    mark(this.element, 'aria-label', replay ? t.replay : t.phase.live);
    const idle = snapshot.kind === null || snapshot.blocked;
    show(this.tap, idle);
    show(this.tap_hint, snapshot.blocked);
    show(this.row, !idle);
    show(this.bar_row, !idle);
    show(this.status, !idle || snapshot.retry_at_ms !== null);
    refill(this.tap, `${replay} ${model.resume_s}`, () => [
      icon('play'),
      document.createTextNode(this.tap_text(replay, model.resume_s)),
    ]);
    say(this.tap_hint, t.tap_hint);
    const runs = snapshot.wanted;
    refill(this.toggle, String(runs), () => [icon(runs ? 'pause' : 'play')]);
    mark(this.toggle, 'aria-label', runs ? t.pause : t.play);
    show(this.jump, !replay && snapshot.behind);
    say(this.status, this.status_text(model));
    show(this.speeds, replay);
    for (const button of this.speeds.querySelectorAll('button'))
      mark(button, 'aria-pressed', String(Number(button.dataset['rate']) === comfort.rate));
    const silent = comfort.muted || comfort.volume === 0;
    refill(this.mute, String(silent), () => [icon(silent ? 'muted' : 'volume')]);
    mark(this.mute, 'aria-label', silent ? t.unmute : t.mute);
    if (document.activeElement !== this.loudness)
      this.loudness.value = String(comfort.muted ? 0 : comfort.volume);
    this.economy.checked = comfort.economy;
    if (!this.dragging) this.update_bar(model);
  }

  private tap_text(replay: boolean, resume_s: number): string {
    if (!replay) return this.words.tap;
    return resume_s > 5 ? this.words.resume_at(clock_text(resume_s)) : this.words.play_replay;
  }

  private status_text({ snapshot, replay, now_ms }: TransportModel): string {
    const t = this.words;
    if (snapshot.retry_at_ms !== null) {
      const left = Math.ceil((snapshot.retry_at_ms - now_ms) / 1000);
      return left > 0 ? t.stopped(left) : t.retrying;
    }
    if (snapshot.kind === null || snapshot.blocked || !snapshot.wanted) return '';
    if (!snapshot.playing) return snapshot.currentTime > 0 ? t.buffering : t.connecting;
    if (replay) return '';
    if (snapshot.behind) return t.behind(clock_text(Math.round((snapshot.latency_s ?? 0) / 5) * 5));
    return t.on_air;
  }

  private update_bar(model: TransportModel): void {
    const { snapshot, replay } = model;
    const span = replay ? (snapshot.duration_s ?? model.replay_s ?? 0) : model.window_s;
    const value = replay ? snapshot.currentTime : span - Math.min(span, snapshot.latency_s ?? 0);
    this.bar.max = String(Math.max(1, Math.round(span)));
    // At the edge the knob rests on the right, whatever the few seconds of latency are.
    this.bar.value = !replay && !snapshot.behind ? this.bar.max : String(Math.round(value));
    mark(this.bar, 'aria-disabled', span < 1 ? 'true' : null);
    this.show_bar_text(Number(this.bar.value));
  }

  private show_bar_text(value: number): void {
    const model = this.model;
    if (!model) return;
    const t = this.words;
    const span = Number(this.bar.max);
    if (model.replay) {
      say(this.left, clock_text(value));
      say(this.right, clock_text(span));
      mark(this.bar, 'aria-valuetext', `${clock_text(value)} / ${clock_text(span)}`);
      return;
    }
    const behind = span - value;
    const at_edge = behind < 1;
    say(this.left, at_edge ? clock_text(model.on_air_s ?? 0) : `−${clock_text(behind)}`);
    say(this.right, t.seek_live);
    // Changes of less than ten seconds are not worth a word to a screen reader.
    const text = at_edge ? t.seek_live : t.behind(clock_text(Math.round(behind / 10) * 10));
    mark(this.bar, 'aria-valuetext', text);
  }
}
