// The way to a new ticket while the house defends itself: a challenge that the device computes by
// itself, or a little waiting instead, with the same place.

import { Refusal } from '../ground/call.ts';
import type { Challenge, TicketReply } from '../ground/contract.ts';

/** Who has not computed it by then waits instead. */
const PATIENCE_MS = 15_000;
/** One more, if the first was too late: then waiting is surer. */
const CHALLENGES = 2;
const WAIT = 'wait';

/** Plain HTTP beyond localhost has no WebCrypto, and very old browsers no workers. */
export function can_compute(): boolean {
  return typeof Worker === 'function' && globalThis.crypto?.subtle !== undefined;
}

/** The challenge in a refusal, or null where it is about something else. */
export function challenge_in(error: unknown): Challenge | null {
  if (!(error instanceof Refusal)) return null;
  if (error.code !== 'challenge_required' && error.code !== 'challenge_failed') return null;
  return (error.body['challenge'] as Challenge | undefined) ?? null;
}

export interface Voucher {
  voucher: string;
  wait_s: number;
}

/** What to come back with, and when. */
export function voucher_in(refusal: Refusal): Voucher | null {
  if (refusal.code !== 'challenge_waits') return null;
  const { voucher, wait_s } = refusal.body;
  if (typeof voucher !== 'string' || typeof wait_s !== 'number') return null;
  return { voucher, wait_s: Math.min(Math.max(0, wait_s), 300) };
}

/** Posts for a ticket with this `Rostra-Challenge`, if not empty. */
export type Post = (shown: string) => Promise<TicketReply>;
export type Solve = (challenge: Challenge, signal: AbortSignal) => Promise<string | null>;

/** The solver is fetched only where a challenge stands. */
const solve_here: Solve = async (challenge, signal) =>
  (await import('./solve.ts')).solve(challenge, signal);

export class Entrance {
  /** A challenge is being computed. */
  computing = false;
  private rather = false;
  private controller: AbortController | null = null;
  private readonly post: Post;
  private readonly changed: () => void;
  private readonly able: () => boolean;
  private readonly solve: Solve;

  constructor(post: Post, changed: () => void, able = can_compute, solve = solve_here) {
    this.post = post;
    this.changed = changed;
    this.able = able;
    this.solve = solve;
  }

  /** The person would rather wait, now and as long as this page is open. */
  rather_wait(): void {
    this.rather = true;
    this.controller?.abort();
  }

  /** A ticket. Throws `Refusal`; one with code `challenge_waits` holds a voucher. */
  async ticket(voucher: string): Promise<TicketReply> {
    let shown = voucher;
    const until_ms = Date.now() + PATIENCE_MS;
    for (let asked = 0; asked <= CHALLENGES; asked += 1) {
      try {
        return await this.post(shown);
      } catch (error) {
        const challenge = challenge_in(error);
        if (!challenge) throw error;
        if (asked === CHALLENGES) break;
        const solution = await this.compute(challenge, until_ms);
        if (solution === null) break;
        shown = solution;
      }
    }
    return await this.post(WAIT);
  }

  /** The solution; null where there is none in time, or waiting is preferred. */
  private async compute(challenge: Challenge, until_ms: number): Promise<string | null> {
    if (this.rather || !this.able() || until_ms <= Date.now()) return null;
    const controller = new AbortController();
    this.controller = controller;
    const timer = setTimeout(() => controller.abort(), until_ms - Date.now());
    this.computing = true;
    this.changed();
    try {
      return await this.solve(challenge, controller.signal);
    } catch {
      return null; // the solver did not load, or the browser forbids workers
    } finally {
      clearTimeout(timer);
      this.controller = null;
      this.computing = false;
      this.changed();
    }
  }
}
