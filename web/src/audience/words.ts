// The audience page in words.

import type { Dictionary } from '../ground/words.ts';

interface AudienceWords {
  skip: string;
  language_switch: string;
  language_code: 'en' | 'fr';
  home: string;
  with: (people: string) => string;
  in_days: (n: number) => string;
  days: string;
  hours: string;
  minutes: string;
  seconds: string;
  starts_in: string;
  starts_at: (when: string) => string;
  about: (minutes: number) => string;
  moved: (from: string) => string;
  any_moment: string;
  late: string;
  add_to_calendar: string;
  here: string;
  here_hint: string;
  armed: string;
  armed_hint: string;
  phase: Record<'scheduled' | 'doors_open' | 'live' | 'ended' | 'posted' | 'cancelled', string>;
  replay: string;
  cancelled: string;
  cancelled_hint: string;
  ended_hint: string;
  replay_soon: string;
  play: string;
  play_replay: string;
  resume_at: (time: string) => string;
  pause: string;
  tap: string;
  tap_hint: string;
  connecting: string;
  buffering: string;
  on_air: string;
  behind: (time: string) => string;
  jump: string;
  back: string;
  forward: string;
  seek: string;
  seek_live: string;
  elapsed: (time: string) => string;
  volume: string;
  mute: string;
  unmute: string;
  economy: string;
  economy_hint: string;
  speed: string;
  on_stage: string;
  nobody: string;
  speaking: string;
  muted: string;
  now_speaking: (who: string) => string;
  host: string;
  announcements: string;
  listeners: readonly [string, string];
  waiting: readonly [string, string];
  stopped: (seconds: number) => string;
  retrying: string;
  state_lost: string;
  keys: string;
  key_list: readonly (readonly [string, string])[];
  unsupported: string;
  open_directly: string;
}

