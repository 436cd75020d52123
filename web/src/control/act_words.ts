// A line of the log in the operator's language: the server writes figures, names and plain values.

import { count, type Language } from '../ground/words.ts';
import type { Done } from './contract.ts';
import { ROOM_WORDS } from './room_words.ts';

const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** "Most listeners: none → 500". `when` writes a moment as the operator's clock shows it. */
export function act_words(
  done: Pick<Done, 'act' | 'detail'>,
  language: Language,
  when: (at: string) => string,
): string {
  const t = ROOM_WORDS[language];
  if (done.act === 'undo') {
    const [act = '', ...rest] = done.detail.split(' ');
    const inner = act_words({ act, detail: rest.join(' ') }, language, when);
    return `${t.acts['undo']}${t.colon}${inner}`;
  }
  const name = t.acts[done.act] ?? done.act;
  const detail = detail_words(done.act, done.detail, language, when);
  return detail === '' ? name : `${name}${t.colon}${detail}`;
}

function detail_words(
  act: string,
  detail: string,
  language: Language,
  when: (at: string) => string,
): string {
  const t = ROOM_WORDS[language];
  if (['cap', 'hold', 'open_all', 'rung'].includes(act))
    return detail
      .split(' → ')
      .map((value) => t.values[value] ?? value)
      .join(' → ');
  if (act === 'delay')
    return detail
      .replace(/^(-?\d+) minutes?/, (_, n: string) => count(Number(n), language, t.minutes))
      .replace(MOMENT, when);
  if (act === 'lane')
    return detail.replace(/(\d+) places?$/, (_, n: string) => count(Number(n), language, t.places));
  return detail.replace(MOMENT, when);
}

/** Who did it. */
export function actor(by: string, language: Language): string {
  const t = ROOM_WORDS[language];
  const [role = '', ...name] = by.split(' ');
  if (role === 'host' && name.length > 0) return t.by_host(name.join(' '));
  return t.by[by] ?? by;
}
