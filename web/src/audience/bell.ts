// Tells somebody who looks elsewhere that their turn has come: a soft sound, and a note if they asked.

export class Bell {
  private sound: AudioContext | null = null;

  /** In a tap: from now on the browser lets us make the sound. */
  arm(): void {
    try {
      this.sound ??= new AudioContext();
      void this.sound.resume();
    } catch {
      // No audio device: the page says it in words.
    }
  }

  /** Whether the visitor can still be asked for notes, or has agreed to them. */
  get notes(): 'ask' | 'on' | 'none' {
    if (!('Notification' in window) || !window.isSecureContext) return 'none';
    if (Notification.permission === 'granted') return 'on';
    return Notification.permission === 'default' ? 'ask' : 'none';
  }

  async ask(): Promise<void> {
    await Notification.requestPermission().catch(() => undefined);
  }

  ring(title: string, body: string, lang: string): void {
    this.play();
    if (this.notes !== 'on' || !document.hidden) return;
    try {
      const note = new Notification(title, { body, lang, tag: 'rostra-turn' });
      note.onclick = () => {
        window.focus();
        note.close();
      };
    } catch {
      // Android's Chrome shows notes only for service workers; the sound and the title remain.
    }
  }

  /** Two soft notes, a fifth apart, under a second. */
  private play(): void {
    const { sound } = this;
    if (sound?.state !== 'running') return;
    [440, 660].forEach((hertz, n) => {
      const at = sound.currentTime + 0.02 + n * 0.22;
      const tone = new OscillatorNode(sound, { frequency: hertz });
      const level = new GainNode(sound, { gain: 0 });
      level.gain.setValueAtTime(0, at);
      level.gain.linearRampToValueAtTime(0.12, at + 0.03);
      level.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(level).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  }
}