export const WORDS: Dictionary<AudienceWords> = {
  en: {
    skip: 'Skip to the player',
    language_switch: 'Français',
    language_code: 'fr',
    home: 'Rostra, all events',
    with: (people) => `with ${people}`,
    in_days: (n) => `${n} ${n === 1 ? 'day' : 'days'}`,
    days: 'days',
    hours: 'hours',
    minutes: 'minutes',
    seconds: 'seconds',
    starts_in: 'Starts in',
    starts_at: (when) => when,
    about: (minutes) => `about ${minutes} minutes`,
    moved: (from) => `The start was moved. It was announced for ${from} first.`,
    any_moment: 'It begins any moment now.',
    late: 'The announced time has passed. You are in the right place: the sound starts here as soon as the host goes live.',
    add_to_calendar: 'Add to calendar',
    here: "I'm here: start the sound by itself",
    here_hint:
      'One tap now, and the conversation begins without another. You can lock your screen.',
    armed: 'All set. The sound will start by itself.',
    armed_hint: 'Keep this page open and your volume up.',
    phase: {
      scheduled: 'Upcoming',
      doors_open: 'Doors open',
      live: 'Live',
      ended: 'Ended',
      posted: 'Replay',
      cancelled: 'Cancelled',
    },
    replay: 'Replay',
    cancelled: 'This conversation was cancelled.',
    cancelled_hint: 'It will not take place. If a new date is set, it will have a new page.',
    ended_hint: 'The conversation has ended. Thank you for listening.',
    replay_soon: 'The replay will appear on this page in a moment.',
    play: 'Play',
    play_replay: 'Play the replay',
    resume_at: (time) => `Continue at ${time}`,
    pause: 'Pause',
    tap: 'Tap to listen',
    tap_hint: 'Your browser asks for one tap before it plays sound.',
    connecting: 'Connecting…',
    buffering: 'Waiting for sound…',
    on_air: 'You are hearing it live',
    behind: (time) => `${time} behind live`,
    jump: 'Jump to live',
    back: 'Back 30 seconds',
    forward: 'Forward 30 seconds',
    seek: 'Position',
    seek_live: 'Live',
    elapsed: (time) => `${time} on air`,
    volume: 'Volume',
    mute: 'Mute',
    unmute: 'Unmute',
    economy: 'Save data',
    economy_hint: 'About 12 MB an hour',
    speed: 'Speed',
    on_stage: 'On stage',
    nobody: 'Nobody is on stage yet.',
    speaking: 'speaking',
    muted: 'muted',
    now_speaking: (who) => `Now speaking: ${who}`,
    host: 'host',
    announcements: 'Announcements',
    listeners: ['listener', 'listeners'],
    waiting: ['person is here already', 'people are here already'],
    stopped: (seconds) => `The sound stopped. Trying again in ${seconds} s.`,
    retrying: 'The sound stopped. Trying again…',
    state_lost:
      'News about the event is not getting through just now. The sound goes on by itself.',
    keys: 'Keyboard',
    key_list: [
      ['Space or K', 'play or pause'],
      ['J', 'back 30 seconds'],
      ['L', 'forward 30 seconds'],
      ['M', 'mute'],
      ['End', 'jump to live'],
    ],
    unsupported: 'This browser cannot play the sound in the page.',
    open_directly: 'Open the stream in another player',
  },
  fr: {
    skip: 'Aller au lecteur',
    language_switch: 'English',
    language_code: 'en',
    home: 'Rostra, tous les événements',
    with: (people) => `avec ${people}`,
    in_days: (n) => `${n} ${n < 2 ? 'jour' : 'jours'}`,
    days: 'jours',
    hours: 'heures',
    minutes: 'minutes',
    seconds: 'secondes',
    starts_in: 'Début dans',
    starts_at: (when) => when,
    about: (minutes) => `environ ${minutes} minutes`,
    moved: (from) => `Le début a été déplacé. Il avait d’abord été annoncé pour le ${from}.`,
    any_moment: 'Cela commence d’un instant à l’autre.',
    late: 'L’heure annoncée est passée. Vous êtes au bon endroit : le son démarre ici dès que l’hôte prend l’antenne.',
    add_to_calendar: 'Ajouter au calendrier',
    here: 'Je suis là : lancer le son tout seul',
    here_hint:
      'Un seul geste maintenant, et la conversation commencera sans autre. Vous pouvez verrouiller l’écran.',
    armed: 'C’est prêt. Le son démarrera tout seul.',
    armed_hint: 'Gardez cette page ouverte et le volume audible.',
    phase: {
      scheduled: 'À venir',
      doors_open: 'Portes ouvertes',
      live: 'En direct',
      ended: 'Terminé',
      posted: 'Rediffusion',
      cancelled: 'Annulé',
    },
    replay: 'Rediffusion',
    cancelled: 'Cette conversation a été annulée.',
    cancelled_hint: 'Elle n’aura pas lieu. Une nouvelle date aurait une nouvelle page.',
    ended_hint: 'La conversation est terminée. Merci de votre écoute.',
    replay_soon: 'La rediffusion apparaîtra sur cette page dans un instant.',
    play: 'Lecture',
    play_replay: 'Écouter la rediffusion',
    resume_at: (time) => `Reprendre à ${time}`,
    pause: 'Pause',
    tap: 'Touchez pour écouter',
    tap_hint: 'Votre navigateur demande un geste avant de jouer du son.',
    connecting: 'Connexion…',
    buffering: 'En attente du son…',
    on_air: 'Vous écoutez en direct',
    behind: (time) => `${time} de retard sur le direct`,
    jump: 'Revenir au direct',
    back: 'Reculer de 30 secondes',
    forward: 'Avancer de 30 secondes',
    seek: 'Position',
    seek_live: 'Direct',
    elapsed: (time) => `${time} à l’antenne`,
    volume: 'Volume',
    mute: 'Couper le son',
    unmute: 'Rétablir le son',
    economy: 'Économiser les données',
    economy_hint: 'Environ 12 Mo par heure',
    speed: 'Vitesse',
    on_stage: 'Sur scène',
    nobody: 'Personne n’est encore sur scène.',
    speaking: 'parle',
    muted: 'micro coupé',
    now_speaking: (who) => `Parole à ${who}`,
    host: 'hôte',
    announcements: 'Annonces',
    listeners: ['auditeur', 'auditeurs'],
    waiting: ['personne est déjà là', 'personnes sont déjà là'],
    stopped: (seconds) => `Le son s’est arrêté. Nouvel essai dans ${seconds} s.`,
    retrying: 'Le son s’est arrêté. Nouvel essai…',
    state_lost:
      'Les nouvelles de l’événement n’arrivent plus pour l’instant. Le son continue de lui-même.',
    keys: 'Clavier',
    key_list: [
      ['Espace ou K', 'lecture ou pause'],
      ['J', 'reculer de 30 secondes'],
      ['L', 'avancer de 30 secondes'],
      ['M', 'couper le son'],
      ['Fin', 'revenir au direct'],
    ],
    unsupported: 'Ce navigateur ne sait pas jouer le son dans la page.',
    open_directly: 'Ouvrir le flux dans un autre lecteur',
  },
};
