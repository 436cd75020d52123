// The operator page in words.

import type { Phase } from '../ground/contract.ts';
import type { Dictionary } from '../ground/words.ts';
import type { Invited } from './invite.ts';

interface ControlWords {
  control: string;
  home: string;
  key: string;
  key_hint: string;
  key_bad: string;
  open: string;
  lost: (seconds: number) => string;
  create: string;
  title: string;
  start: (zone: string) => string;
  description: string;
  language: string;
  duration: string;
  people: string;
  people_hint: string;
  create_it: string;
  created: (title: string) => string;
  host_link: string;
  host_hint: string;
  speaker_link: string;
  speaker_hint: string;
  listener_link: string;
  listener_hint: string;
  copy: string;
  copied: string;
  copy_named: (what: string) => string;
  events: string;
  no_events: string;
  phase: Record<Phase, string>;
  choose: string;
  open_doors: string;
  go_live: string;
  end: string;
  cancel: string;
  announce: string;
  announcement: string;
  announce_hint: string;
  move: string;
  new_start: (zone: string) => string;
  invite: string;
  invite_name: string;
  invite_role: string;
  role: Record<Invited, string>;
  invite_hint: string;
  invite_make: string;
  invited: (name: string) => string;
  yes: string;
  no: string;
  stage: string;
  nobody: string;
  muted: string;
  away: string;
  speaking: string;
  listeners: readonly [string, string];
  people_and_files: string;
  links: string;
  recordings: string;
  no_recordings: string;
  programme: string;
  stem: string;
  growing: string;
  download: string;
  downloading: string;
  health: string;
  processes: string;
  up: string;
  down: string;
  restarts: readonly [string, string];
  edges: string;
  connections: string;
  held: string;
  requests: string;
  refusals: string;
  egress: string;
  busy: string;
  lag: string;
  stage_health: string;
  late_ticks: string;
  concealed: string;
  lost_packets: string;
  packager: string;
  behind: string;
  silence: string;
  none: string;
  on_air_for: (time: string) => string;
  starts: (when: string) => string;
}

