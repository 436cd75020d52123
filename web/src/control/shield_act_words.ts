// A line of the shield's log in the operator's language.

import type { Done } from './contract.ts';

export interface ShieldActWords {
  acts: Readonly<Record<string, string>>;
  values: Readonly<Record<string, string>>;
}

/** "Dry run: no → yes", "Kept out: 203.0.113.0/24", "Taken back: …". */
export function shield_act_words(
  done: Pick<Done, 'act' | 'detail'>,
  words: ShieldActWords,
  room: { acts: Readonly<Record<string, string>>; colon: string },
): string {
  if (done.act === 'undo') {
    const [act = '', ...rest] = done.detail.split(' ');
    const inner = shield_act_words({ act, detail: rest.join(' ') }, words, room);
    return `${room.acts['undo']}${room.colon}${inner}`;
  }
  const name = words.acts[done.act] ?? done.act;
  const detail = done.detail
    .split(' → ')
    .map((value) => words.values[value] ?? value)
    .join(' → ');
  return detail === '' ? name : `${name}${room.colon}${detail}`;
}
