// What each act will do and to how many people, asked before it is done.

import { count, type Dictionary } from '../ground/words.ts';

/** Title and consequence. */
export type Question = readonly [title: string, detail: string];

/** Those whom an act meets; the numbers are those shown when it is asked. */
export interface Crowd {
  inside: number;
  waiting: number;
}

const PEOPLE_EN = (n: number) => count(n, 'en', ['person', 'people']);
const LISTENERS_EN = (n: number) => count(n, 'en', ['listener', 'listeners']);
const PEOPLE_FR = (n: number) => count(n, 'fr', ['personne', 'personnes']);
const LISTENERS_FR = (n: number) => count(n, 'fr', ['auditeur', 'auditeurs']);
const N_EN = (n: number) => new Intl.NumberFormat('en').format(n);
const N_FR = (n: number) => new Intl.NumberFormat('fr').format(n);

const EN = {
  'open-doors': (c: Crowd): Question => [
    'Open the doors?',
    `Listeners may come in and wait. The order of ${PEOPLE_EN(c.waiting)} who came early is drawn now, once.`,
  ],
  'go-live': (c: Crowd): Question => [
    'Go live now?',
    `From this moment every listener hears the stage: ${N_EN(c.inside)} inside, ${N_EN(c.waiting)} waiting.`,
  ],
  end: (c: Crowd): Question => [
    'End it for everyone?',
    `The sound ends for ${LISTENERS_EN(c.inside)}; ${N_EN(c.waiting)} waiting are told that it is over. The replay is posted afterwards. This cannot be undone.`,
  ],
  cancel: (c: Crowd): Question => [
    'Cancel the event?',
    `The page says so to everyone; ${PEOPLE_EN(c.waiting)} wait for it now. This cannot be undone.`,
  ],
  announce: (c: Crowd, text: string): Question => [
    'Tell this to everyone?',
    `“${text}” (read by ${N_EN(c.inside)} inside and ${N_EN(c.waiting)} waiting)`,
  ],
  move: (c: Crowd, when: string): Question => [
    'Move the start?',
    `To ${when}. Every page shows the new time, and the one announced first; ${PEOPLE_EN(c.waiting)} wait now.`,
  ],
  hold: (c: Crowd): Question => [
    'Hold the line?',
    `Nobody more comes in. ${PEOPLE_EN(c.waiting)} waiting keep their places; ${N_EN(c.inside)} inside stay.`,
  ],
  release: (c: Crowd): Question => [
    'Let the line move again?',
    `${PEOPLE_EN(c.waiting)} waiting come in by turn, as far as there are places.`,
  ],
  open_all: (c: Crowd): Question => [
    'Call everyone?',
    `${PEOPLE_EN(c.waiting)} waiting are called at once, and all who come later. They come in as far as there are places. Who was called stays called.`,
  ],
  close_all: (c: Crowd): Question => [
    'Call by turn again?',
    `Who was called keeps that; who comes from now on waits for a turn. ${N_EN(c.inside)} inside stay.`,
  ],
  cap: (c: Crowd, cap: number): Question => [
    `At most ${LISTENERS_EN(cap)}?`,
    c.inside > cap
      ? `${N_EN(c.inside)} are inside: nobody is sent away, and nobody more comes in until fewer than ${N_EN(cap)} are. ${N_EN(c.waiting)} wait.`
      : `${N_EN(c.inside)} are inside, so ${N_EN(cap - c.inside)} more may come in. ${N_EN(c.waiting)} wait.`,
  ],
  uncap: (c: Crowd): Question => [
    'Lift the cap?',
    `As many come in as the machine was measured to carry. ${N_EN(c.inside)} are inside, ${N_EN(c.waiting)} wait.`,
  ],
  rung: (c: Crowd, rung: number): Question => [
    `Rung ${rung} for everyone?`,
    [
      `${LISTENERS_EN(c.inside)} hear it about 2 s behind the voice. This costs the machine most.`,
      `${LISTENERS_EN(c.inside)} hear it about 4 s behind the voice.`,
      `${LISTENERS_EN(c.inside)} hear it some 12 s behind the voice, in full quality.`,
      `${LISTENERS_EN(c.inside)} hear it some 18 s behind the voice, in economy quality.`,
      `Nobody more comes in: ${PEOPLE_EN(c.waiting)} waiting read that the house is full and when the replay comes. ${N_EN(c.inside)} inside stay, in economy quality.`,
      `The live sound goes off for ${LISTENERS_EN(c.inside)}. The stage records on; the replay comes by its deadline.`,
    ][rung] ?? '',
  ],
  rung_auto: (c: Crowd): Question => [
    'Let Rostra choose the rung?',
    `It follows what the machine carries, for ${N_EN(c.inside)} inside and ${N_EN(c.waiting)} waiting.`,
  ],
  lane: (c: Crowd, name: string, places: number): Question => [
    `Keep ${count(places, 'en', ['place', 'places'])} for “${name}”?`,
    `Whoever has one of the links comes in past the line, where ${PEOPLE_EN(c.waiting)} wait now. Their places come out of what this house carries, not out of the cap. This cannot be undone.`,
  ],
  undo: (c: Crowd, what: string): Question => [
    'Take this back?',
    `${what}. It is again as it was before, for ${N_EN(c.inside)} inside and ${N_EN(c.waiting)} waiting.`,
  ],
};

