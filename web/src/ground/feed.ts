// Asks for one JSON document again and again, politely.

import { Refusal, refusal_of } from './call.ts';
import { backoff_s, type Chance, obeyed_s, spread_s } from './retry.ts';

export interface FeedSettings<T> {
  url: string;
  /** Seconds until the next question, given the last answer. */
  interval_s: (answer: T | null) => number;
  on_answer: (answer: T, received_ms: number) => void;
  /** `refusal`: what a server said, null where none answered in time. */
  on_trouble: (attempt: number, wait_s: number, refusal: Refusal | null) => void;
  chance?: Chance;
}

/** One question at a time; errors back off with full jitter; `Retry-After` is obeyed. */
export class Feed<T> {
  private timer = 0;
  private failures = 0;
  private last: T | null = null;
  private running = false;
  private asking = false;
  private readonly settings: FeedSettings<T>;

  constructor(settings: FeedSettings<T>) {
    this.settings = settings;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    // A network that came back is worth a question, but not from everybody in the same moment.
    addEventListener('online', () => this.plan(Math.random()));
    void this.ask();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Ask after `wait_s` instead of when it was planned. */
  plan(wait_s: number): void {
    clearTimeout(this.timer);
    if (this.running) this.timer = window.setTimeout(() => void this.ask(), wait_s * 1000);
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const chance = this.settings.chance ?? Math.random;
    let wait_s: number;
    try {
      const response = await fetch(this.settings.url, {
        headers: { Accept: 'application/json' },
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw await refusal_of(response);
      this.last = (await response.json()) as T;
      this.failures = 0;
      wait_s = spread_s(this.settings.interval_s(this.last), chance);
      this.settings.on_answer(this.last, Date.now());
    } catch (error) {
      const refusal = error instanceof Refusal ? error : null;
      wait_s = Math.max(
        backoff_s(this.failures, chance, 1, 30),
        obeyed_s(refusal?.retry_after_s ?? 0, chance),
      );
      this.failures += 1;
      this.settings.on_trouble(this.failures, wait_s, refusal);
    } finally {
      this.asking = false;
    }
    this.plan(wait_s);
  }
}
