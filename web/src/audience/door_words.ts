// The waiting line and the ladder in words.

import type { Dictionary } from '../ground/words.ts';

interface DoorWords {
  heading: string;
  heading_inside: string;
  coming: string;
  checking: string;
  rather_wait: string;
  waits: (seconds: string) => string;
  early: string;
  drawing: string;
  next: string;
  before: (n: string, one: boolean) => string;
  about_before: (n: string) => string;
  moment: string;
  minutes: (n: string, one: boolean) => string;
  hours: (n: string, one: boolean) => string;
  standing_still: string;
  full: string;
  full_hint: string;
  called: string;
  called_hint: string;
  inside: string;
  inside_hint: string;
  lane: (name: string) => string;
  lane_refused: string;
  kept: (when: string) => string;
  kept_hint: string;
  lost: string;
  here: string;
  tell: string;
  told: string;
  turn_title: string;
  turn_note: string;
  how: string;
  how_before: string;
  how_drawn: string;
  how_after: string;
  seal: string;
  revealed: string;
  ticket_id: string;
  rank: string;
  check: string;
  secret: string;
  why: Readonly<Record<string, string>>;
  effect: readonly [string, string, string, string];
  comes: string;
  calm: string;
  inside_full: string;
  live_off: string;
  recorded: string;
  replay_by: (when: string) => string;
  replay_later: string;
  about_listeners: (n: string, spread: string) => string;
}

