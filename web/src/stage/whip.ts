// One session on the stage: an offer by POST, the answer, an end by DELETE (WHIP, RFC 9725).

import { call, call_json } from '../ground/call.ts';
import { for_speech } from './session_description.ts';

export interface Invitation {
  /** The event's id. */
  id: string;
  token: string;
}

export interface Line {
  round_trip_ms: number | null;
  lost_fraction: number | null;
}

const GATHER_MS = 1_000;

export class Session {
  readonly pc: RTCPeerConnection;
  id: string | null = null;
  private location: string | null = null;
  private readonly invitation: Invitation;

  constructor(invitation: Invitation, heard: (stream: MediaStream) => void, lost: () => void) {
    this.invitation = invitation;
    // The stage answers with all its candidates and is reached directly: no STUN server is asked.
    this.pc = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
    this.pc.addEventListener('track', (event) => {
      heard(event.streams[0] ?? new MediaStream([event.track]));
    });
    let grace = 0;
    this.pc.addEventListener('connectionstatechange', () => {
      clearTimeout(grace);
      if (this.pc.connectionState === 'failed') lost();
      // A walk from Wi-Fi to the street may heal by itself.
      if (this.pc.connectionState === 'disconnected') grace = window.setTimeout(lost, 4_000);
    });
  }

  /** Joins with `track`. Throws `Refusal` where the stage says no. */
  async open(track: MediaStreamTrack, name: string, seat: string): Promise<void> {
    this.pc.addTransceiver(track, { direction: 'sendrecv', streams: [new MediaStream([track])] });
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription({ type: 'offer', sdp: for_speech(offer.sdp ?? '') });
    await this.gathered();
    const response = await call(`/whip/${this.invitation.id}`, this.invitation.token, {
      method: 'POST',
      body: this.pc.localDescription?.sdp ?? '',
      headers: {
        'Content-Type': 'application/sdp',
        'Rostra-Name': encodeURIComponent(name),
        'Rostra-Seat': seat,
      },
    });
    this.location = response.headers.get('Location');
    this.id = this.location?.split('/').at(-1) ?? null;
    await this.pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  }

  async replace(track: MediaStreamTrack): Promise<void> {
    await this.pc.getSenders()[0]?.replaceTrack(track);
  }

  async mute(muted: boolean): Promise<void> {
    if (this.id === null) return;
    await call_json(`/api/stage/${this.invitation.id}/mute`, this.invitation.token, 'POST', {
      session: this.id,
      muted,
    });
  }

  /** Ends the session; `leaving` when the page itself goes, so that the request outlives it. */
  close(leaving = false): void {
    if (this.location === null) return this.pc.close();
    const done = call(this.location, this.invitation.token, {
      method: 'DELETE',
      keepalive: leaving,
    });
    this.location = null;
    // The goodbye first: a stage that sees the line fall would wait for us to come back.
    void done.catch(() => undefined).finally(() => this.pc.close());
  }

  /** The stage does not know the session any more: nothing to say goodbye to. */
  abandon(): void {
    this.location = null;
    this.pc.close();
  }

  async line(): Promise<Line> {
    const line: Line = { round_trip_ms: null, lost_fraction: null };
    for (const report of (await this.pc.getStats()).values()) {
      if (report.type === 'remote-inbound-rtp') {
        line.round_trip_ms =
          report.roundTripTime === undefined ? null : report.roundTripTime * 1000;
        line.lost_fraction = report.fractionLost ?? null;
      }
      if (report.type === 'candidate-pair' && report.nominated && line.round_trip_ms === null)
        line.round_trip_ms =
          report.currentRoundTripTime === undefined ? null : report.currentRoundTripTime * 1000;
    }
    return line;
  }

  private gathered(): Promise<void> {
    return new Promise((resolve) => {
      if (this.pc.iceGatheringState === 'complete') return resolve();
      const timer = setTimeout(resolve, GATHER_MS);
      this.pc.addEventListener('icegatheringstatechange', () => {
        if (this.pc.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