type Questions = typeof EN;

const FR: Questions = {
  'open-doors': (c) => [
    'Ouvrir les portes ?',
    `Les auditeurs peuvent entrer et attendre. L’ordre de ${PEOPLE_FR(c.waiting)} venues tôt est tiré maintenant, une seule fois.`,
  ],
  'go-live': (c) => [
    'Prendre l’antenne maintenant ?',
    `Dès cet instant, chaque auditeur entend la scène : ${N_FR(c.inside)} entrés, ${N_FR(c.waiting)} en attente.`,
  ],
  end: (c) => [
    'Terminer pour tout le monde ?',
    `Le son s’arrête pour ${LISTENERS_FR(c.inside)} ; ${N_FR(c.waiting)} en attente apprennent que c’est fini. La rediffusion suit. C’est définitif.`,
  ],
  cancel: (c) => [
    'Annuler l’événement ?',
    `La page le dit à tous ; ${PEOPLE_FR(c.waiting)} attendent en ce moment. C’est définitif.`,
  ],
  announce: (c, text) => [
    'Le dire à tous ?',
    `« ${text} » (lu par ${N_FR(c.inside)} entrés et ${N_FR(c.waiting)} en attente)`,
  ],
  move: (c, when) => [
    'Déplacer le début ?',
    `À ${when}. Chaque page montre la nouvelle heure, et la première annoncée ; ${PEOPLE_FR(c.waiting)} en attente.`,
  ],
  hold: (c) => [
    'Retenir la file ?',
    `Plus personne n’entre. ${PEOPLE_FR(c.waiting)} en attente gardent leur place ; ${N_FR(c.inside)} entrés restent.`,
  ],
  release: (c) => [
    'Laisser avancer la file ?',
    `${PEOPLE_FR(c.waiting)} en attente entrent à leur tour, tant qu’il y a des places.`,
  ],
  open_all: (c) => [
    'Appeler tout le monde ?',
    `${PEOPLE_FR(c.waiting)} en attente sont appelées d’un coup, et tous ceux qui viendront. Ils entrent tant qu’il y a des places. Qui a été appelé le reste.`,
  ],
  close_all: (c) => [
    'Appeler de nouveau à tour de rôle ?',
    `Qui a été appelé le reste ; qui vient désormais attend son tour. ${N_FR(c.inside)} entrés restent.`,
  ],
  cap: (c, cap) => [
    `Au plus ${LISTENERS_FR(cap)} ?`,
    c.inside > cap
      ? `${N_FR(c.inside)} sont entrés : personne n’est renvoyé, et plus personne n’entre avant qu’ils soient moins de ${N_FR(cap)}. ${N_FR(c.waiting)} en attente.`
      : `${N_FR(c.inside)} sont entrés : ${N_FR(cap - c.inside)} de plus peuvent entrer. ${N_FR(c.waiting)} en attente.`,
  ],
  uncap: (c) => [
    'Lever la limite ?',
    `Il en entre autant que la machine en porte d’après la mesure. ${N_FR(c.inside)} entrés, ${N_FR(c.waiting)} en attente.`,
  ],
  rung: (c, rung) => [
    `L’échelon ${rung} pour tous ?`,
    [
      `${LISTENERS_FR(c.inside)} : le son suit la voix de 2 s environ. C’est le plus coûteux pour la machine.`,
      `${LISTENERS_FR(c.inside)} : le son suit la voix de 4 s environ.`,
      `${LISTENERS_FR(c.inside)} : le son suit la voix d’une douzaine de secondes, en pleine qualité.`,
      `${LISTENERS_FR(c.inside)} : le son suit la voix de 18 s environ, en qualité économique.`,
      `Plus personne n’entre : ${PEOPLE_FR(c.waiting)} en attente lisent que la salle est pleine et quand vient la rediffusion. ${N_FR(c.inside)} entrés restent, en qualité économique.`,
      `Le direct s’arrête pour ${LISTENERS_FR(c.inside)}. La scène continue d’enregistrer ; la rediffusion vient à temps.`,
    ][rung] ?? '',
  ],
  rung_auto: (c) => [
    'Laisser Rostra choisir l’échelon ?',
    `Il suit ce que la machine porte, pour ${N_FR(c.inside)} entrés et ${N_FR(c.waiting)} en attente.`,
  ],
  lane: (c, name, places) => [
    `Réserver ${count(places, 'fr', ['place', 'places'])} pour « ${name} » ?`,
    `Qui a un des liens passe devant la file, où ${PEOPLE_FR(c.waiting)} attendent. Ces places sont prises sur ce que porte la maison, pas sur la limite. C’est définitif.`,
  ],
  undo: (c, what) => [
    'Revenir en arrière ?',
    `${what}. Tout redevient comme avant, pour ${N_FR(c.inside)} entrés et ${N_FR(c.waiting)} en attente.`,
  ],
};

export const QUESTIONS: Dictionary<Questions> = { en: EN, fr: FR };