export const DOOR_WORDS: Dictionary<DoorWords> = {
  en: {
    heading: 'Your place in the line',
    heading_inside: 'Your place',
    coming: 'Your place is on its way…',
    checking: 'Checking that this is a browser. It happens by itself, in about 2 seconds.',
    rather_wait: 'I’d rather wait',
    waits: (seconds) =>
      `Your place is kept from the moment you came. You have it in about ${seconds} seconds, and need do nothing.`,
    early:
      'You are in line. The order of all who come before the doors open is drawn by lot when they open.',
    drawing: 'The doors are open. Your place is on its way…',
    next: 'You are next',
    before: (n, one) => `${n} ${one ? 'person' : 'people'} before you`,
    about_before: (n) => `About ${n} before you`,
    moment: 'less than a minute',
    minutes: (n, one) => `about ${n} ${one ? 'minute' : 'minutes'}`,
    hours: (n, one) => `about ${n} ${one ? 'hour' : 'hours'}`,
    standing_still: 'The line is not moving just now.',
    full: 'The house is full',
    full_hint: 'You keep your place in the line, and come in when places become free.',
    called: 'It is your turn',
    called_hint: 'You are being let in. This takes a few seconds; longer if every place is taken.',
    inside: 'You are in',
    inside_hint: 'You have a place. Keep this page open: the sound comes here when it begins.',
    lane: (name) => `This place was kept for you (${name}).`,
    lane_refused:
      'The link that you opened holds no valid place. You joined the line as everyone does.',
    kept: (when) =>
      `Keep this page, or come back to it on this device: your place is kept until ${when}.`,
    kept_hint:
      'Reloading or closing it costs you nothing. If your turn comes while you are away, you come in when you return.',
    lost: 'The door does not answer just now. Your place is not lost; this page goes on trying.',
    here: 'Start the sound by itself when it is my turn',
    tell: 'Tell me when it is my turn',
    told: 'You will get a note when it is your turn.',
    turn_title: '▶ Your turn…',
    turn_note: 'It is your turn. The conversation is open for you.',
    how: 'How is the order drawn?',
    how_before:
      'A secret was sealed when the event was announced; its seal stands below. When the doors open, the secret is shown and mixed with all tickets given out until then. So nobody could choose a place beforehand.',
    how_drawn: 'All who came before the doors opened are drawn by lot, with equal chances.',
    how_after: 'Whoever came later stands behind them, in the order of arrival.',
    seal: 'Seal of the secret',
    revealed: 'The secret',
    ticket_id: 'Your ticket',
    rank: 'Your rank',
    check: 'Anyone can work it out again with this command:',
    secret: 'Keep it to yourself: whoever has your ticket has your place.',
    why: {
      rung_demand: 'Many people are listening.',
      rung_edge_busy: 'Our servers have a lot to do.',
      rung_loop_lag: 'Our servers have a lot to do.',
      rung_operator: 'The organisers have set it so.',
      rung_live_failed: 'The live sound has failed.',
    },
    effect: [
      'The sound reaches you as quickly as ever.',
      'The sound reaches you a few seconds later than usual.',
      'The sound reaches you some seconds later than usual.',
      'You hear it in economy quality, some seconds later than usual.',
    ],
    comes: 'You miss nothing, and it changes back by itself.',
    calm: 'All is well again.',
    inside_full: 'The house is full. You keep your place and go on listening, in economy quality.',
    live_off: 'The live sound is off.',
    recorded: 'The conversation goes on and is being recorded.',
    replay_by: (when) => `The recording will be here by ${when}.`,
    replay_later: 'Everyone gets the recording, on this page.',
    about_listeners: (n, spread) => `about ${n} listeners (± ${spread})`,
  },
  fr: {
    heading: 'Votre place dans la file',
    heading_inside: 'Votre place',
    coming: 'Votre place arrive…',
    checking:
      'Nous vérifions que ceci est un navigateur. Cela se fait tout seul, en 2 secondes environ.',
    rather_wait: 'Je préfère attendre',
    waits: (seconds) =>
      `Votre place est gardée depuis votre arrivée. Vous l’aurez dans ${seconds} secondes environ, sans rien faire.`,
    early:
      'Vous êtes dans la file. L’ordre de tous ceux qui arrivent avant l’ouverture des portes est tiré au sort à l’ouverture.',
    drawing: 'Les portes sont ouvertes. Votre place arrive…',
    next: 'Plus personne avant vous',
    before: (n, one) => `${n} ${one ? 'personne' : 'personnes'} avant vous`,
    about_before: (n) => `Environ ${n} personnes avant vous`,
    moment: 'moins d’une minute',
    minutes: (n, one) => `environ ${n} ${one ? 'minute' : 'minutes'}`,
    hours: (n, one) => `environ ${n} ${one ? 'heure' : 'heures'}`,
    standing_still: 'La file n’avance pas pour l’instant.',
    full: 'La salle est pleine',
    full_hint: 'Vous gardez votre place dans la file et entrez dès que des places se libèrent.',
    called: 'C’est votre tour',
    called_hint:
      'On vous fait entrer. Cela prend quelques secondes, davantage si toutes les places sont prises.',
    inside: 'Vous êtes dans la salle',
    inside_hint: 'Vous avez une place. Gardez cette page ouverte : le son arrive ici dès le début.',
    lane: (name) => `Cette place vous était réservée (${name}).`,
    lane_refused:
      'Le lien que vous avez ouvert ne contient pas de place valable. Vous avez rejoint la file comme tout le monde.',
    kept: (when) =>
      `Gardez cette page ou revenez-y sur cet appareil : votre place est gardée jusqu’à ${when}.`,
    kept_hint:
      'La recharger ou la fermer ne vous coûte rien. Si votre tour vient en votre absence, vous entrez à votre retour.',
    lost: 'La porte ne répond pas pour l’instant. Votre place n’est pas perdue ; cette page réessaie.',
    here: 'Lancer le son tout seul quand ce sera mon tour',
    tell: 'Me prévenir quand ce sera mon tour',
    told: 'Une note vous préviendra quand ce sera votre tour.',
    turn_title: '▶ À vous…',
    turn_note: 'C’est votre tour. La conversation vous est ouverte.',
    how: 'Comment l’ordre est-il tiré au sort ?',
    how_before:
      'Un secret a été scellé à l’annonce de l’événement ; son sceau est ci-dessous. À l’ouverture des portes, le secret est montré et mêlé à tous les tickets remis jusque-là. Personne n’a donc pu choisir sa place à l’avance.',
    how_drawn:
      'Tous ceux qui sont venus avant l’ouverture des portes sont tirés au sort, à chances égales.',
    how_after: 'Ceux qui sont venus ensuite se trouvent derrière eux, par ordre d’arrivée.',
    seal: 'Sceau du secret',
    revealed: 'Le secret',
    ticket_id: 'Votre ticket',
    rank: 'Votre rang',
    check: 'Chacun peut le recalculer avec cette commande :',
    secret: 'Gardez-le pour vous : qui a votre ticket a votre place.',
    why: {
      rung_demand: 'Beaucoup de monde écoute.',
      rung_edge_busy: 'Nos serveurs ont beaucoup à faire.',
      rung_loop_lag: 'Nos serveurs ont beaucoup à faire.',
      rung_operator: 'Les organisateurs l’ont décidé ainsi.',
      rung_live_failed: 'Le son en direct est tombé en panne.',
    },
    effect: [
      'Le son vous parvient aussi vite que jamais.',
      'Le son vous parvient quelques secondes plus tard que d’habitude.',
      'Le son vous parvient avec un peu plus de retard que d’habitude.',
      'Vous l’entendez en qualité économique, avec un peu plus de retard que d’habitude.',
    ],
    comes: 'Vous ne manquez rien, et cela se rétablit tout seul.',
    calm: 'Tout va bien de nouveau.',
    inside_full:
      'La salle est pleine. Vous gardez votre place et continuez d’écouter, en qualité économique.',
    live_off: 'Le direct est coupé.',
    recorded: 'La conversation continue et elle est enregistrée.',
    replay_by: (when) => `L’enregistrement sera ici au plus tard à ${when}.`,
    replay_later: 'Tout le monde aura l’enregistrement, sur cette page.',
    about_listeners: (n, spread) => `environ ${n} auditeurs (± ${spread})`,
  },
};
