// A speaker's place on the stage: joins, stays joined, leaves. Knows nothing of how it looks.

import { call_json, Refusal, refusal_of } from '../ground/call.ts';
import type { Phase, StageStatus } from '../ground/contract.ts';
import { recall, remember } from '../ground/memory.ts';
import { backoff_s } from '../ground/retry.ts';
import { Microphone, type Treatment } from './microphone.ts';
import { type Invitation, type Line, Session } from './whip.ts';

export type Place = 'away' | 'joining' | 'joined' | 'returning';

const POLL_MS = 400;
const OVER: ReadonlySet<Phase> = new Set(['ended', 'posted', 'cancelled']);

export class Floor {
  place: Place = 'away';
  muted = false;
  status: StageStatus | null = null;
  /** The last refusal of the stage, until something succeeds. */
  refusal: Refusal | null = null;
  retry_at_ms: number | null = null;
  line: Line = { round_trip_ms: null, lost_fraction: null };
  readonly microphone = new Microphone();
  private session: Session | null = null;
  private name = '';
  private attempts = 0;
  private retry_timer = 0;
  private poll_failures = 0;
  private readonly invitation: Invitation;
  private readonly heard: (stream: MediaStream) => void;
  private readonly changed: () => void;

  constructor(invitation: Invitation, heard: (stream: MediaStream) => void, changed: () => void) {
    this.invitation = invitation;
    this.heard = heard;
    this.changed = changed;
  }

  get pc(): RTCPeerConnection | null {
    return this.session?.pc ?? null;
  }

  /** Begins to ask how things stand; goes on for as long as the page lives. */
  watch(): void {
    void this.poll();
    setInterval(() => void this.read_line(), 2_000);
    addEventListener('online', () => this.place === 'returning' && this.reconnect_soon(0));
  }

  /** Throws `MicrophoneError` or `Refusal`. */
  async join(name: string, treatment: Treatment): Promise<void> {
    this.name = name;
    this.place = 'joining';
    this.changed();
    try {
      if (this.microphone.track?.readyState !== 'live') await this.microphone.open(treatment);
      await this.connect();
    } catch (error) {
      this.place = 'away';
      this.changed();
      throw error;
    }
  }

  leave(): void {
    clearTimeout(this.retry_timer);
    this.session?.close();
    this.session = null;
    this.place = 'away';
    this.retry_at_ms = null;
    this.changed();
  }

  /** The page goes: end the session, so that nobody waits for a dead seat. */
  vanish(): void {
    this.session?.close(true);
  }

  async set_muted(muted: boolean): Promise<void> {
    this.muted = muted;
    if (this.microphone.track) this.microphone.track.enabled = !muted;
    this.changed();
    // The microphone is silent already; the stage only needs to know why.
    await this.session?.mute(muted).catch(() => undefined);
  }

  async treat(treatment: Treatment): Promise<void> {
    const track = await this.microphone.open(treatment);
    track.enabled = !this.muted;
    await this.session?.replace(track);
  }

  /**
   * Passes a host's decision on. A stage that is just starting again is asked until it answers, for
   * at most half a minute: a decision is not lost. Throws `Refusal`.
   */
  async ask(act: 'go-live' | 'end'): Promise<void> {
    const until_ms = Date.now() + 30_000;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await call_json(
          `/api/stage/${this.invitation.id}/${act}`,
          this.invitation.token,
          'POST',
          {},
        );
        return;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        // An earlier attempt may have arrived without its answer coming back.
        if (attempt > 0 && error.code === 'wrong_phase') return;
        const passing = error.code === 'network' || error.status >= 500 || error.status === 404;
        if (!passing || Date.now() > until_ms) throw error;
        await new Promise((wake) =>
          setTimeout(wake, backoff_s(attempt, Math.random, 0.2, 2) * 1000),
        );
      }
    }
  }

  private async connect(): Promise<void> {
    const { track } = this.microphone;
    if (!track) return;
    this.session?.close();
    const session = new Session(this.invitation, this.heard, () => {
      if (session === this.session) this.lost();
    });
    this.session = session;
    await session.open(track, this.name, this.seat());
    if (session !== this.session) return session.close();
    this.place = 'joined';
    this.attempts = 0;
    this.retry_at_ms = null;
    this.refusal = null;
    if (this.muted) await session.mute(true).catch(() => undefined);
    this.changed();
  }

  private lost(): void {
    if (this.place !== 'joined') return;
    this.place = 'returning';
    this.reconnect_soon(backoff_s(this.attempts, Math.random, 0.2));
  }

  private reconnect_soon(wait_s: number): void {
    clearTimeout(this.retry_timer);
    this.retry_at_ms = Date.now() + wait_s * 1000;
    this.retry_timer = window.setTimeout(() => {
      this.retry_at_ms = null;
      this.attempts += 1;
      this.connect().catch((error: unknown) => {
        if (this.place !== 'returning') return;
        if (error instanceof Refusal) this.refusal = error;
        const final = error instanceof Refusal && [401, 403, 404, 409, 410].includes(error.status);
        if (final) this.leave();
        else this.reconnect_soon(backoff_s(this.attempts, Math.random));
      });
      this.changed();
    }, wait_s * 1000);
    this.changed();
  }

  /** A secret of this page: coming back with it gives the same seat. */
  private seat(): string {
    const key = `seat.${this.invitation.id}`;
    let seat = recall(key, 'session');
    if (seat === null) {
      seat = [...crypto.getRandomValues(new Uint8Array(16))]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('');
      remember(key, seat, 'session');
    }
    return seat;
  }

  private async poll(): Promise<void> {
    let wait_ms = POLL_MS;
    try {
      const session = this.session?.id ?? null;
      const response = await fetch(`/api/stage/${this.invitation.id}`, {
        headers: {
          Authorization: `Bearer ${this.invitation.token}`,
          ...(session === null ? {} : { 'Rostra-Session': session }),
        },
        cache: 'no-store',
        signal: AbortSignal.timeout(5_000),
      });
      if (!response.ok) throw await refusal_of(response);
      this.status = (await response.json()) as StageStatus;
      this.poll_failures = 0;
      if (this.place !== 'returning') this.refusal = null;
      if (this.status.session === 'gone' && session === this.session?.id) {
        this.session?.abandon();
        if (OVER.has(this.status.phase)) this.leave();
        else this.lost();
      }
    } catch (error) {
      this.poll_failures += 1;
      // A few speakers on a lane of their own may ask sooner than a crowd may.
      wait_ms = backoff_s(this.poll_failures, Math.random, 0.3, 1.5) * 1000;
      this.refusal = error instanceof Refusal ? error : new Refusal(0, 'network', String(error));
    }
    this.changed();
    setTimeout(() => void this.poll(), wait_ms);
  }

  private async read_line(): Promise<void> {
    if (this.session && this.place === 'joined') this.line = await this.session.line();
  }
}
