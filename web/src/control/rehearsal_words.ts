// A rehearsal and its certificate in words.

import type { Dictionary } from '../ground/words.ts';
import type { Question } from './question_words.ts';

const EN = {
  title: 'A rehearsal is running',
  nobody: 'Its listeners are made by a program. None of them counts as audience.',
  phases: {
    begin: 'It begins: the virtual listeners get ready.',
    night: 'A night is played as its script says.',
    ramp: 'More and more listeners come, until the house carries no more.',
    joins: 'Many come at once.',
    faults: 'Things are broken on purpose.',
    done: 'It is over; the certificate is made.',
  } as Readonly<Record<string, string>>,
  step: (rung: number, listeners: string) => `Rung ${rung}, ${listeners} listeners.`,
  left: (minutes: string) => `${minutes} min left at most`,
  progress: 'How far the rehearsal is',
  numbers: {
    here: 'Virtual listeners',
    stalled: 'Sound stopped for',
    join: 'First sound, 99th percentile',
    generator: 'Their own CPU',
  },
  playing: (n: string) => `${n} of them hear`,
  most: (limit: string) => `a step is carried up to ${limit}`,
  own_most: (limit: string) => `above ${limit} a step is void`,
  would_be_void:
    'The machine of the virtual listeners is too busy itself, so this step would say nothing about the house. More generators, or a machine of their own, would help.',
  charts: {
    playing: 'Virtual listeners who hear',
    stalled: 'Share whose sound stopped',
    join: 'First sound, 99th percentile',
    generator: 'Their own CPU, of a core',
    busy: 'Busiest edge',
    lag: 'Edges’ loop lag, 99th percentile',
  },
  seconds: (n: string) => `${n} s`,
  steps: 'Each step so far',
  steps_none: 'No step is finished yet.',
  heads: ['Rung', 'Listeners', 'Result', 'Stopped', 'First sound, p99', 'Edges', 'Generator'],
  cores: (n: string) => `${n} cores`,
  carried: 'carried',
  not_carried: (why: string) => `not carried: ${why}`,
  is_void: (why: string) => `void: ${why}`,
  why: {
    stalled: 'the sound stopped for too many',
    no_sound: 'nobody heard anything',
    no_sound_for_some: 'some never heard the first sound',
    joins_slow: 'the first sound came too late',
    gave_up: 'too many gave up',
    generator_cpu: 'the virtual listeners’ own machine was too busy',
    generator_late: 'the virtual listeners acted too late',
    generator_sockets: 'the virtual listeners’ machine had no ports or files left',
    generator_bounded: 'the virtual listeners may ask no more often by the consent',
    generator_lost: 'a generator went away',
    crowd_missing: 'not all of the virtual listeners came',
    withdrawn: 'the house withdrew it',
    house_silent: 'the house did not answer any more',
    too_short: 'it was too short',
  } as Readonly<Record<string, string>>,
  silent: (seconds: number) =>
    `The rehearsal’s figures do not arrive. Trying again in ${seconds} s.`,
  stop: 'Stop the rehearsal',
  stop_ask: (here: string): Question => [
    'Stop the rehearsal?',
    `The house takes its consent back, and all ${here} virtual listeners leave at once. What was found until now may make no certificate.`,
  ],
  stopping: 'The consent is withdrawn; the virtual listeners leave.',

  certificate: 'What this house carries',
  cert_none:
    'No certificate yet: nobody has rehearsed this house. Run “rostra rehearse” beside it, well before the night.',
  cert_holds: (number: string, when: string) =>
    `Certificate ${number} of ${when} holds. The door goes by it.`,
  cert_lapsed: (number: string, when: string) =>
    `Certificate ${number} of ${when} does not hold, so the door goes by careful defaults. Rehearse again.`,
  cert_rung: (rung: number, gives: string) => `Rung ${rung}: ${gives}`,
  cert_knee: (carried: string, knee: string) => `carried ${carried}, not ${knee}`,
  cert_least: (carried: string) => `carried ${carried}; no more were tried`,
};

type RehearsalWords = typeof EN;