export const WORDS: Dictionary<ControlWords> = {
  en: {
    control: 'Control',
    home: 'Rostra',
    key: 'Operator key',
    key_hint: 'Rostra prints it at the start, in the address of this page.',
    key_bad: 'This key is not the operator key of this Rostra.',
    open: 'Open',
    lost: (s) =>
      `Control does not answer. Trying again in ${s} s. What is on air goes on without it.`,
    create: 'Announce an event',
    title: 'Title',
    start: (zone) => `Start (your time, ${zone})`,
    description: 'Description',
    language: 'Language of the page',
    duration: 'Minutes, about',
    people: 'People',
    people_hint: 'Names with commas between, as listeners should see them.',
    create_it: 'Create the event',
    created: (title) => `“${title}” is announced. These are its links:`,
    host_link: 'For the host',
    host_hint: 'Whoever has it can go live and end. Keep it between you.',
    speaker_link: 'For speakers',
    speaker_hint: 'Whoever has it can speak.',
    listener_link: 'For listeners',
    listener_hint: 'For everyone.',
    copy: 'Copy',
    copied: 'Copied',
    copy_named: (what) => `Copy the link: ${what}`,
    events: 'Events',
    no_events: 'No event yet. The first one takes a title and a time.',
    phase: {
      scheduled: 'Scheduled',
      doors_open: 'Doors open',
      live: 'Live',
      ended: 'Ended',
      posted: 'Posted',
      cancelled: 'Cancelled',
    },
    choose: 'Choose an event to see it here.',
    open_doors: 'Open doors',
    go_live: 'Go live',
    end: 'End',
    cancel: 'Cancel the event',
    announce: 'Announce',
    announcement: 'Announcement to everyone',
    announce_hint: 'Shown on every listener’s page.',
    move: 'Move the start',
    new_start: (zone) => `New start (your time, ${zone})`,
    invite: 'Invite someone',
    invite_name: 'Name of the person',
    invite_role: 'Role',
    role: { speaker: 'Speaker', 'co-host': 'Co-host' },
    invite_hint: 'Whoever has the link speaks under this name. A co-host can also go live and end.',
    invite_make: 'Make the link',
    invited: (name) => `The link for ${name} is ready. Copy it now: it is not kept.`,
    yes: 'Yes',
    no: 'No',
    stage: 'On stage',
    nobody: 'Nobody is on stage.',
    muted: 'muted',
    away: 'connection lost',
    speaking: 'speaking',
    listeners: ['listener connected', 'listeners connected'],
    people_and_files: 'People, links and files',
    links: 'Links',
    recordings: 'Recordings',
    no_recordings: 'No recording yet.',
    programme: 'programme',
    stem: 'one voice',
    growing: 'still being written',
    download: 'Download',
    downloading: 'Downloading…',
    health: 'Health',
    processes: 'Processes',
    up: 'up',
    down: 'down',
    restarts: ['restart', 'restarts'],
    edges: 'Edges',
    connections: 'connections',
    held: 'held',
    requests: 'requests/s',
    refusals: 'refused/s',
    egress: 'Mbit/s',
    busy: 'busy',
    lag: 'lag ms',
    stage_health: 'Stage',
    late_ticks: 'late ticks',
    concealed: 'frames concealed',
    lost_packets: 'packets lost',
    packager: 'Packager',
    behind: 'ms behind',
    silence: 's of silence filled in',
    none: 'not heard from',
    on_air_for: (time) => `${time} on air`,
    starts: (when) => when,
  },
  fr: {
    control: 'Régie',
    home: 'Rostra',
    key: 'Clé de l’opérateur',
    key_hint: 'Rostra l’affiche au démarrage, dans l’adresse de cette page.',
    key_bad: 'Ce n’est pas la clé de l’opérateur de ce Rostra.',
    open: 'Ouvrir',
    lost: (s) =>
      `La régie ne répond pas. Nouvel essai dans ${s} s. Ce qui est à l’antenne continue sans elle.`,
    create: 'Annoncer un événement',
    title: 'Titre',
    start: (zone) => `Début (votre heure, ${zone})`,
    description: 'Description',
    language: 'Langue de la page',
    duration: 'Minutes, environ',
    people: 'Personnes',
    people_hint: 'Noms séparés par des virgules, tels que les auditeurs les verront.',
    create_it: 'Créer l’événement',
    created: (title) => `« ${title} » est annoncé. Voici ses liens :`,
    host_link: 'Pour l’hôte',
    host_hint: 'Qui l’a peut prendre l’antenne et terminer. À garder pour vous.',
    speaker_link: 'Pour les intervenants',
    speaker_hint: 'Qui l’a peut parler.',
    listener_link: 'Pour les auditeurs',
    listener_hint: 'Pour tout le monde.',
    copy: 'Copier',
    copied: 'Copié',
    copy_named: (what) => `Copier le lien : ${what}`,
    events: 'Événements',
    no_events: 'Aucun événement. Il suffit d’un titre et d’une heure.',
    phase: {
      scheduled: 'Prévu',
      doors_open: 'Portes ouvertes',
      live: 'En direct',
      ended: 'Terminé',
      posted: 'Publié',
      cancelled: 'Annulé',
    },
    choose: 'Choisissez un événement pour le voir ici.',
    open_doors: 'Ouvrir les portes',
    go_live: 'Prendre l’antenne',
    end: 'Terminer',
    cancel: 'Annuler l’événement',
    announce: 'Annoncer',
    announcement: 'Annonce à tous',
    announce_hint: 'Affichée sur la page de chaque auditeur.',
    move: 'Déplacer le début',
    new_start: (zone) => `Nouveau début (votre heure, ${zone})`,
    invite: 'Inviter quelqu’un',
    invite_name: 'Nom de la personne',
    invite_role: 'Rôle',
    role: { speaker: 'Intervenant', 'co-host': 'Co-hôte' },
    invite_hint:
      'Qui a le lien parle sous ce nom. Un co-hôte peut aussi prendre l’antenne et terminer.',
    invite_make: 'Créer le lien',
    invited: (name) => `Le lien pour ${name} est prêt. Copiez-le maintenant : il n’est pas gardé.`,
    yes: 'Oui',
    no: 'Non',
    stage: 'Sur scène',
    nobody: 'Personne n’est sur scène.',
    muted: 'micro coupé',
    away: 'connexion perdue',
    speaking: 'parle',
    listeners: ['auditeur connecté', 'auditeurs connectés'],
    people_and_files: 'Personnes, liens et fichiers',
    links: 'Liens',
    recordings: 'Enregistrements',
    no_recordings: 'Pas encore d’enregistrement.',
    programme: 'programme',
    stem: 'une voix',
    growing: 'en cours d’écriture',
    download: 'Télécharger',
    downloading: 'Téléchargement…',
    health: 'Santé',
    processes: 'Processus',
    up: 'en marche',
    down: 'à l’arrêt',
    restarts: ['redémarrage', 'redémarrages'],
    edges: 'Serveurs de diffusion',
    connections: 'connexions',
    held: 'en attente',
    requests: 'requêtes/s',
    refusals: 'refus/s',
    egress: 'Mbit/s',
    busy: 'charge',
    lag: 'retard ms',
    stage_health: 'Scène',
    late_ticks: 'tops en retard',
    concealed: 'trames masquées',
    lost_packets: 'paquets perdus',
    packager: 'Empaqueteur',
    behind: 'ms de retard',
    silence: 's de silence insérées',
    none: 'sans nouvelles',
    on_air_for: (time) => `${time} à l’antenne`,
    starts: (when) => when,
  },
};
