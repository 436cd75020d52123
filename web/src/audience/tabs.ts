// Which other tabs of this browser show the same event.

import { recall, remember } from '../ground/memory.ts';

/** A hidden tab's timers run once a minute; one that was not heard for longer has crashed. */
const SEEN_MS = 150_000;

export class Tabs {
  private readonly key: string;
  private readonly own = String(Math.random());

  constructor(event_id: string) {
    this.key = `tabs.${event_id}`;
    this.seen();
    setInterval(() => this.seen(), 10_000);
  }

  /** This tab is still open. */
  seen(): void {
    remember(this.key, JSON.stringify({ ...this.others(), [this.own]: Date.now() }));
  }

  /** This tab goes; whether it was the last. */
  gone(): boolean {
    const others = this.others();
    remember(this.key, JSON.stringify(others));
    return Object.keys(others).length === 0;
  }

  private others(): Record<string, number> {
    let found: Record<string, number> = {};
    try {
      found = (JSON.parse(recall(this.key) ?? '{}') as Record<string, number> | null) ?? {};
    } catch {
      // Somebody else's words under our name.
    }
    const fresh = Object.entries(found).filter(
      ([tab, seen_ms]) => tab !== this.own && Date.now() - seen_ms < SEEN_MS,
    );
    return Object.fromEntries(fresh);
  }
}
