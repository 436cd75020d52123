// The stage page in words.

import type { Dictionary } from '../ground/words.ts';
import type { MicrophoneTrouble } from './microphone.ts';

interface StageWords {
  stage: string;
  home: string;
  you_are: Record<'host' | 'co-host' | 'speaker', string>;
  role: Record<'host' | 'co-host' | 'speaker', string>;
  name: string;
  name_hint: string;
  name_missing: string;
  microphone: string;
  standard: string;
  check: string;
  level: string;
  level_hint: string;
  output: string;
  echo: string;
  noise: string;
  gain: string;
  headphones: string;
  settings: string;
  join: string;
  joining: string;
  rejoin: string;
  leave: string;
  mute: string;
  unmute: string;
  you_muted: string;
  returning: (seconds: number) => string;
  network: string;
  link_bad: string;
  link_missing: string;
  trouble: Record<MicrophoneTrouble, string>;
  not_on_air: string;
  not_on_air_hint: string;
  on_air: string;
  over: string;
  over_hint: string;
  cancelled: string;
  starts: (when: string) => string;
  go_live: string;
  go_live_ask: string;
  go_live_detail: string;
  end: string;
  end_ask: string;
  end_detail: string;
  yes_live: string;
  yes_end: string;
  no: string;
  only_host: string;
  join_first: string;
  copy: string;
  copied: string;
  seats: string;
  nobody: string;
  you: string;
  muted: string;
  away: string;
  speaking: string;
  listeners: readonly [string, string];
  line_good: string;
  line_fair: string;
  line_bad: string;
  line_detail: (ms: number, lost: number) => string;
  tap_sound: string;
}

