// The audience port's refusals in words; the English sentences are the server's own.

import type { Sentences } from '../ground/refusals.ts';

export const REFUSALS: Sentences = {
  en: {},
  fr: {
    event_unknown: 'Cet événement n’existe pas. Vérifiez le lien.',
    not_found: 'Il n’y a rien à cette adresse.',
    connections_full: 'Ce serveur n’a plus de connexion libre. Réessayez.',
    house_busy: 'Le nombre de demandes en attente est à son maximum. Réessayez dans un instant.',
    edge_closing: 'Ce serveur redémarre. Réessayez.',
    playlist_stalled: 'Rien de nouveau n’est arrivé depuis trois durées cibles. Réessayez.',
    request_timeout: 'La demande n’est pas arrivée entière à temps.',
    request_invalid: 'Ce n’est pas une requête HTTP/1.1 valable.',
    target_invalid: 'L’adresse contient des caractères interdits.',
    target_too_long: 'L’adresse dépasse 2 Kio.',
    headers_too_large: 'L’en-tête dépasse 16 Kio ou 128 champs.',
    body_not_accepted: 'Les requêtes n’ont pas de corps ici. Envoyez GET ou HEAD sans corps.',
    method_not_allowed: 'Seuls GET, HEAD et OPTIONS reçoivent une réponse ici.',
    hls_query_invalid: '_HLS_msn et _HLS_part sont des nombres entiers, _HLS_skip vaut YES ou v2.',
    part_without_msn: '_HLS_part demande _HLS_msn.',
    msn_too_far: 'Ce numéro de séquence ou cette partie est trop loin dans l’avenir.',
    range_not_satisfiable: 'La plage demandée est hors de ce qui existe.',
    no_rehearsal: 'Cette maison ne consent à aucune répétition en ce moment.',
    rehearsal_only:
      'Cet événement est une répétition : seuls ses auditeurs virtuels y entrent. Les vrais sont dans la liste.',
    pass_overused: 'Ce laissez-passer sert à trop d’endroits à la fois. Attendez un peu.',
    source_spent: 'Trop de demandes viennent de ce réseau en ce moment. Attendez un peu.',
    connection_spent: 'Trop de demandes sont venues sur cette connexion. Attendez un peu.',
    source_banned:
      'Ce réseau est tenu à l’écart pour un moment. Attendez, ou demandez à l’organisateur.',
    connections_crowded:
      'La place qui reste est pour ceux qui sont déjà entrés. Réessayez dans un instant.',
    challenge_required: 'Un calcul est demandé pour un ticket ; la page le fait toute seule.',
    challenge_failed: 'Le calcul n’était pas juste, ou avait déjà servi. Demandez-en un autre.',
    challenge_waits: 'Votre place est gardée. Redemandez une fois le temps d’attente écoulé.',
    shield_failed:
      'Plus de nouveaux tickets pour un instant. Ceux qui sont entrés continuent d’écouter. Réessayez.',
    ticket_invalid:
      'Ce ticket n’est pas valable. Rouvrez la page de l’événement pour prendre place.',
    ticket_expired:
      'Ce ticket a expiré. Rouvrez la page de l’événement pour prendre une nouvelle place.',
    ticket_other_event:
      'Ce ticket est celui d’un autre événement. Ouvrez la page de celui-ci pour prendre place.',
    pass_missing:
      'Il faut un laissez-passer pour écouter. La page de l’événement montre votre place et vous fait entrer.',
    pass_invalid:
      'Ce laissez-passer n’est pas valable. Rouvrez la page de l’événement pour en avoir un nouveau.',
    pass_expired: 'Ce laissez-passer a expiré. Demandez-en un nouveau avec votre ticket.',
    pass_other_event:
      'Ce laissez-passer est celui d’un autre événement. Ouvrez la page de celui-ci.',
    not_your_turn: 'Ce n’est pas encore votre tour. Votre place est gardée ; la page la montre.',
    no_place_free:
      'C’est votre tour, mais aucune place n’est libre à l’instant. Redemandez dans quelques secondes.',
    doors_closed:
      'Les portes de cet événement ne sont pas ouvertes. Sa page dit quand elles ouvrent ; une place est gardée.',
  },
};
