// One audio element and the engine that feeds it: hls.js, or the browser's own HLS.

import type Hls from 'hls.js';
import type { ErrorData, HlsConfig, LevelDetails, RetryConfig } from 'hls.js';
import type { Playlist } from '../ground/contract.ts';
import { retry_after_s } from '../ground/retry.ts';
import { nonce_in, watch_cues } from './nonce.ts';
import { date_at, type Stretch, time_at } from './timeline.ts';

export type Mode = 'hls.js' | 'native';
export type Kind = 'live' | 'rewind' | 'replay';
export type Failure = 'network' | 'media' | 'stuck';

export interface Source {
  kind: Kind;
  playlist: Playlist;
}

/**
 * Where to begin: a media time, or the engine's own choice (the live edge) where null. With `date_ms`
 * (Unix) that moment is meant, and `time_s` is where it probably stands in the playlist.
 */
export type Begin = { time_s: number; date_ms?: number } | null;

export interface DeckListener {
  progressed(): void;
  /** `asked_s`: the server wants to be left alone for so long, 0 where it said nothing. */
  failed(failure: Failure, detail: string, asked_s: number): void;
  ended(): void;
  blocked(): void;
  /** A nonce came with the sound. */
  nonce(nonce: string): void;
  /** The door's say is needed: media were refused (403), or a native player does not tell why. */
  refused(): void;
}

const STUCK_MS = 10_000;

/** Whoever says so is asked again by our own law, which obeys `Retry-After`; hls.js does not. */
const TOLD_TO_WAIT = [429, 503];

const engine_retries: NonNullable<RetryConfig['shouldRetry']> = (
  _config,
  _count,
  _timeout,
  response,
  retry,
) => retry && !TOLD_TO_WAIT.includes(response?.code ?? 0);

/** Our own law stands above hls.js' retries, which know no jitter: it gets few, spread by listener. */
function settings(source: Source, session: string, begin: Begin): Partial<HlsConfig> {
  const low_latency = source.kind === 'live' && source.playlist.rung <= 1;
  const retry = (times: number) => ({
    maxNumRetry: times,
    retryDelayMs: 300 + Math.random() * 1200,
    maxRetryDelayMs: 8_000,
    backoff: 'exponential' as const,
    shouldRetry: engine_retries,
  });
  const policy = (first_byte_ms: number, total_ms: number, times: number) => ({
    default: {
      maxTimeToFirstByteMs: first_byte_ms,
      maxLoadTimeMs: total_ms,
      timeoutRetry: retry(1),
      errorRetry: retry(times),
    },
  });
  return {
    lowLatencyMode: low_latency,
    maxLiveSyncPlaybackRate: low_latency ? 1.06 : 1,
    liveSyncOnStallIncrease: 0.25,
    enableWorker: false,
    // Cues would need a text track with a data: address, which the Content-Security-Policy forbids;
    // the metadata comes by FRAG_PARSING_METADATA as well.
    enableID3MetadataCues: false,
    enableEmsgMetadataCues: false,
    enableDateRangeMetadataCues: false,
    backBufferLength: source.kind === 'live' ? 120 : 60,
    maxBufferLength: source.kind === 'live' ? 20 : 40,
    maxMaxBufferLength: 60,
    startPosition: begin?.time_s ?? -1,
    manifestLoadPolicy: policy(10_000, 15_000, 1),
    playlistLoadPolicy: policy(15_000, 20_000, 2),
    fragLoadPolicy: policy(10_000, 30_000, 3),
    // CTA-5004's header, with the session alone: constant, so a connection's requests stay alike.
    xhrSetup: (xhr: XMLHttpRequest, url: string) => {
      if (xhr.readyState === XMLHttpRequest.UNSENT) xhr.open('GET', url, true);
      xhr.setRequestHeader('CMCD-Session', `sid="${session}"`);
    },
  };
}

/** What the server said with an error of the engine's; 0 where it said nothing. */
function asked_s({ networkDetails }: ErrorData): number {
  const request = networkDetails instanceof XMLHttpRequest ? networkDetails : null;
  return retry_after_s(request?.getResponseHeader('Retry-After') ?? null, Date.now()) ?? 0;
}

export class Deck {
  readonly audio: HTMLAudioElement;
  readonly mode: Mode;
  source: Source | null = null;
  stalls = 0;
  /** Timed metadata (ID3 in emsg) that came with the sound. */
  metadata = 0;
  private hls: Hls | null = null;
  private details: LevelDetails | null = null;
  private recovered_ms = 0;
  /** Whether it has sounded since it was loaded. */
  started = false;
  /** Whether new sound came since it was loaded or revived. */
  fed = false;
  /** The live edge when it was asked to wait: who is silent when it moves on follows it. */
  private jump_from: number | null = null;
  /** The failure after which the engine loads nothing more. */
  private halted: Failure | null = null;
  private last_time = -1;
  private moved_ms = 0;
  private watch = 0;
  private load_number = 0;
  private aborted = new AbortController();
  private readonly session: string;
  private readonly listener: DeckListener;