export const WORDS: Dictionary<StageWords> = {
  en: {
    stage: 'Stage',
    home: 'Rostra',
    you_are: {
      host: 'You are the host',
      'co-host': 'You are a co-host',
      speaker: 'You are invited to speak',
    },
    role: { host: 'host', 'co-host': 'co-host', speaker: '' },
    name: 'Your name',
    name_hint: 'This is how listeners see you.',
    name_missing: 'Please write your name first.',
    microphone: 'Microphone',
    standard: 'Standard',
    check: 'Check my microphone',
    level: 'Microphone level',
    level_hint: 'Say something: the bar should move.',
    output: 'Loudspeaker or headphones',
    echo: 'Remove echo',
    noise: 'Remove background noise',
    gain: 'Even out loudness',
    headphones: 'Headphones are best: the others will not hear themselves through you.',
    settings: 'Sound settings',
    join: 'Join the stage',
    joining: 'Joining…',
    rejoin: 'Come back to the stage',
    leave: 'Leave the stage',
    mute: 'Mute',
    unmute: 'Unmute',
    you_muted: 'You are muted. Nobody hears you.',
    returning: (s) =>
      s > 0
        ? `The connection was lost. Coming back in ${s} s.`
        : 'The connection was lost. Coming back…',
    network: 'The stage does not answer. Trying again…',
    link_bad:
      'This link is not valid, or not valid any more. Please ask the organiser for a new one.',
    link_missing: 'This address is not complete. Please open the whole link that you were sent.',
    trouble: {
      insecure:
        'The browser gives no microphone to this address. Beyond localhost a microphone needs HTTPS; please ask the organiser for an https link.',
      denied:
        'The browser may not use the microphone. Allow it in the address bar (the icon beside the address), then try again.',
      missing: 'No microphone was found. Please plug one in, then try again.',
      busy: 'The microphone is in use by another program. Please close that, then try again.',
    },
    not_on_air: 'Not on air',
    not_on_air_hint: 'Only the people on this stage hear you now.',
    on_air: 'ON AIR',
    over: 'The conversation has ended',
    over_hint: 'Listeners can no longer hear you. The replay is on the event page.',
    cancelled: 'This event was cancelled',
    starts: (when) => `Announced for ${when}`,
    go_live: 'Go live',
    go_live_ask: 'Go live now?',
    go_live_detail: 'From this moment every listener hears what is said on this stage.',
    end: 'End the conversation',
    end_ask: 'End the conversation for everyone?',
    end_detail: 'Listeners hear the last words, then the replay is posted. This cannot be undone.',
    yes_live: 'Yes, go live',
    yes_end: 'Yes, end it',
    no: 'Not yet',
    only_host: 'The host decides when it goes live.',
    join_first: 'Join the stage first, then go live.',
    copy: 'Copy the listener link',
    copied: 'Copied',
    seats: 'On stage',
    nobody: 'Nobody has joined yet.',
    you: 'you',
    muted: 'muted',
    away: 'connection lost',
    speaking: 'speaking',
    listeners: ['listener', 'listeners'],
    line_good: 'Your connection is good.',
    line_fair: 'Your connection is fair.',
    line_bad: 'Your connection is weak. Close other programs, or move nearer to the Wi-Fi.',
    line_detail: (ms, lost) => `Round trip ${ms} ms, ${lost} % lost`,
    tap_sound: 'Tap to hear the others',
  },
  fr: {
    stage: 'Scène',
    home: 'Rostra',
    you_are: {
      host: 'Vous êtes l’hôte',
      'co-host': 'Vous êtes co-hôte',
      speaker: 'Vous êtes invité à parler',
    },
    role: { host: 'hôte', 'co-host': 'co-hôte', speaker: '' },
    name: 'Votre nom',
    name_hint: 'C’est ainsi que les auditeurs vous voient.',
    name_missing: 'Écrivez d’abord votre nom.',
    microphone: 'Micro',
    standard: 'Par défaut',
    check: 'Vérifier mon micro',
    level: 'Niveau du micro',
    level_hint: 'Dites quelque chose : la barre doit bouger.',
    output: 'Haut-parleur ou casque',
    echo: 'Supprimer l’écho',
    noise: 'Supprimer le bruit de fond',
    gain: 'Égaliser le volume',
    headphones: 'Un casque est préférable : les autres ne s’entendront pas à travers vous.',
    settings: 'Réglages du son',
    join: 'Monter sur scène',
    joining: 'Connexion…',
    rejoin: 'Revenir sur scène',
    leave: 'Quitter la scène',
    mute: 'Couper mon micro',
    unmute: 'Rouvrir mon micro',
    you_muted: 'Votre micro est coupé. Personne ne vous entend.',
    returning: (s) =>
      s > 0 ? `La connexion est perdue. Retour dans ${s} s.` : 'La connexion est perdue. Retour…',
    network: 'La scène ne répond pas. Nouvel essai…',
    link_bad:
      'Ce lien n’est pas valable, ou ne l’est plus. Demandez-en un nouveau à l’organisateur.',
    link_missing: 'Cette adresse est incomplète. Ouvrez le lien entier que vous avez reçu.',
    trouble: {
      insecure:
        'Le navigateur ne donne pas de micro à cette adresse. Hors de localhost, un micro exige HTTPS ; demandez un lien https à l’organisateur.',
      denied:
        'Le navigateur n’a pas le droit d’utiliser le micro. Autorisez-le dans la barre d’adresse, puis réessayez.',
      missing: 'Aucun micro n’a été trouvé. Branchez-en un, puis réessayez.',
      busy: 'Le micro est utilisé par un autre programme. Fermez-le, puis réessayez.',
    },
    not_on_air: 'Hors antenne',
    not_on_air_hint: 'Seules les personnes sur cette scène vous entendent.',
    on_air: 'À L’ANTENNE',
    over: 'La conversation est terminée',
    over_hint:
      'Les auditeurs ne vous entendent plus. La rediffusion est sur la page de l’événement.',
    cancelled: 'Cet événement a été annulé',
    starts: (when) => `Annoncé pour le ${when}`,
    go_live: 'Prendre l’antenne',
    go_live_ask: 'Prendre l’antenne maintenant ?',
    go_live_detail: 'Dès cet instant, chaque auditeur entend ce qui se dit sur cette scène.',
    end: 'Terminer la conversation',
    end_ask: 'Terminer la conversation pour tout le monde ?',
    end_detail:
      'Les auditeurs entendent les derniers mots, puis la rediffusion est publiée. C’est définitif.',
    yes_live: 'Oui, prendre l’antenne',
    yes_end: 'Oui, terminer',
    no: 'Pas encore',
    only_host: 'L’hôte décide du moment de prendre l’antenne.',
    join_first: 'Montez d’abord sur scène, puis prenez l’antenne.',
    copy: 'Copier le lien des auditeurs',
    copied: 'Copié',
    seats: 'Sur scène',
    nobody: 'Personne n’est encore là.',
    you: 'vous',
    muted: 'micro coupé',
    away: 'connexion perdue',
    speaking: 'parle',
    listeners: ['auditeur', 'auditeurs'],
    line_good: 'Votre connexion est bonne.',
    line_fair: 'Votre connexion est moyenne.',
    line_bad:
      'Votre connexion est faible. Fermez d’autres programmes, ou rapprochez-vous du Wi-Fi.',
    line_detail: (ms, lost) => `Aller-retour ${ms} ms, ${lost} % de pertes`,
    tap_sound: 'Touchez pour entendre les autres',
  },
};
