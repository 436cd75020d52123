// The shield in words: what comes in, what is refused and why, and what an operator may do.

import { count, type Dictionary } from '../ground/words.ts';
import type { Question } from './question_words.ts';

const EN = {
  title: 'The shield',
  silent: (seconds: number) =>
    `The shield’s figures do not arrive. Trying again in ${seconds} s. Edges go on as they were told.`,
  since: (time: string) => ` since ${time}`,
  states: [
    () => 'Peace. Listeners explain what comes in; nothing is refused.',
    (since: string) => `Watch${since}. More comes in than listeners explain.`,
    (since: string) => `Under attack${since}.`,
    (since: string) => `Siege${since}. The edges are full of what no listener explains.`,
  ] as readonly ((since: string) => string)[],
  off: 'The shield is off: nothing is refused by where it comes from.',
  failed:
    'The part that decides has failed. Nobody new gets a ticket until it is back; listeners inside go on.',
  began: (time: string) => ` It began about ${time}.`,
  unexplained: (n: string) => `About ${n} requests a second that no listener explains;`,
  met: (share: string) => `${share} of them are slowed or refused.`,
  not_refused: 'none is refused (dry run).',
  untouched: (n: number) => `${count(n, 'en', ['listener', 'listeners'])} here are not touched.`,
  dry: 'Dry run: nothing is refused. The figures say what would be.',
  by_operator: 'You switched “under attack” on, so budgets are tight whatever comes.',
  why: {
    calm: 'Listeners explain what comes in.',
    demand_unexplained: 'Much more is asked for than the listeners who come explain.',
    refusals_many: 'Many go on asking although they are refused.',
    edges_suffer: 'The edges are too busy with what no listener explains.',
    before: 'It was so before the part that decides was started again.',
    operator: 'An operator chose it.',
  } as Readonly<Record<string, string>>,

  attack: 'Under attack',
  attack_hint: 'Tight budgets at once, and until you switch it off. Else Rostra decides.',
  dry_run: 'Dry run',
  dry_run_hint: 'Only count and show; refuse nobody.',
  switch_on: 'Switch the shield on',

  more: 'What comes in, and what is refused',
  numbers: {
    incoming: 'Asked without a ticket, a second',
    refused: 'Refused a second',
    slowed: 'Slowed a second',
    sources: 'Networks that ask',
    listeners: 'Listeners here',
    busy: 'Busiest edge',
    challenges: 'Challenges solved a second',
  },
  explained: (n: string) => `${n} explained by listeners`,
  dropped: (n: string) => `${n} connections dropped`,
  banned: (n: string) => `${n} banned`,
  not_touched: 'not touched',
  given: (n: string) => `of ${n} given`,
  units: 'Counted by cost: one is the work of one small answer; a large file counts as several.',

  charts: {
    incoming: 'Asked without a ticket, a second',
    refused: 'Refused a second, by reason',
    busy: 'Busiest edge',
    sources: 'Networks that ask',
  },
  lines: {
    explained: 'listeners explain',
    unexplained: 'nobody explains',
    others: 'other reasons',
  },

  worst: 'Networks, the worst first',
  worst_none: 'No network is suspected of anything just now.',
  worst_more: (n: string) => `${n} more are not shown.`,
  heads: ['Network', 'Listeners', 'Asked lately', 'What it did', 'What you can do'],
  share: (percent: string) => `${percent} explained`,
  held: {
    allowed: 'always allowed',
    listeners: 'banned no further: listeners are there',
  } as Readonly<Record<string, string>>,
  near: 'Neighbourhoods with several of them',
  near_state: (bans: string, suspects: string) => `${bans} banned, ${suspects} suspected`,
  connections: (n: number) => count(n, 'en', ['connection', 'connections']),
  listed: { allow: 'always allowed', deny: 'kept out by you' },
  allow: 'Allow',
  deny: 'Keep out',
  lift: 'Lift the ban',
  forget: 'Take off the list',
  named: (act: string, source: string) => `${act}: ${source}`,

  bans: 'Bans',
  bans_none: 'Nobody is banned.',
  bans_more: (n: string) => `${n} more are not shown.`,
  why_mark: ': ',
  left: (time: string) => `ends in ${time}`,
  clear: 'Lift all bans',
  steps: {
    refuse: 'refused',
    slow: 'one answer a second',
    drop: 'connections dropped',
    kernel: 'dropped by the kernel',
  } as Readonly<Record<string, string>>,
  minutes_left: (n: string) => `${n} min`,
  seconds_left: (n: string) => `${n} s`,

  lists: 'Always allowed, and kept out',
  lists_hint: 'These hold until you take them off.',
  list_none: 'Neither list has a network in it.',
  network: 'Network',
  network_hint: 'An address or a prefix: 203.0.113.7, 203.0.113.0/24, 2001:db8::/64.',

  kernel_drops: (n: string) => `${n} packets dropped there so far.`,
  would: (reason: string) => `${reason} (would be)`,
  reasons: {
    source_spent: 'network spent its budget',
    connection_spent: 'connection spent its budget',
    source_banned: 'network is banned',
    pass_overused: 'a listener asked for more than a player needs',
    connections_crowded: 'too many connections',
    challenge_required: 'challenge not solved yet',
    challenge_failed: 'challenge failed',
    challenge_waits: 'waits instead of a challenge',
    shield_failed: 'the shield itself failed',
    overspent: 'asked for many times what its listeners need',
    garbage: 'sent what is no valid request',
    no_pass: 'asked for sound without a pass',
    pass_replayed: 'used one pass from many places',
    unsolved: 'failed challenges, solved none',
    nonce_invented: 'showed a proof of listening that no sound carried',
    path_strange: 'does not ask as a player asks',
    decoy: 'followed a link that no person sees',
    slow_head: 'sends requests too slowly for a browser',
    slow_read: 'reads answers too slowly to hear them',
    idle_flood: 'holds many connections without using them',
    operator: 'you keep it out',
  } as Readonly<Record<string, string>>,
  done: {
    refused: 'refused',
    slowed: 'slowed',
    dropped: 'connection dropped',
    crowded: 'too many connections',
  } as Readonly<Record<string, string>>,

  log: 'What was done to the shield',
  acts: {
    mode: 'Who decides',
    dry_run: 'Dry run',
    allow: 'Always allowed',
    deny: 'Kept out',
    forget: 'Taken off the lists',
    lift: 'Ban lifted',
    clear: 'All bans lifted',
  } as Readonly<Record<string, string>>,
  values: {
    auto: 'Rostra decides',
    attack: 'under attack',
    off: 'shield off',
    yes: 'yes',
    no: 'no',
    'a network': 'a network (its address is not kept)',
  } as Readonly<Record<string, string>>,

  ask: {
    attack_on: (listeners: string): Question => [
      'Act as under attack?',
      `Budgets become tight at once: what no listener explains is slowed, then refused, and a new ticket may need a challenge. The ${listeners} listeners here are not touched. It stays so until you switch it off.`,
    ],
    attack_off: (refused: string): Question => [
      'Let Rostra decide again?',
      `It eases once it has been calm for about a minute. ${refused} requests a second are refused now.`,
    ],
    dry_on: (refused: string, bans: string): Question => [
      'Refuse nobody, and only count?',
      `The ${refused} requests a second that are refused now are answered again, and ${bans} bans rest. The figures go on saying what would be done.`,
    ],
    dry_off: (banned: string): Question => [
      'Let the shield act again?',
      `From now on it does what it says, with ${banned} bans at once.`,
    ],
    on: (banned: string): Question => [
      'Switch the shield on?',
      `Rostra decides from now on what is refused, with ${banned} bans at once.`,
    ],
    allow: (source: string): Question => [
      `Always allow ${source}?`,
      'Nothing from there is slowed, refused or banned for where it comes from. What one pass may ask for stays bounded.',
    ],
    deny: (source: string, listeners: string): Question => [
      `Keep ${source} out?`,
      `Whoever connects from there is dropped at once, listeners too: ${listeners} are there now.`,
    ],
    deny_unseen: (source: string): Question => [
      `Keep ${source} out?`,
      'Whoever connects from there is dropped at once, listeners too.',
    ],
    forget: (source: string): Question => [
      `Take ${source} off the list?`,
      'From now on it is judged like any other network.',
    ],
    lift: (source: string): Question => [
      `Lift the ban of ${source}?`,
      'They may ask again at once. If they go on as before, they are banned again.',
    ],
    clear: (bans: string): Question => [
      'Lift all bans?',
      `${bans} networks may ask again at once. Those who go on as before are banned again.`,
    ],
    undo: (what: string): Question => ['Take this back?', `${what}. It is again as it was before.`],
  },
};

