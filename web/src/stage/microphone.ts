// The microphone: which one, how it is treated, and how loud it is.

export interface Treatment {
  device: string;
  echo: boolean;
  noise: boolean;
  gain: boolean;
}

export type MicrophoneTrouble = 'insecure' | 'denied' | 'missing' | 'busy';

export class Microphone {
  track: MediaStreamTrack | null = null;
  private context: AudioContext | null = null;
  private analyser: AnalyserNode | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private samples = new Float32Array(1024);

  /** Opens it anew with `treatment`. Throws a `MicrophoneTrouble` in words of our own. */
  async open(treatment: Treatment): Promise<MediaStreamTrack> {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError('insecure');
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          ...(treatment.device ? { deviceId: { ideal: treatment.device } } : {}),
          echoCancellation: treatment.echo,
          noiseSuppression: treatment.noise,
          autoGainControl: treatment.gain,
          channelCount: 1,
        },
      });
    } catch (error) {
      throw new MicrophoneError(trouble_of(error));
    }
    const [track] = stream.getAudioTracks();
    if (!track) throw new MicrophoneError('missing');
    const muted = this.track?.enabled === false;
    this.track?.stop();
    this.track = track;
    track.enabled = !muted;
    this.listen(stream);
    return track;
  }

  /** RMS of the last moment in dBFS; −100 for silence. */
  level_dbfs(): number {
    if (!this.analyser) return -100;
    this.analyser.getFloatTimeDomainData(this.samples);
    const sum = this.samples.reduce((total, sample) => total + sample * sample, 0);
    return Math.max(-100, 20 * Math.log10(Math.sqrt(sum / this.samples.length) + 1e-9));
  }

  private listen(stream: MediaStream): void {
    this.context ??= new AudioContext();
    void this.context.resume();
    this.source?.disconnect();
    this.source = this.context.createMediaStreamSource(stream);
    this.analyser ??= new AnalyserNode(this.context, { fftSize: 1024 });
    this.source.connect(this.analyser);
  }
}

export class MicrophoneError extends Error {
  readonly trouble: MicrophoneTrouble;

  constructor(trouble: MicrophoneTrouble) {
    super(trouble);
    this.trouble = trouble;
  }
}

function trouble_of(error: unknown): MicrophoneTrouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'missing';
}

/** Microphones or loudspeakers with names; names are empty until one microphone was allowed. */
export async function devices(kind: 'audioinput' | 'audiooutput'): Promise<MediaDeviceInfo[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return all.filter((device) => device.kind === kind && device.label !== '');
}