const FR: RehearsalWords = {
  title: 'Une répétition est en cours',
  nobody: 'Ses auditeurs sont faits par un programme. Aucun ne compte comme public.',
  phases: {
    begin: 'Elle commence : les auditeurs virtuels se préparent.',
    night: 'Une soirée est jouée comme le dit son script.',
    ramp: 'De plus en plus d’auditeurs viennent, jusqu’à ce que la maison n’en porte plus.',
    joins: 'Beaucoup viennent à la fois.',
    faults: 'Des pannes sont provoquées exprès.',
    done: 'Elle est finie ; le certificat se fait.',
  },
  step: (rung, listeners) => `Échelon ${rung}, ${listeners} auditeurs.`,
  left: (minutes) => `encore ${minutes} min au plus`,
  progress: 'Où en est la répétition',
  numbers: {
    here: 'Auditeurs virtuels',
    stalled: 'Son interrompu pour',
    join: 'Premier son, 99ᵉ centile',
    generator: 'Leur propre CPU',
  },
  playing: (n) => `${n} d’entre eux entendent`,
  most: (limit) => `un palier est porté jusqu’à ${limit}`,
  own_most: (limit) => `au-delà de ${limit}, un palier est nul`,
  would_be_void:
    'La machine des auditeurs virtuels est elle-même trop chargée : ce palier ne dirait rien de la maison. Il faudrait plus de générateurs, ou une machine à eux.',
  charts: {
    playing: 'Auditeurs virtuels qui entendent',
    stalled: 'Part dont le son s’est interrompu',
    join: 'Premier son, 99ᵉ centile',
    generator: 'Leur propre CPU, d’un cœur',
    busy: 'Diffuseur le plus chargé',
    lag: 'Retard de boucle des diffuseurs, 99ᵉ centile',
  },
  seconds: (n) => `${n} s`,
  steps: 'Chaque palier jusqu’ici',
  steps_none: 'Aucun palier n’est encore achevé.',
  heads: [
    'Échelon',
    'Auditeurs',
    'Résultat',
    'Interrompus',
    'Premier son, p99',
    'Diffuseurs',
    'Générateur',
  ],
  cores: (n) => `${n} cœurs`,
  carried: 'porté',
  not_carried: (why) => `non porté : ${why}`,
  is_void: (why) => `nul : ${why}`,
  why: {
    stalled: 'le son s’est interrompu pour trop de monde',
    no_sound: 'personne n’a rien entendu',
    no_sound_for_some: 'certains n’ont jamais entendu le premier son',
    joins_slow: 'le premier son est venu trop tard',
    gave_up: 'trop de gens ont renoncé',
    generator_cpu: 'la machine des auditeurs virtuels était trop chargée',
    generator_late: 'les auditeurs virtuels ont agi trop tard',
    generator_sockets: 'leur machine n’avait plus de ports ou de fichiers',
    generator_bounded: 'le consentement ne leur permet pas plus de requêtes',
    generator_lost: 'un générateur est parti',
    crowd_missing: 'tous les auditeurs virtuels ne sont pas venus',
    withdrawn: 'la maison l’a retirée',
    house_silent: 'la maison ne répondait plus',
    too_short: 'il était trop court',
  },
  silent: (seconds) =>
    `Les chiffres de la répétition n’arrivent pas. Nouvel essai dans ${seconds} s.`,
  stop: 'Arrêter la répétition',
  stop_ask: (here) => [
    'Arrêter la répétition ?',
    `La maison retire son consentement, et les ${here} auditeurs virtuels partent d’un coup. Ce qui a été trouvé ne fera peut-être pas de certificat.`,
  ],
  stopping: 'Le consentement est retiré ; les auditeurs virtuels partent.',

  certificate: 'Ce que porte cette maison',
  cert_none:
    'Pas encore de certificat : personne n’a répété avec cette maison. Lancez « rostra rehearse » à côté d’elle, bien avant la soirée.',
  cert_holds: (number, when) => `Le certificat ${number} du ${when} est valable. La porte le suit.`,
  cert_lapsed: (number, when) =>
    `Le certificat ${number} du ${when} n’est pas valable : la porte suit des valeurs prudentes. Répétez de nouveau.`,
  cert_rung: (rung, gives) => `Échelon ${rung} : ${gives}`,
  cert_knee: (carried, knee) => `${carried} portés, ${knee} non`,
  cert_least: (carried) => `${carried} portés ; pas plus n’a été essayé`,
};

export const REHEARSAL_WORDS: Dictionary<RehearsalWords> = { en: EN, fr: FR };
