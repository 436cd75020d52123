// When the player tries again after a failure, and when the trouble is over.

import { backoff_s, type Chance, obeyed_s } from '../ground/retry.ts';
import type { Failure } from './deck.ts';

const HEALTHY_MS = 10_000;
/** All lose their connections at once where a server goes: they come back over a second at least. */
const again_s = (attempt: number, chance: Chance) => backoff_s(attempt, chance, 0.5, 8, 1);

interface Pending {
  failure: Failure;
  at_ms: number;
  made: boolean;
}

/**
 * The law of attempts. After a network or media failure the engine loads nothing, so its attempt is
 * made even if the buffer still sounds, and only new sound shows that it helped. Who was merely stuck
 * is well again as soon as they hear something. Waits grow until ten seconds went well.
 */
export class Recovery {
  /** Attempts since it last went well. */
  attempts = 0;
  private pending: Pending | null = null;
  private since_ms = 0;

  /** Unix ms of the next attempt, or of the one under way; null while nothing is wrong. */
  get at_ms(): number | null {
    return this.pending?.at_ms ?? null;
  }

  /**
   * How long to wait for the next attempt, in seconds; null if one is on its way already.
   * `asked_s`: what the server said of it (`Retry-After`).
   */
  fails(failure: Failure, now_ms: number, chance: Chance, asked_s = 0): number | null {
    if (failure === 'stuck' && this.pending && !this.pending.made) return null;
    const wait_s = Math.max(again_s(this.attempts, chance), obeyed_s(asked_s, chance));
    this.attempts += 1;
    this.since_ms = now_ms;
    this.pending = { failure, at_ms: now_ms + wait_s * 1000, made: false };
    return wait_s;
  }

  /** An attempt was made at once. */
  tried(now_ms: number): void {
    this.attempts += 1;
    this.since_ms = now_ms;
  }

  /** The attempt that was waited for is made. */
  made(): void {
    if (this.pending) this.pending.made = true;
  }

  /** Sound was heard; `fed` if some came since the last attempt. True if the trouble is over now. */
  heard(now_ms: number, fed: boolean): boolean {
    if (!this.pending) {
      if (now_ms - this.since_ms > HEALTHY_MS) this.attempts = 0;
      return false;
    }
    const { failure, made } = this.pending;
    if (made ? !fed : failure !== 'stuck') return false;
    this.drop(now_ms);
    return true;
  }

  /** No attempt is needed any more. */
  drop(now_ms: number): void {
    if (this.pending) this.since_ms = now_ms;
    this.pending = null;
  }

  /** Begin anew. */
  reset(): void {
    this.pending = null;
    this.attempts = 0;
  }
}
