// Asks again and again while the page is seen, and at once when it is seen again.

import { backoff_s } from '../ground/retry.ts';

export class Watch {
  private timer = 0;
  private failures = 0;
  private asking = false;
  private stopped = false;
  private readonly ask: () => Promise<void>;
  private readonly trouble: (error: unknown, wait_s: number) => void;
  private readonly seen = () => {
    if (document.visibilityState === 'visible') void this.now();
    else clearTimeout(this.timer);
  };

  /** Asks each second; what fails is told with the seconds until the next attempt. */
  constructor(ask: () => Promise<void>, trouble: (error: unknown, wait_s: number) => void) {
    this.ask = ask;
    this.trouble = trouble;
  }

  start(): void {
    this.stopped = false;
    document.addEventListener('visibilitychange', this.seen);
    this.seen();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.seen);
  }

  /** Ask now instead of when it was planned. */
  async now(): Promise<void> {
    if (this.asking || this.stopped) return;
    this.asking = true;
    clearTimeout(this.timer);
    let wait_s = 1;
    try {
      await this.ask();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      wait_s = backoff_s(this.failures, Math.random);
      if (!this.stopped) this.trouble(error, wait_s);
    } finally {
      this.asking = false;
    }
    if (!this.stopped && document.visibilityState === 'visible')
      this.timer = window.setTimeout(() => void this.now(), wait_s * 1000);
  }
}
