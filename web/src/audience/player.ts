// What the listener hears: follows the event's rungs without a gap, rewinds, and recovers by its own law.

import { choose, type Wish } from './choice.ts';
import { type Begin, Deck, type Failure, type Kind, type Mode, type Source } from './deck.ts';
import { type Change, watch_change } from './gap.ts';
import type { Offer, PlayerListener, Snapshot } from './offer.ts';
import { Recovery } from './recovery.ts';
import { silent_clip } from './silence.ts';
import { audio_element, can_play, media_source } from './support.ts';

const REWIND_S = 7_200;
const CHANGE_MS = 15_000;
const TAIL_MS = 3_000;

export class Player {
  readonly mode: Mode;
  private active: Deck;
  private spare: Deck;
  private offer: Offer | null = null;
  private wanted = false;
  private blocked = false;
  private armed = false;
  private finished = false;
  private readonly recovery = new Recovery();
  private retry_timer = 0;
  private changing = 0;
  private change_after_ms = 0;
  private stalls_before = 0;
  private last_change: Change = { gap_ms: null, overlap_ms: null };
  private economy = false;
  private volume = 1;
  private muted = false;
  private rate = 1;
  private readonly refused = new Set<string>();
  private readonly clip = URL.createObjectURL(silent_clip());
  private readonly now_ms: () => number;
  private readonly listener: PlayerListener;

  constructor(native: boolean, session: string, now_ms: () => number, listener: PlayerListener) {
    this.now_ms = now_ms;
    this.listener = listener;
    this.mode = native || !media_source() ? 'native' : 'hls.js';
    this.active = this.make_deck(session);
    this.spare = this.make_deck(session);
    this.active.audio.dataset['deck'] = 'active';
  }

  /** In a tap before the start: from now on the browser lets us sound by ourselves. */
  arm(): void {
    this.armed = true;
    this.wanted = true;
    this.blocked = false;
    // The clip goes on until the start, so that a locked phone does not put the page to sleep.
    this.unlock(this.active, true);
    this.unlock(this.spare, false);
    this.listener.changed();
  }

  /** Begin by itself when there is something to hear, as far as the browser lets us. */
  expect(): void {
    this.wanted = true;
  }

  /** What there is to hear; null while there is nothing, or nothing without a pass. */
  follow(offer: Offer | null): void {
    this.offer = offer;
    const source = this.active.source;
    if (!offer || this.is_silent()) {
      const tail = source !== null && source.kind !== 'replay';
      if (tail && this.active.still_ms() > TAIL_MS) this.rest();
      return;
    }
    if (offer.kind === 'replay') {
      // The last words are still on their way to this listener: `ended` or silence brings the replay.
      const tail = source !== null && source.kind !== 'replay';
      if (tail && this.active.still_ms() > TAIL_MS) this.on_ended();
      if (tail) return;
      if (!source) this.finished = true;
      return;
    }
    this.finished = false;
    if (!source) {
      if (this.wanted && this.recovery.at_ms === null) this.begin(null);
      return;
    }
    const wanted = this.pick('live');
    if (source.kind !== 'live' || !wanted || wanted.playlist.url === source.playlist.url) return;
    if (Date.now() >= this.change_after_ms) this.change(wanted);
  }

  play(): void {
    this.wanted = true;
    this.blocked = false;
    const source = this.active.source;
    if (!source) this.begin(null);
    else void this.active.play();
    if (!this.spare.audio.src) this.unlock(this.spare, false);
    this.listener.changed();
  }

  /** The replay from `time_s`. */
  play_replay(time_s: number): void {
    this.wanted = true;
    this.blocked = false;
    this.finished = false;
    this.begin({ time_s });
    this.listener.changed();
  }

  pause(): void {
    this.wanted = false;
    this.clear_retry();
    this.active.audio.pause();
    this.listener.changed();
  }

  set_volume(volume: number, muted: boolean): void {
    this.volume = volume;
    this.muted = muted;
    this.active.audio.volume = volume;
    this.active.audio.muted = muted;
  }

  set_economy(economy: boolean): void {
    this.economy = economy;
    const source = this.active.source;
    if (!source) return;
    if (source.kind === 'live') return this.follow(this.offer);
    const wanted = this.pick(source.kind);
    if (!wanted || wanted.playlist.url === source.playlist.url) return;
    const date_ms = this.active.date_ms();
    if (source.kind === 'rewind' && date_ms !== null) this.start(wanted, this.moment(date_ms));
    else this.start(wanted, { time_s: this.active.audio.currentTime });
  }

  set_rate(rate: number): void {
    this.rate = rate;
    if (this.active.source?.kind === 'replay') this.active.audio.playbackRate = rate;
  }

  /** Seconds behind the voice, 0 being the live edge. */
  seek_behind(behind_s: number): void {
    if (behind_s <= this.active.target_latency_s() + 2) return this.jump_to_live();
    const date_ms = Math.max(this.now_ms() - behind_s * 1000, this.earliest_ms());
    this.wanted = true;
    this.drop_change();
    if (this.active.seek_date(date_ms)) void this.active.play();
    else {
      const source = this.pick('rewind');
      if (source) this.start(source, this.moment(date_ms));
    }
    this.listener.changed();
  }