  constructor(audio: HTMLAudioElement, mode: Mode, session: string, listener: DeckListener) {
    this.audio = audio;
    this.mode = mode;
    this.session = session;
    this.listener = listener;
    if (mode === 'native') watch_cues(audio, (nonce) => listener.nonce(nonce));
  }

  /** Whether something is heard now. */
  get sounding(): boolean {
    const { paused, ended, readyState } = this.audio;
    return (
      this.source !== null && !paused && !ended && readyState > HTMLMediaElement.HAVE_CURRENT_DATA
    );
  }

  /** Loads and plays. A refused autoplay is told to the listener as `blocked`. */
  async load(source: Source, begin: Begin): Promise<void> {
    this.stop();
    this.source = source;
    this.watch_element();
    this.mend_begin(begin);
    const number = this.load_number;
    if (this.mode === 'native') this.load_native(source, begin);
    else await this.load_hls(source, begin, number);
    if (number === this.load_number) await this.play();
  }

  async play(): Promise<void> {
    // What failed while it was paused was not tried again.
    if (this.halted) this.revive(this.halted);
    try {
      await this.audio.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError')
        this.listener.blocked();
      // AbortError: another load or a pause came in between; whoever did that knows.
    }
  }

  stop(): void {
    this.load_number += 1;
    this.aborted.abort();
    this.aborted = new AbortController();
    clearInterval(this.watch);
    this.hls?.destroy();
    this.hls = null;
    this.details = null;
    this.source = null;
    this.started = false;
    this.fed = this.mode === 'native'; // which shows its errors, but not what it loads
    this.halted = null;
    this.jump_from = null;
    this.audio.loop = false;
    this.audio.pause();
    this.audio.removeAttribute('src');
    this.audio.load();
  }

  /** For how long nothing new was heard, in milliseconds. */
  still_ms(): number {
    return Date.now() - this.moved_ms;
  }

  /**
   * Try again after a failure, as gently as the failure allows. True if that can help. `asked`: the
   * server wanted to be left alone. What was missed meanwhile is then not asked for.
   */
  revive(failure: Failure, asked = false): boolean {
    this.halted = null;
    if (!this.hls || !this.details) return false;
    if (failure === 'network') {
      this.fed = false;
      if (asked && this.source?.kind === 'live') this.jump_from = this.details.edge;
      this.hls.startLoad();
      this.moved_ms = Date.now();
      return true;
    }
    if (failure === 'media' && Date.now() - this.recovered_ms > 30_000) {
      this.recovered_ms = Date.now();
      this.fed = false;
      this.hls.recoverMediaError();
      void this.play();
      return true;
    }
    return false;
  }

  /** Unix ms of what is heard now; null where the engine cannot tell. */
  date_ms(): number | null {
    if (this.mode === 'native') {
      const begin = this.native_start_ms();
      return begin === null ? null : begin + this.audio.currentTime * 1000;
    }
    return this.details ? date_at(this.stretches(), this.audio.currentTime) : null;
  }

  /** The distance from the live edge that the engine itself reckons, in seconds. */
  reckoned_latency_s(): number | null {
    if (this.hls && this.details?.live) return this.hls.latency;
    const range = this.audio.seekable;
    if (this.mode === 'native' && range.length > 0)
      return Math.max(0, range.end(range.length - 1) - this.audio.currentTime);
    return null;
  }

  /** How far behind the voice this engine means to stay, in seconds. */
  target_latency_s(): number {
    const target = this.hls?.targetLatency;
    if (target) return target;
    return (this.source?.playlist.rung ?? 0) <= 1 ? 4 : 18;
  }

  /** Seeks to a moment; false if this source does not hold it. */
  seek_date(date_ms: number): boolean {
    if (this.mode === 'native') {
      const begin = this.native_start_ms();
      if (begin === null) return false;
      return this.seek_time((date_ms - begin) / 1000);
    }
    const time = time_at(this.stretches(), date_ms);
    if (time === null) return false;
    this.audio.currentTime = time;
    return true;
  }

  /** Whether from that moment on enough is in store not to run dry before the next reload. */
  holds_safely(date_ms: number): boolean {
    if (this.mode === 'native') return true; // the engine keeps its own distance
    const time = time_at(this.stretches(), date_ms);
    if (time === null || !this.details) return false;
    const { edge, partHoldBack, targetduration } = this.details;
    const low_latency = (this.source?.playlist.rung ?? 0) <= 1;
    return edge - time >= (low_latency ? partHoldBack : 2 * targetduration);
  }

  seek_time(time_s: number): boolean {
    const range = this.audio.seekable;
    if (range.length === 0 || time_s < range.start(0) || time_s > range.end(range.length - 1))
      return false;
    this.audio.currentTime = time_s;
    return true;
  }

