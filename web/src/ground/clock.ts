// The server's time as seen from here, and times in words that people use.

/**
 * Offset of the server's clock from ours, in milliseconds.
 *
 * An answer says when it was rendered, which is never later than when it arrives: each sample is a
 * lower bound, so the largest of the recent ones is nearest to the truth even behind caches.
 */
export class ServerClock {
  private samples: number[] = [];

  learn(server_now: string, received_ms: number): void {
    const sample = Date.parse(server_now) - received_ms;
    if (!Number.isFinite(sample)) return;
    this.samples.push(sample);
    if (this.samples.length > 20) this.samples.shift();
  }

  get offset_ms(): number {
    return this.samples.length === 0 ? 0 : Math.max(...this.samples);
  }

  now_ms(local_ms: number): number {
    return local_ms + this.offset_ms;
  }
}

export interface Remaining {
  days: number;
  hours: number;
  minutes: number;
  seconds: number;
}

/** What is left until `target_ms`, rounded up to whole seconds; all zero when it has come. */
export function remaining(target_ms: number, now_ms: number): Remaining {
  const total = Math.max(0, Math.ceil((target_ms - now_ms) / 1000));
  return {
    days: Math.floor(total / 86_400),
    hours: Math.floor(total / 3_600) % 24,
    minutes: Math.floor(total / 60) % 60,
    seconds: total % 60,
  };
}

/** `1:02:03`, `2:03` or `0:03`. */
export function clock_text(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(total / 3_600);
  const minutes = Math.floor(total / 60) % 60;
  const tail = `${hours > 0 ? String(minutes).padStart(2, '0') : minutes}:${String(total % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** Date, time and zone name in the viewer's own zone: "Tuesday, December 1, 2026 at 9:00 PM GMT+1". */
export function local_time(at: string, language: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(timeZone ? { timeZone } : {}),
  }).format(new Date(at));
}

/** Time of day alone, in the viewer's own zone. */
export function time_of_day(at: string | number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(
    new Date(at),
  );
}
