// Numbers as an operator reads them at a glance.

/** Writes figures in the viewer's own way; made once, since Intl formats are slow to make. */
export class Figures {
  private readonly whole: Intl.NumberFormat;
  private readonly tenth: Intl.NumberFormat;
  private readonly short: Intl.NumberFormat;
  private readonly share: Intl.NumberFormat;
  private readonly small_share: Intl.NumberFormat;
  private readonly hundredth: Intl.NumberFormat;
  private readonly clock: Intl.DateTimeFormat;

  constructor(locale: string, timeZone?: string) {
    this.whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    this.short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
    this.share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
    this.small_share = new Intl.NumberFormat(locale, {
      style: 'percent',
      maximumFractionDigits: 2,
    });
    this.hundredth = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    this.clock = new Intl.DateTimeFormat(locale, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      ...(timeZone ? { timeZone } : {}),
    });
  }

  /** 12,400. */
  count(n: number): string {
    return this.whole.format(n);
  }

  /** For an axis: 12.4K from 10,000 on. */
  brief(n: number): string {
    return n >= 10_000 ? this.short.format(n) : this.tenth.format(n);
  }

  /** One digit after the point below 10. */
  rate(n: number): string {
    return n < 10 ? this.tenth.format(n) : this.whole.format(n);
  }

  percent(part: number): string {
    return this.share.format(part);
  }

  /** A part that is mostly far below one in a hundred: "0.25 %". */
  share_of(part: number): string {
    return this.small_share.format(part);
  }

  hundredths(n: number): string {
    return this.hundredth.format(n);
  }

  /** "41 Mbit/s". */
  bits(bit_s: number): string {
    const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];
    let [value, at] = [bit_s, 0];
    while (value >= 1000 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
    return `${this.rate(value)}\u00a0${units[at]}`;
  }

  milliseconds(ms: number): string {
    return `${this.rate(ms)}\u00a0ms`;
  }

  /** 20:04:05 in the viewer's zone. */
  time(at_ms: number): string {
    return this.clock.format(at_ms);
  }

  /** "812,000 (806,000 – 818,000)", or the number alone where it is exact. */
  estimate(value: number, low: number, high: number): string {
    if (low === value && high === value) return this.count(value);
    return `${this.count(value)} (${this.count(low)} – ${this.count(high)})`;
  }
}