  /** To the live edge, as near as the engine likes to be. */
  seek_edge(): boolean {
    const sync = this.hls?.liveSyncPosition;
    if (sync !== null && sync !== undefined) {
      this.audio.currentTime = sync;
      return true;
    }
    const range = this.audio.seekable;
    if (this.mode !== 'native' || range.length === 0) return false;
    this.audio.currentTime = Math.max(range.start(0), range.end(range.length - 1) - 4);
    return true;
  }

  duration_s(): number | null {
    const duration = this.details && !this.details.live ? this.details.edge : this.audio.duration;
    return Number.isFinite(duration) ? duration : null;
  }

  /** Where the guess was off by more than a breath, the moment itself is sought. */
  private mend_begin(begin: Begin): void {
    const date_ms = begin?.date_ms;
    if (date_ms === undefined) return;
    const mend = () => {
      const found = this.date_ms();
      if (found !== null && Math.abs(found - date_ms) > 2_000) this.seek_date(date_ms);
    };
    this.audio.addEventListener('canplay', mend, { once: true, signal: this.aborted.signal });
  }

  private stretches(): Stretch[] {
    return (this.details?.fragments ?? []) as Stretch[];
  }

  private native_start_ms(): number | null {
    const element = this.audio as HTMLAudioElement & { getStartDate?: () => Date };
    const start = element.getStartDate?.().getTime() ?? Number.NaN;
    return Number.isFinite(start) ? start : null;
  }

  private load_native(source: Source, begin: Begin): void {
    this.audio.src = source.playlist.url;
    if (!begin) return;
    const seek = () => {
      this.audio.currentTime = begin.time_s;
    };
    const { signal } = this.aborted;
    this.audio.addEventListener('loadedmetadata', seek, { once: true, signal });
  }

  private async load_hls(source: Source, begin: Begin, number: number): Promise<void> {
    let Engine: typeof Hls;
    try {
      Engine = (await import('hls.js/light')).default;
    } catch (error) {
      this.listener.failed('network', String(error), 0);
      return;
    }
    if (number !== this.load_number) return;
    const hls = new Engine(settings(source, this.session, begin));
    this.hls = hls;
    hls.on(Engine.Events.LEVEL_LOADED, (_, data) => {
      this.details = data.details;
    });
    hls.on(Engine.Events.LEVEL_UPDATED, (_, data) => {
      this.details = data.details;
      if (this.jump_from === null || data.details.edge <= this.jump_from) return;
      this.jump_from = null;
      if (!this.sounding && !this.audio.paused) this.seek_edge();
    });
    hls.on(Engine.Events.FRAG_BUFFERED, () => {
      this.fed = true;
    });
    hls.on(Engine.Events.FRAG_PARSING_METADATA, (_, data) => {
      this.metadata += data.samples.length;
      for (const { data: tag } of data.samples) {
        const nonce = nonce_in(tag);
        if (nonce) this.listener.nonce(nonce);
      }
    });
    hls.on(Engine.Events.ERROR, (_, data) => this.on_error(Engine, data));
    hls.attachMedia(this.audio);
    hls.loadSource(source.playlist.url);
  }

  private on_error(Engine: typeof Hls, data: ErrorData): void {
    if (data.response?.code === 403) this.listener.refused();
    if (!data.fatal) return;
    const media = data.type === Engine.ErrorTypes.MEDIA_ERROR;
    this.halted = media ? 'media' : 'network';
    this.listener.failed(this.halted, data.details, asked_s(data));
  }

  private watch_element(): void {
    const { signal } = this.aborted;
    const on = (name: string, act: () => void) =>
      this.audio.addEventListener(name, act, { signal });
    on('playing', () => {
      this.started = true;
      this.moved_ms = Date.now();
    });
    on('waiting', () => {
      if (this.started && !this.audio.seeking && !this.audio.paused) this.stalls += 1;
    });
    on('ended', () => this.listener.ended());
    on('error', () => {
      if (this.mode !== 'native' || !this.audio.error) return;
      const network = this.audio.error.code <= MediaError.MEDIA_ERR_NETWORK || !this.started;
      if (network) this.listener.refused();
      this.listener.failed(network ? 'network' : 'media', this.audio.error.message, 0);
    });
    this.moved_ms = Date.now();
    this.last_time = -1;
    this.watch = window.setInterval(() => {
      const time = this.audio.currentTime;
      if (time !== this.last_time || this.audio.paused) {
        const moved = this.last_time >= 0 && time > this.last_time;
        if (moved && this.started && !this.audio.error) this.listener.progressed();
        this.last_time = time;
        this.moved_ms = Date.now();
      } else if (!this.audio.ended && Date.now() - this.moved_ms > STUCK_MS) {
        this.moved_ms = Date.now();
        this.listener.failed('stuck', 'no progress', 0);
      }
    }, 1_000);
  }
}
