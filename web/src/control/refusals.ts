// The control port's refusals in words, each saying what to do; else the server's own sentence.

import { Refusal } from '../ground/call.ts';
import { type Sentences, sentence } from '../ground/refusals.ts';
import type { Language } from '../ground/words.ts';
import { ROOM_WORDS } from './room_words.ts';

export const REFUSALS: Sentences = {
  en: {
    wrong_phase:
      'The event has moved on, so this is no longer possible. Look at its phase at the top of the page.',
    already_undone: 'This was taken back before. Nothing needs to be done.',
    cannot_undo: 'This cannot be taken back: people have acted on it.',
    later_act: 'The same thing was changed again later. Take back the later change first.',
    no_such_event: 'This event is no longer there. Reload the page and choose another.',
    no_such_announcement: 'This announcement is gone already. Nothing needs to be done.',
    no_such_rehearsal: 'The rehearsal is over already. Nothing needs to be done.',
    no_such_prefix: 'This network is on neither list any more. Nothing needs to be done.',
    not_banned: 'This ban has ended already. Nothing needs to be done.',
  },
  fr: {
    wrong_phase: 'L’événement a avancé, ce n’est plus possible. Voyez son état en haut de la page.',
    already_undone: 'C’était déjà annulé. Il n’y a rien à faire.',
    cannot_undo: 'Ceci ne se reprend pas : des gens s’y sont fiés.',
    later_act: 'La même chose a été changée depuis. Annulez d’abord le changement plus récent.',
    no_such_act: 'Cette ligne n’existe pas pour cet événement. Rechargez la page.',
    no_such_announcement: 'Cette annonce n’est plus là. Il n’y a rien à faire.',
    no_such_event: 'Cet événement n’existe plus. Rechargez la page et choisissez-en un autre.',
    no_such_recording: 'Cet enregistrement n’existe pas. Rechargez la page.',
    not_operator: 'Réservé aux opérateurs. Ouvrez l’adresse que `rostra operator link` affiche.',
    bad_announcement: 'Une annonce a de 1 à 500 caractères. Raccourcissez-la.',
    bad_delay: 'Un retard va de 1 à 10 080 minutes, ou est négatif. Changez le nombre.',
    bad_title: 'Un titre a de 1 à 200 caractères.',
    bad_description: 'La description est trop longue. Raccourcissez-la.',
    bad_language: 'Une langue est une balise comme « en » ou « fr » (BCP 47).',
    bad_duration: 'Une durée va de 1 minute à 24 heures.',
    bad_people: 'Au plus 64 noms de 80 caractères chacun.',
    bad_lane: 'Un nom de places réservées a de 1 à 32 petites lettres, chiffres et traits d’union.',
    bad_places: 'On réserve de 1 à 10 000 places à la fois.',
    lane_exists: 'Ce nom est déjà pris. Choisissez-en un autre.',
    too_many_lanes: 'Un événement a au plus 20 réservations. Donnez les liens d’une existante.',
    rehearsal_runs: 'Une répétition est déjà en cours. Arrêtez-la, ou attendez sa fin.',
    event_near: 'Un événement est ouvert, en direct ou trop proche. Répétez avant ou après lui.',
    no_such_rehearsal: 'La répétition est déjà finie. Il n’y a rien à faire.',
    attack_elsewhere:
      'Les attaques se répètent sur cette machine seulement. Donnez --origin http://localhost:PORT.',
    bad_mode: 'Le bouclier est en mode auto, attack ou off. Choisissez l’un des trois.',
    bad_prefix:
      'Ce n’est ni une adresse ni un préfixe. Écrivez par exemple 203.0.113.7, 203.0.113.0/24 ou 2001:db8::/64.',
    prefix_too_wide:
      'Ce préfixe est trop large : au plus /8 en IPv4 et /16 en IPv6. Pour admettre tout le monde, éteignez le bouclier.',
    too_many_prefixes: 'Une liste a au plus 256 réseaux. Ôtez-en d’abord.',
    no_such_prefix: 'Ce réseau n’est plus sur aucune liste. Il n’y a rien à faire.',
    not_banned: 'Ce ban est déjà fini. Il n’y a rien à faire.',
    certified_already: 'Cette répétition a déjà son certificat.',
    bad_findings: 'Ces résultats ne font pas un certificat. Répétez de nouveau.',
    bad_request: 'La régie ne comprend pas cette valeur. Vérifiez ce que vous avez saisi.',
    too_large: 'C’est trop long : au plus 256 Kio.',
  },
};

/** What a failed call says to an operator. */
export function trouble_words(error: unknown, language: Language): string {
  if (!(error instanceof Refusal)) return error instanceof Error ? error.message : String(error);
  // Whether a call that was cut off was carried out, nobody here can know.
  if (!error.ours) return ROOM_WORDS[language].unknown_outcome;
  return sentence(error, REFUSALS[language]);
}
