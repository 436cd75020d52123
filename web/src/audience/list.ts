// The list of events and the page that was not found: the viewer's language and time zone.

import { local_time } from '../ground/clock.ts';
import { type Dictionary, nearest, regional } from '../ground/words.ts';

const WORDS: Dictionary<Record<string, string>> = {
  en: {},
  fr: {
    title: 'Conversations en direct',
    nothing: 'Aucun événement n’est annoncé pour l’instant.',
    footer: 'Le son en direct pour toutes les foules, avec Rostra.',
    lost: 'Cette page n’existe pas.',
    lost_hint:
      'Vérifiez l’adresse. Si vous avez suivi un lien, il contient peut-être une faute, ou l’événement a disparu.',
    to_list: 'Voir les événements annoncés',
  },
};

const language = nearest(...navigator.languages);
document.documentElement.lang = language;
for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
  const word = WORDS[language][element.dataset['word'] ?? ''];
  if (word) element.textContent = word;
}
for (const time of document.querySelectorAll('time'))
  if (!Number.isNaN(Date.parse(time.dateTime)))
    time.textContent = local_time(time.dateTime, regional(language, navigator.languages));
