// What the offer says of Opus (RFC 7587 6.1): speech, mono, with in-band error correction.

/** The SDP with `useinbandfec=1` and no stereo for every Opus payload. */
export function for_speech(sdp: string): string {
  const payloads = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000/gim)].map((found) => found[1]);
  return sdp
    .split(/(?<=\r?\n)/)
    .map((line) => {
      const found = /^a=fmtp:(\d+) ([^\r\n]*)(\r?\n?)$/.exec(line);
      if (!found || !payloads.includes(found[1])) return line;
      const settings = (found[2] ?? '')
        .split(';')
        .map((setting) => setting.trim())
        .filter(
          (setting) => !/^(useinbandfec|stereo|sprop-stereo)=/i.test(setting) && setting !== '',
        );
      return `a=fmtp:${found[1]} ${[...settings, 'useinbandfec=1'].join(';')}${found[3]}`;
    })
    .join('');
}
