// Links to be given out, each with a button that copies it.

import { copy } from '../ground/ask.ts';
import type { EventRecord } from '../ground/contract.ts';
import { h, say } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { WORDS } from './words.ts';

/** One link: whom it is for, what it is for, the address, the button. */
export function link_line(
  name: string,
  hint: string,
  address: string,
  language: Language,
): HTMLElement {
  const t = WORDS[language];
  const button = h('button', { type: 'button', 'aria-label': t.copy_named(name) }, t.copy);
  // The button's label hides its text from a screen reader: the outcome is said beside it.
  const outcome = h('span', { class: 'unseen', role: 'status' });
  button.addEventListener('click', async () => {
    if (!(await copy(address))) return;
    say(button, t.copied);
    say(outcome, t.copied);
    setTimeout(() => {
      say(button, t.copy);
      say(outcome, '');
    }, 2_500);
  });
  return h(
    'li',
    {},
    h('div', { class: 'grow' }, h('strong', {}, name), h('small', {}, ` ${hint}`)),
    h('a', { href: address, class: 'address' }, address),
    button,
    outcome,
  );
}

/** The three links of an event. */
export function link_list(event: EventRecord, language: Language): HTMLElement {
  const t = WORDS[language];
  return h(
    'ul',
    { class: 'links' },
    link_line(t.host_link, t.host_hint, event.host_link, language),
    link_line(t.speaker_link, t.speaker_hint, event.speaker_link, language),
    link_line(t.listener_link, t.listener_hint, event.listener_link, language),
  );
}
