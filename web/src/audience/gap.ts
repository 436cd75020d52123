// What a listener hears of a change from one deck to the other.

/** How long the audio clock is watched after a change. */
const WATCH_MS = 1_000;

/** What was heard of a change of deck. */
export interface Change {
  /** Silence by the audio clock, in milliseconds; null until it was watched long enough. */
  gap_ms: number | null;
  /** Of the programme, said twice (positive) or left out (negative); null where nothing dates it. */
  overlap_ms: number | null;
}

/** Time in which a clock that should run at `rate` stood still; never below zero. */
export function stood_still_ms(elapsed_ms: number, advanced_s: number, rate: number): number {
  return Math.max(0, elapsed_ms - (advanced_s * 1000) / rate);
}

/** Watches the deck that has just become audible; the old one is stopped in the same moment. */
export function watch_change(
  audio: HTMLAudioElement,
  old_ms: number | null,
  new_ms: number | null,
): Change {
  const overlap_ms = old_ms === null || new_ms === null ? null : Math.round(old_ms - new_ms);
  const change: Change = { gap_ms: null, overlap_ms };
  const begun_ms = performance.now();
  const begun_s = audio.currentTime;
  setTimeout(() => {
    if (audio.paused) return; // somebody paused: that is no gap
    const elapsed_ms = performance.now() - begun_ms;
    const advanced_s = audio.currentTime - begun_s;
    change.gap_ms = Math.round(stood_still_ms(elapsed_ms, advanced_s, audio.playbackRate));
  }, WATCH_MS);
  return change;
}