type ShieldWords = typeof EN;

const FR: ShieldWords = {
  title: 'Le bouclier',
  silent: (seconds) =>
    `Les chiffres du bouclier n’arrivent pas. Nouvel essai dans ${seconds} s. Les diffuseurs continuent comme on le leur a dit.`,
  since: (time) => ` depuis ${time}`,
  states: [
    () => 'Paix. Les auditeurs expliquent ce qui arrive ; rien n’est refusé.',
    (since) => `En veille${since}. Il arrive plus que ce que les auditeurs expliquent.`,
    (since) => `Attaque en cours${since}.`,
    (since) => `Siège${since}. Les diffuseurs sont pleins de ce qu’aucun auditeur n’explique.`,
  ],
  off: 'Le bouclier est éteint : rien n’est refusé d’après son origine.',
  failed:
    'La partie qui décide est en panne. Personne de nouveau n’a de ticket avant son retour ; les auditeurs entrés continuent.',
  began: (time) => ` Cela a commencé vers ${time}.`,
  unexplained: (n) => `Environ ${n} requêtes par seconde qu’aucun auditeur n’explique ;`,
  met: (share) => `${share} d’entre elles sont ralenties ou refusées.`,
  not_refused: 'aucune n’est refusée (marche à blanc).',
  untouched: (n) =>
    `${count(n, 'fr', ['auditeur présent n’est pas touché', 'auditeurs présents ne sont pas touchés'])}.`,
  dry: 'Marche à blanc : rien n’est refusé. Les chiffres disent ce qui le serait.',
  by_operator: 'Vous avez mis « attaque » : les budgets sont serrés quoi qu’il arrive.',
  why: {
    calm: 'Les auditeurs expliquent ce qui arrive.',
    demand_unexplained: 'On demande bien plus que ce qu’expliquent les auditeurs qui viennent.',
    refusals_many: 'Beaucoup continuent de demander alors qu’on les refuse.',
    edges_suffer: 'Les diffuseurs sont trop occupés de ce qu’aucun auditeur n’explique.',
    before: 'C’était ainsi avant que la partie qui décide redémarre.',
    operator: 'Un opérateur l’a choisi.',
  },

  attack: 'Attaque en cours',
  attack_hint: 'Budgets serrés tout de suite, jusqu’à ce que vous l’ôtiez. Sinon Rostra décide.',
  dry_run: 'Marche à blanc',
  dry_run_hint: 'Compter et montrer seulement ; ne refuser personne.',
  switch_on: 'Allumer le bouclier',

  more: 'Ce qui arrive, et ce qui est refusé',
  numbers: {
    incoming: 'Demandé sans ticket, par seconde',
    refused: 'Refus par seconde',
    slowed: 'Ralentis par seconde',
    sources: 'Réseaux qui demandent',
    listeners: 'Auditeurs présents',
    busy: 'Diffuseur le plus chargé',
    challenges: 'Épreuves résolues par seconde',
  },
  explained: (n) => `${n} expliqués par des auditeurs`,
  dropped: (n) => `${n} connexions coupées`,
  banned: (n) => `${n} bannis`,
  not_touched: 'pas touchés',
  given: (n) => `sur ${n} données`,
  units:
    'Compté d’après le coût : un vaut le travail d’une petite réponse ; un grand fichier compte pour plusieurs.',

  charts: {
    incoming: 'Demandé sans ticket, par seconde',
    refused: 'Refus par seconde, par raison',
    busy: 'Diffuseur le plus chargé',
    sources: 'Réseaux qui demandent',
  },
  lines: {
    explained: 'expliqué par des auditeurs',
    unexplained: 'inexpliqué',
    others: 'autres raisons',
  },

  worst: 'Les réseaux, le pire d’abord',
  worst_none: 'Aucun réseau n’est suspect en ce moment.',
  worst_more: (n) => `${n} autres ne sont pas montrés.`,
  heads: [
    'Réseau',
    'Auditeurs',
    'Demandé il y a peu',
    'Ce qu’il a fait',
    'Ce que vous pouvez faire',
  ],
  share: (percent) => `${percent} expliqué`,
  held: {
    allowed: 'toujours admis',
    listeners: 'pas banni plus fort : des auditeurs y sont',
  },
  near: 'Voisinages qui en ont plusieurs',
  near_state: (bans, suspects) => `${bans} bannis, ${suspects} suspects`,
  connections: (n) => count(n, 'fr', ['connexion', 'connexions']),
  listed: { allow: 'toujours admis', deny: 'exclu par vous' },
  allow: 'Admettre',
  deny: 'Exclure',
  lift: 'Lever le ban',
  forget: 'Ôter de la liste',
  named: (act, source) => `${act} : ${source}`,

  bans: 'Bannis',
  bans_none: 'Personne n’est banni.',
  bans_more: (n) => `${n} autres ne sont pas montrés.`,
  why_mark: ' : ',
  left: (time) => `finit dans ${time}`,
  clear: 'Lever tous les bans',
  steps: {
    refuse: 'refusé',
    slow: 'une réponse par seconde',
    drop: 'connexions coupées',
    kernel: 'coupé par le noyau',
  },
  minutes_left: (n) => `${n} min`,
  seconds_left: (n) => `${n} s`,

  lists: 'Toujours admis, et exclus',
  lists_hint: 'Elles valent jusqu’à ce que vous les ôtiez.',
  list_none: 'Aucune des deux listes n’a de réseau.',
  network: 'Réseau',
  network_hint: 'Une adresse ou un préfixe : 203.0.113.7, 203.0.113.0/24, 2001:db8::/64.',

  kernel_drops: (n) => `${n} paquets coupés là jusqu’ici.`,
  would: (reason) => `${reason} (le serait)`,
  reasons: {
    source_spent: 'budget du réseau épuisé',
    connection_spent: 'budget de la connexion épuisé',
    source_banned: 'réseau banni',
    pass_overused: 'un auditeur a demandé plus que n’en veut un lecteur',
    connections_crowded: 'trop de connexions',
    challenge_required: 'épreuve pas encore résolue',
    challenge_failed: 'épreuve manquée',
    challenge_waits: 'attend à la place d’une épreuve',
    shield_failed: 'le bouclier lui-même est en panne',
    overspent: 'a demandé bien plus que ses auditeurs',
    garbage: 'a envoyé ce qui n’est pas une requête',
    no_pass: 'a demandé le son sans laissez-passer',
    pass_replayed: 'a utilisé un laissez-passer de partout',
    unsolved: 'a manqué des épreuves, résolu aucune',
    nonce_invented: 'a montré une preuve d’écoute qu’aucun son ne portait',
    path_strange: 'ne demande pas comme un lecteur',
    decoy: 'a suivi un lien que personne ne voit',
    slow_head: 'envoie trop lentement pour un navigateur',
    slow_read: 'lit trop lentement pour entendre',
    idle_flood: 'tient des connexions sans s’en servir',
    operator: 'vous l’excluez',
  },
  done: {
    refused: 'refusé',
    slowed: 'ralenti',
    dropped: 'connexion coupée',
    crowded: 'trop de connexions',
  },

  log: 'Ce qui a été fait au bouclier',
  acts: {
    mode: 'Qui décide',
    dry_run: 'Marche à blanc',
    allow: 'Toujours admis',
    deny: 'Exclu',
    forget: 'Ôté des listes',
    lift: 'Ban levé',
    clear: 'Tous les bans levés',
  },
  values: {
    auto: 'Rostra décide',
    attack: 'attaque en cours',
    off: 'bouclier éteint',
    yes: 'oui',
    no: 'non',
    'a network': 'un réseau (son adresse n’est pas gardée)',
  },

  ask: {
    attack_on: (listeners) => [
      'Agir comme sous une attaque ?',
      `Les budgets se serrent aussitôt : ce qu’aucun auditeur n’explique est ralenti, puis refusé, et un nouveau ticket peut demander une épreuve. Les ${listeners} auditeurs présents ne sont pas touchés. Cela dure jusqu’à ce que vous l’ôtiez.`,
    ],
    attack_off: (refused) => [
      'Laisser Rostra décider de nouveau ?',
      `Il desserre après une minute de calme environ. ${refused} requêtes par seconde sont refusées en ce moment.`,
    ],
    dry_on: (refused, bans) => [
      'Ne refuser personne, et seulement compter ?',
      `Les ${refused} requêtes par seconde refusées en ce moment ont de nouveau une réponse, et ${bans} bans se reposent. Les chiffres disent toujours ce qui serait fait.`,
    ],
    dry_off: (banned) => [
      'Laisser agir le bouclier ?',
      `Il fait désormais ce qu’il dit, avec ${banned} bans aussitôt.`,
    ],
    on: (banned) => [
      'Allumer le bouclier ?',
      `Rostra décide désormais de ce qui est refusé, avec ${banned} bans aussitôt.`,
    ],
    allow: (source) => [
      `Toujours admettre ${source} ?`,
      'Rien qui en vient n’est ralenti, refusé ou banni d’après son origine. Ce que peut demander un laissez-passer reste borné.',
    ],
    deny: (source, listeners) => [
      `Exclure ${source} ?`,
      `Qui s’en connecte est coupé aussitôt, auditeurs compris : il y en a ${listeners} en ce moment.`,
    ],
    deny_unseen: (source) => [
      `Exclure ${source} ?`,
      'Qui s’en connecte est coupé aussitôt, auditeurs compris.',
    ],
    forget: (source) => [
      `Ôter ${source} de la liste ?`,
      'Il est désormais jugé comme tout autre réseau.',
    ],
    lift: (source) => [
      `Lever le ban de ${source} ?`,
      'Ils peuvent redemander aussitôt. S’ils continuent comme avant, ils sont bannis de nouveau.',
    ],
    clear: (bans) => [
      'Lever tous les bans ?',
      `${bans} réseaux peuvent redemander aussitôt. Qui continue comme avant est banni de nouveau.`,
    ],
    undo: (what) => ['Revenir en arrière ?', `${what}. Tout redevient comme avant.`],
  },
};

export const SHIELD_WORDS: Dictionary<ShieldWords> = { en: EN, fr: FR };