  jump_to_live(): void {
    this.wanted = true;
    const wanted = this.pick('live');
    if (!wanted) return;
    if (this.active.source?.kind === 'live' && this.active.seek_edge()) void this.active.play();
    else this.start(wanted, null);
    this.listener.changed();
  }

  seek_to(time_s: number): void {
    this.active.seek_time(Math.max(0, time_s));
    this.listener.changed();
  }

  nudge(seconds: number): void {
    if (this.active.source?.kind === 'replay') {
      const end = this.active.duration_s() ?? Number.POSITIVE_INFINITY;
      this.seek_to(Math.min(end - 0.1, this.active.audio.currentTime + seconds));
    } else {
      const latency = this.latency_s();
      if (latency !== null) this.seek_behind(latency - seconds);
    }
  }

  /** How far back one can go, in seconds. */
  window_s(): number {
    if (this.offer?.kind !== 'live') return 0;
    return Math.max(0, (this.now_ms() - this.earliest_ms()) / 1000);
  }

  date_ms(): number | null {
    return this.active.source?.kind === 'replay' ? null : this.active.date_ms();
  }

  snapshot(): Snapshot {
    const { audio, source } = this.active;
    const latency_s = this.latency_s();
    return {
      mode: this.mode,
      kind: source?.kind ?? null,
      playing: this.active.sounding,
      wanted: this.wanted,
      blocked: this.blocked,
      armed: this.armed,
      finished: this.finished,
      retry_at_ms: this.active.sounding ? null : this.recovery.at_ms,
      latency_s,
      behind:
        this.active.started &&
        source !== null &&
        source.kind !== 'replay' &&
        (source.kind === 'rewind' ||
          (latency_s !== null && latency_s > this.active.target_latency_s() + 8)),
      currentTime: audio.currentTime,
      duration_s: source?.kind === 'replay' ? this.active.duration_s() : null,
      stalls: this.stalls_before + this.active.stalls,
      metadata: this.active.metadata,
      rendition: source?.playlist.rendition ?? null,
      rung: source?.playlist.rung ?? null,
      ...this.last_change,
    };
  }

  private is_silent(): boolean {
    return !this.offer || (this.offer.kind === 'live' && this.offer.playlists.length === 0);
  }

  /** Nothing is offered any more: no attempts, until there is something again. */
  private rest(): void {
    this.clear_retry();
    this.drop_change();
    this.recovery.reset();
    this.active.stop();
    this.listener.changed();
  }

  private earliest_ms(): number {
    return Math.max(this.offer?.from_ms ?? 0, this.now_ms() - REWIND_S * 1000);
  }

  /** A moment in the rewind playlist, which begins with the earliest one. */
  private moment(date_ms: number): Begin {
    return { date_ms, time_s: Math.max(0, (date_ms - this.earliest_ms()) / 1000) };
  }

  private latency_s(): number | null {
    const { source } = this.active;
    if (!source || source.kind === 'replay') return null;
    const date = this.active.date_ms();
    return date === null ? this.active.reckoned_latency_s() : (this.now_ms() - date) / 1000;
  }

  private make_deck(session: string): Deck {
    const audio = audio_element();
    for (const name of ['play', 'pause', 'playing', 'waiting', 'seeked'])
      audio.addEventListener(name, () => this.active.audio === audio && this.listener.changed());
    const deck: Deck = new Deck(audio, this.mode, session, {
      progressed: () => deck === this.active && this.on_progress(),
      failed: (failure, detail, asked_s) => this.on_failure(deck, failure, detail, asked_s),
      ended: () => deck === this.active && this.on_ended(),
      blocked: () => {
        if (deck !== this.active) return;
        this.blocked = true;
        this.listener.changed();
      },
      nonce: (nonce) => this.listener.nonce(nonce),
      refused: () => this.listener.refused(),
    });
    return deck;
  }

  private wish(): Wish {
    return {
      rung: this.offer?.rung ?? 0,
      economy: this.economy,
      refused: this.refused,
      can_play: (codec) => can_play(this.mode, codec),
    };
  }

  private pick(kind: Kind): Source | null {
    if (!this.offer) return null;
    const list = kind === 'rewind' ? this.offer.rewind : this.offer.playlists;
    const playlist = choose(list, this.wish());
    return playlist ? { kind, playlist } : null;
  }

  private begin(begin: Begin): void {
    const source = this.offer ? this.pick(this.offer.kind) : null;
    if (source) this.start(source, begin);
  }

  private start(source: Source, begin: Begin): void {
    this.drop_change();
    this.clear_retry();
    this.prepare(this.active, this.muted);
    void this.active.load(source, begin).then(() => {
      if (source.kind === 'replay') this.active.audio.playbackRate = this.rate;
    });
    this.listener.changed();
  }

