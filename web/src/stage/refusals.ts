// The stage port's refusals in words; the English sentences are the server's own.

import type { Sentences } from '../ground/refusals.ts';

export const REFUSALS: Sentences = {
  en: {
    wrong_phase: 'That is not possible now.',
  },
  fr: {
    no_token: 'Ouvrez le lien que vous avez reçu : cet appel ne porte aucune invitation.',
    invitation_expired: 'Ce lien a expiré. Demandez-en un nouveau à l’hôte.',
    invitation_invalid: 'Ce lien n’est pas valable. Vérifiez qu’il a été copié en entier.',
    invitation_other_event: 'Ce lien est celui d’un autre événement.',
    not_host: 'Seul un hôte peut faire cela.',
    wrong_phase: 'Ce n’est pas possible maintenant.',
    unknown_event: 'Cet événement n’existe pas ici.',
    unknown_session: 'Cette session est terminée. Reconnectez-vous.',
    stage_busy: 'Beaucoup de monde se connecte en ce moment. Réessayez dans un instant.',
    stage_full:
      'Toutes les places sur scène sont prises. Demandez à l’hôte d’en faire libérer une.',
    no_opus: 'L’offre ne contient pas de son Opus. La scène n’entend que l’Opus.',
    sdp_invalid: 'L’offre n’est pas une description de session. Envoyez du SDP.',
    not_sdp: 'L’offre doit porter Content-Type: application/sdp.',
    not_json: 'Le contenu n’est pas le JSON que cet appel attend.',
    bad_seat: 'Rostra-Seat compte de 16 à 64 lettres, chiffres, « - » ou « _ ».',
    body_too_slow: 'L’envoi a duré plus de 10 secondes.',
    headers_too_large: 'L’en-tête dépasse 16 Kio.',
    stranger_spent: 'Trop de demandes sans invitation viennent de ce réseau. Attendez un peu.',
    body_too_large: 'L’envoi dépasse 64 Kio.',
    no_patch: 'La réponse porte tous les candidats ; il n’y a rien à modifier (RFC 9725 4.3).',
    not_found: 'Il n’y a rien ici.',
    wrong_method: 'Cette adresse n’accepte pas cette méthode.',
    no_pages: 'Les pages n’ont pas été construites. Lancez : make setup',
  },
};
