// What the kernel does or does not do, in the operator's language (src/rostra/shield/nft_io.py).

import type { Language } from '../ground/words.ts';

const FR: readonly (readonly [RegExp, string])[] = [
  [/^kernel bans are on/, 'Le noyau coupe les bannis les plus durs avant qu’ils coûtent.'],
  [/not asked for yet$/, 'Le noyau n’est pas encore sollicité.'],
  [
    /nft is not installed/,
    'Le noyau n’est pas employé : nft n’est pas installé (Debian : nftables).',
  ],
  [/CAP_NET_ADMIN/, 'Le noyau n’est pas employé : Rostra n’a pas CAP_NET_ADMIN.'],
  [/prox/, 'Le noyau n’est pas employé : un mandataire est devant.'],
  [/not allowed here/, 'Le noyau n’est pas employé : ce n’est pas permis ici.'],
  [/shield\.kernel/, 'Le noyau n’est pas employé : le réglage shield.kernel l’exclut.'],
  [/falter/, 'Le noyau n’obéit pas en ce moment.'],
];
const DROPPED_BY_EDGES = 'Les diffuseurs coupent eux-mêmes.';

/** The note in French; one that is not known, and English, as the server wrote it. */
export function kernel_words(note: string, language: Language): string {
  if (note === '') return '';
  const found = language === 'fr' && FR.find(([pattern]) => pattern.test(note));
  if (!found) return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
  return note.includes('in-process') ? `${found[1]} ${DROPPED_BY_EDGES}` : found[1];
}