  private prepare(deck: Deck, muted: boolean): void {
    deck.audio.muted = muted;
    deck.audio.volume = this.volume;
  }

  private unlock({ audio, source }: Deck, loop: boolean): void {
    if (source) return;
    audio.src = this.clip;
    audio.loop = loop;
    void audio.play().catch(() => undefined);
  }

  /** Another rung or rendition: the spare deck plays it unheard first, then takes over. */
  private change(source: Source): void {
    if (this.spare.source?.playlist.url === source.playlist.url) return;
    const lost = this.recovery.at_ms !== null && !this.active.sounding;
    if (!this.wanted || this.active.audio.paused || lost) return this.start(source, null);
    this.drop_change();
    const spare = this.spare;
    this.prepare(spare, true);
    void spare.load(source, null);
    const begun_ms = Date.now();
    let aligned = false;
    this.changing = window.setInterval(() => {
      const ready =
        !spare.audio.paused && spare.audio.readyState > 2 && spare.audio.currentTime > 0;
      if (ready && aligned) this.take_over();
      else if (ready) {
        // Where both hold the same moment no word is lost or said twice. Nearer to the edge than
        // the new rung can follow it would run dry: there some words are said twice instead.
        const date = this.active.date_ms();
        if (date !== null && spare.holds_safely(date)) spare.seek_date(date + 60);
        aligned = true;
      } else if (Date.now() - begun_ms > CHANGE_MS) this.give_up_change();
    }, 60);
  }

  private take_over(): void {
    clearInterval(this.changing);
    this.changing = 0;
    this.clear_retry();
    const before = this.active;
    this.active = this.spare;
    this.spare = before;
    this.active.audio.dataset['deck'] = 'active';
    delete before.audio.dataset['deck'];
    this.last_change = watch_change(this.active.audio, before.date_ms(), this.active.date_ms());
    this.prepare(this.active, this.muted);
    this.stalls_before += before.stalls;
    before.stop();
    this.listener.changed();
  }

  private give_up_change(): void {
    this.drop_change();
    this.change_after_ms = Date.now() + 20_000 * (1 + Math.random());
  }

  private drop_change(): void {
    if (this.changing === 0) return;
    clearInterval(this.changing);
    this.changing = 0;
    this.spare.stop();
  }

  private on_progress(): void {
    if (!this.recovery.heard(Date.now(), this.active.fed)) return;
    this.clear_retry();
    this.listener.changed();
  }

  /** Whether what the active deck plays is still offered. */
  private is_offered(): boolean {
    const over = this.offer?.kind === 'replay' && this.active.source?.kind !== 'replay';
    return !this.is_silent() && !over;
  }

  private leave(): void {
    if (this.is_silent()) this.rest();
    else this.on_ended();
  }

  private on_failure(deck: Deck, failure: Failure, detail: string, asked_s: number): void {
    console.info(`rostra: ${failure} failure: ${detail}`);
    if (deck !== this.active) return this.give_up_change();
    // What is in the buffer is heard to its end, and loading goes on at once if it is offered again.
    if (!this.is_offered() && !deck.sounding) return this.leave();
    if (!this.wanted) return; // the deck tries again when it is played
    if (failure === 'media' && this.recovery.attempts === 0 && deck.revive('media'))
      return this.recovery.tried(Date.now());
    const rendition = deck.source?.playlist.rendition;
    if (failure === 'media' && rendition && rendition !== 'aac') this.refused.add(rendition);
    const wait_s = this.recovery.fails(failure, Date.now(), Math.random, asked_s);
    if (wait_s === null) return;
    clearTimeout(this.retry_timer);
    this.retry_timer = window.setTimeout(() => this.retry(failure, asked_s > 0), wait_s * 1000);
    this.listener.changed();
  }

  /** `asked`: the server only wants to be left alone for a while; the engine is well. */
  private retry(failure: Failure, asked: boolean): void {
    const { source, sounding } = this.active;
    if (!source || !this.wanted) return this.clear_retry();
    if (!this.is_offered() && !sounding) return this.leave();
    this.recovery.made();
    // Loading anew would throw away what is still to be heard.
    const gently = this.recovery.attempts <= 2 || sounding || asked;
    if (gently && this.active.revive(failure, asked)) return;
    if (!this.is_offered()) return this.leave();
    const next = this.pick(source.kind) ?? source;
    const date_ms = source.kind === 'rewind' ? this.active.date_ms() : null;
    const time_s = this.active.audio.currentTime;
    const begin =
      source.kind === 'replay' ? { time_s } : date_ms === null ? null : this.moment(date_ms);
    this.stalls_before += 1;
    this.prepare(this.active, this.muted);
    void this.active.load(next, begin);
  }

  private clear_retry(): void {
    clearTimeout(this.retry_timer);
    this.recovery.drop(Date.now());
  }

  private on_ended(): void {
    this.clear_retry();
    this.drop_change();
    this.wanted = false;
    this.finished = true;
    this.active.stop();
    this.listener.changed();
  }
}
