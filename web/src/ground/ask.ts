// One question before something that cannot be taken back.

import { h } from './element.ts';

/** Resolves true only if the person pressed the button named `yes`. */
export function ask(question: string, detail: string, yes: string, no: string): Promise<boolean> {
  return new Promise((resolve) => {
    const agree = h('button', { class: 'primary', value: 'yes' }, yes);
    const dialog = h(
      'dialog',
      { 'aria-labelledby': 'question' },
      h(
        'form',
        { method: 'dialog', class: 'stack' },
        h('h2', { id: 'question' }, question),
        h('p', {}, detail),
        h('div', { class: 'row' }, agree, h('button', { value: 'no' }, no)),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Copies `text`; where the clipboard is closed (plain HTTP), by way of a selection. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h('textarea', { class: 'unseen', 'aria-hidden': 'true' });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
