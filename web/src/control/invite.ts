// The form that makes a link to the stage for one person.

import type { Role } from '../ground/contract.ts';
import { h, say, show } from '../ground/element.ts';
import type { Language } from '../ground/words.ts';
import { link_line } from './links.ts';
import { WORDS } from './words.ts';

export type Invited = Exclude<Role, 'host'>;

const ROLES: readonly Invited[] = ['speaker', 'co-host'];

/** `invite` gives the link for a name and a role; the newest link stands first. */
export function invite_form(
  language: Language,
  invite: (name: string, role: Invited) => Promise<string>,
): HTMLElement {
  const t = WORDS[language];
  const name = h('input', {
    id: 'invite-name',
    required: true,
    pattern: '.*\\S.*',
    maxlength: 60,
    autocomplete: 'off',
    'aria-describedby': 'invite-hint',
  });
  const role = h(
    'select',
    { id: 'invite-role' },
    ...ROLES.map((which) => h('option', { value: which }, t.role[which])),
  );
  const trouble = h('p', { class: 'notice', role: 'alert', hidden: true });
  const outcome = h('p', { class: 'quiet', role: 'status' });
  const made = h('ul', { class: 'links' });
  const form = h(
    'form',
    { class: 'row end', 'aria-labelledby': 'invite' },
    h('div', { class: 'field grow' }, h('label', { for: 'invite-name' }, t.invite_name), name),
    h('div', { class: 'field' }, h('label', { for: 'invite-role' }, t.invite_role), role),
    h('button', { type: 'submit' }, t.invite_make),
  );
  let asking = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // The button stays enabled while it is asked: a disabled one would lose the keyboard's place.
    if (asking) return;
    asking = true;
    show(trouble, false);
    const [who, what] = [name.value.trim(), role.value as Invited];
    try {
      const link = await invite(who, what);
      made.prepend(link_line(who, t.role[what], link, language));
      say(outcome, t.invited(who));
      name.value = '';
    } catch (error) {
      say(trouble, error instanceof Error ? error.message : String(error));
      show(trouble, true);
    } finally {
      asking = false;
    }
  });
  return h(
    'section',
    { class: 'stack', id: 'invitations' },
    h('h3', { id: 'invite' }, t.invite),
    form,
    h('small', { id: 'invite-hint' }, t.invite_hint),
    trouble,
    outcome,
    made,
  );
}
