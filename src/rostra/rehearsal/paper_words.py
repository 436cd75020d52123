"""Words and numbers of certificates and summaries, in English and in French."""

from __future__ import annotations

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

EN = {
    "title": "Capacity certificate",
    "number": "Certificate {number}",
    "when": "Rehearsed {started} to {ended}, Rostra {version}",
    "carried_knee": "This house carried {carried} listeners at once at {gives}; "
    "with {knee}, {why}.",
    "carried_least": "This house carried {carried} listeners at once at {gives}; no larger crowd "
    "was tried, so its limit is not known.",
    "carried_void": "This house carried {carried} listeners at once at {gives}. With more, the "
    "virtual listeners themselves were at their limit, so the house's is not known.",
    "carried_none": "This house did not carry the smallest crowd that was tried ({knee} listeners "
    "at {gives}): {why}.",
    "carried_unknown": "This rehearsal did not find how many listeners the house carries.",
    "void": "This rehearsal is void: {why}. It says nothing about the house.",
    "void_label": "Void",
    "cut_short": "The rehearsal ended before its time: {why}. Only what it had by then is here.",
    "meaning": "Carried means: at most {stalled} of the listeners heard the sound stop for want of "
    "data, and 99 of 100 who came heard the first sound within {join} seconds.",
    "allowed": "The door lets in at most {allowed} there.",
    "rung_short": "Rung {rung}",
    "gives_0": "the lowest delay",
    "gives_1": "low delay",
    "gives_2": "segments of 4 s",
    "gives_3": "economy, segments of 6 s",
    "at_rung": "rung {rung} ({gives})",
    "at_rung_behind": "rung {rung} ({gives}, {behind} s behind the voice)",
    "rungs": "How many, at each level of service",
    "rung": "Service",
    "col_carried": "Carried",
    "col_knee": "Too many",
    "col_allowed": "The door allows",
    "col_basis": "Because of",
    "col_cpu": "CPU for one listener",
    "col_bytes": "Sound to one listener",
    "basis_knee": "its limit was found",
    "basis_cost": "measured cost: further than was seen",
    "basis_seen": "what was seen",
    "basis_nothing": "nothing was carried",
    "not_found": "not reached",
    "cpu_us": "{value} µs/s ({low} to {high})",
    "rate": "{value} kB/s",
    "joins": "Coming in: {value} people a second ({low} to {high}).",
    "usl": "Beyond what was tried, the scalability law expects no gain past {peak} listeners at "
    "rung {rung}.",
    "steps_title": "What the listeners heard as the crowd grew",
    "steps_stalled": "listeners whose sound stopped, %",
    "steps_join": "until the first sound, slowest of 100, s",
    "steps_x": "listeners at once",
    "bars_title": "Listeners at once",
    "bars_carried": "carried in rehearsal",
    "bars_allowed": "the door allows",
    "cost_title": "What one listener costs",
    "cost_cpu": "CPU, µs a second",
    "cost_bytes": "sound, kB a second",
    "limit": "limit",
    "too_many": "too many",
    "void_step": "void",
    "faults": "When something breaks",
    "fault": "What was broken",
    "fault_listeners": "Listeners",
    "fault_stalled": "Fell silent",
    "fault_silent": "Silence, mean",
    "fault_recovered": "All well again after",
    "fault_never": "not in the time watched",
    "fault_line": "{says}: {stalled} of {listeners} listeners fell silent; all was well again "
    "after {recovered}.",
    "fault_line_never": "{says}: {stalled} of {listeners} listeners fell silent; not all was well "
    "again in the time watched.",
    "night": "A night: the script “{script}”",
    "night_void": "The night is void: {why}. It says nothing about the house.",
    "night_line": "{people} people came, {joined} heard the sound, {gave_up} gave up. Half heard "
    "it within {p50}, 99 of 100 within {p99}. For {stalled} of them the sound stopped.",
    "night_inside": "listening",
    "night_waiting": "waiting",
    "night_stalled": "silent, no data",
    "night_x": "minutes",
    "run_on": "What was rehearsed, and on what",
    "program": "What was played",
    "machine": "Machine",
    "build": "Program (hash)",
    "settings": "Settings (hash)",
    "machine_hash": "Machine (hash)",
    "edges": "Audience processes",
    "generators": "The virtual listeners came from",
    "generator": "{name}: {machine}; at most {cpu} of a core, {late} ms late",
    "same_machine": "on this same machine",
    "other_machine": "on another machine",
    "settings_said": "The settings that matter",
    "doubts": "Doubts",
    "not_tested": "Not tested",
    "none_said": "None were noted.",
    "verify": "How to check this",
    "verify_words": "This page only shows a certificate; the signed document is what counts. Take "
    "it, and run:",
    "take": "the signed document",
    "key": "It is signed by the key",
    "key_words": "Ask whoever runs the house, by another way than this page, whether that is the "
    "house's key.",
    "holds_while": "It holds as long as program, settings and machine stay the same. The house "
    "compares them at each start.",
    "all_steps": "Every step",
    "col_listeners": "Listeners",
    "col_stalled": "Stopped",
    "col_join": "First sound, p99",
    "col_edges": "Edges' CPU",
    "col_generator": "Generator's CPU",
    "col_result": "Result",
    "carried": "carried",
    "cores": "{value} cores",
    "why_stalled": "the sound stopped for too many",
    "why_no_sound": "nobody heard anything",
    "why_no_sound_for_some": "some never heard the first sound",
    "why_joins_slow": "the first sound came too late",
    "why_gave_up": "too many gave up",
    "why_generator_cpu": "the virtual listeners' own machine was too busy",
    "why_generator_late": "the virtual listeners acted too late",
    "why_generator_sockets": "the virtual listeners' machine had no ports or files left",
    "why_generator_bounded": "the virtual listeners may ask no more often by the consent",
    "why_generator_lost": "a generator went away",
    "why_crowd_missing": "not all of the virtual listeners came",
    "why_too_short": "it was too short",
    "why_withdrawn": "the house withdrew it",
    "why_house_silent": "the house did not answer any more",
    "doubts_line": "Doubts: {said}.",
    "not_tested_line": "Not tested: {said}.",
}
FR = {
    "title": "Certificat de capacité",
    "number": "Certificat {number}",
    "when": "Répétition du {started} au {ended}, Rostra {version}",
    "carried_knee": "Cette maison a porté {carried} auditeurs à la fois à {gives} ; avec {knee}, "
    "{why}.",
    "carried_least": "Cette maison a porté {carried} auditeurs à la fois à {gives} ; aucun public "
    "plus grand n’a été essayé, sa limite n’est donc pas connue.",
    "carried_void": "Cette maison a porté {carried} auditeurs à la fois à {gives}. Au-delà, les "
    "auditeurs virtuels étaient eux-mêmes à leur limite : celle de la maison n’est pas connue.",
    "carried_none": "Cette maison n’a pas porté le plus petit public essayé ({knee} auditeurs à "
    "{gives}) : {why}.",
    "carried_unknown": "Cette répétition n’a pas trouvé combien d’auditeurs la maison porte.",
    "void": "Cette répétition est nulle : {why}. Elle ne dit rien de la maison.",
    "void_label": "Nulle",
    "cut_short": "La répétition a pris fin avant l’heure : {why}. Seul ce qu’elle avait alors "
    "figure ici.",
    "meaning": "Porter veut dire : au plus {stalled} des auditeurs ont entendu le son s’arrêter "
    "faute de données, et 99 arrivants sur 100 ont entendu le premier son en {join} secondes.",
    "allowed": "La porte y laisse entrer au plus {allowed} personnes.",
    "rung_short": "Échelon {rung}",
    "gives_0": "délai minimal",
    "gives_1": "délai court",
    "gives_2": "segments de 4 s",
    "gives_3": "économie, segments de 6 s",
    "at_rung": "l’échelon {rung} ({gives})",
    "at_rung_behind": "l’échelon {rung} ({gives}, {behind} s derrière la voix)",
    "rungs": "Combien, à chaque niveau de service",
    "rung": "Service",
    "col_carried": "Portés",
    "col_knee": "Trop",
    "col_allowed": "La porte admet",
    "col_basis": "En raison de",
    "col_cpu": "Calcul pour un auditeur",
    "col_bytes": "Son pour un auditeur",
    "basis_knee": "sa limite, trouvée",
    "basis_cost": "son coût mesuré : plus loin que ce qui a été vu",
    "basis_seen": "ce qui a été vu",
    "basis_nothing": "rien n’a été porté",
    "not_found": "pas atteint",
    "cpu_us": "{value} µs/s ({low} à {high})",
    "rate": "{value} ko/s",
    "joins": "Entrées : {value} personnes par seconde ({low} à {high}).",
    "usl": "Au-delà de ce qui a été essayé, la loi de passage à l’échelle n’attend aucun gain "
    "après {peak} auditeurs à l’échelon {rung}.",
    "steps_title": "Ce que les auditeurs ont entendu quand le public grandissait",
    "steps_stalled": "auditeurs dont le son s’est arrêté, %",
    "steps_join": "jusqu’au premier son, le plus lent sur 100, s",
    "steps_x": "auditeurs à la fois",
    "bars_title": "Auditeurs à la fois",
    "bars_carried": "portés en répétition",
    "bars_allowed": "admis par la porte",
    "cost_title": "Ce que coûte un auditeur",
    "cost_cpu": "calcul, µs par seconde",
    "cost_bytes": "son, ko par seconde",
    "limit": "limite",
    "too_many": "trop",
    "void_step": "nul",
    "faults": "Quand quelque chose casse",
    "fault": "Ce qui a été cassé",
    "fault_listeners": "Auditeurs",
    "fault_stalled": "Réduits au silence",
    "fault_silent": "Silence, en moyenne",
    "fault_recovered": "Tout va de nouveau après",
    "fault_never": "pas dans le temps observé",
    "fault_line": "{says} : {stalled} auditeurs sur {listeners} réduits au silence ; tout allait "
    "de nouveau après {recovered}.",
    "fault_line_never": "{says} : {stalled} auditeurs sur {listeners} réduits au silence ; tout "
    "n’allait pas de nouveau dans le temps observé.",
    "night": "Une nuit : le scénario « {script} »",
    "night_void": "La nuit est nulle : {why}. Elle ne dit rien de la maison.",
    "night_line": "{people} personnes sont venues, {joined} ont entendu le son, {gave_up} ont "
    "renoncé. La moitié l’a entendu en {p50}, 99 sur 100 en {p99}. Pour {stalled} d’entre eux le "
    "son s’est arrêté.",
    "night_inside": "écoutent",
    "night_waiting": "attendent",
    "night_stalled": "sans données",
    "night_x": "minutes",
    "run_on": "Ce qui a été répété, et sur quoi",
    "program": "Ce qui a été joué",
    "machine": "Machine",
    "build": "Programme (empreinte)",
    "settings": "Réglages (empreinte)",
    "machine_hash": "Machine (empreinte)",
    "edges": "Processus de diffusion",
    "generators": "Les auditeurs virtuels venaient de",
    "generator": "{name} : {machine} ; au plus {cpu} d’un cœur, {late} ms de retard",
    "same_machine": "sur cette même machine",
    "other_machine": "sur une autre machine",
    "settings_said": "Les réglages qui comptent",
    "doubts": "Doutes",
    "not_tested": "Non essayé",
    "none_said": "Aucun n’a été noté.",
    "verify": "Comment le vérifier",
    "verify_words": "Cette page ne fait que montrer un certificat ; c’est le document signé qui "
    "compte. Prenez-le et lancez :",
    "take": "le document signé",
    "key": "Il est signé par la clé",
    "key_words": "Demandez à qui tient la maison, par une autre voie que cette page, si c’est bien "
    "la clé de la maison.",
    "holds_while": "Il vaut tant que le programme, les réglages et la machine restent les mêmes. "
    "La maison les compare à chaque démarrage.",
    "all_steps": "Chaque palier",
    "col_listeners": "Auditeurs",
    "col_stalled": "Arrêts",
    "col_join": "Premier son, p99",
    "col_edges": "Calcul, diffusion",
    "col_generator": "Calcul, générateur",
    "col_result": "Résultat",
    "carried": "porté",
    "cores": "{value} cœurs",
    "why_stalled": "le son s’est arrêté pour trop d’entre eux",
    "why_no_sound": "personne n’a rien entendu",
    "why_no_sound_for_some": "certains n’ont jamais entendu le premier son",
    "why_joins_slow": "le premier son est venu trop tard",
    "why_gave_up": "trop de gens ont renoncé",
    "why_generator_cpu": "la machine des auditeurs virtuels était elle-même trop chargée",
    "why_generator_late": "les auditeurs virtuels ont agi trop tard",
    "why_generator_sockets": "la machine des auditeurs virtuels n’avait plus de ports ou de "
    "fichiers",
    "why_generator_bounded": "le consentement n’admet pas plus de requêtes",
    "why_generator_lost": "un générateur a disparu",
    "why_crowd_missing": "tous les auditeurs virtuels ne sont pas venus",
    "why_too_short": "c’était trop court",
    "why_withdrawn": "la maison l’a retirée",
    "why_house_silent": "la maison ne répondait plus",
    "doubts_line": "Doutes : {said}.",
    "not_tested_line": "Non essayé : {said}.",
}
WORDS: dict[Language, dict[str, str]] = {"en": EN, "fr": FR}
# What a rehearsal notes in English (rehearsal/assembly.py); other notes stay as they are.
NOTED_FR = {
    "listeners with more than one connection each, as browsers may open": "des auditeurs à "
    "plusieurs connexions chacun, comme les navigateurs peuvent en ouvrir",
    "the network between this machine and the world": "le réseau entre cette machine et le monde",
    "faults": "les pannes",
    "service levels": "les niveaux de service",
    "attacks": "les attaques",
    "generators and house shared the cores of one machine": "générateurs et maison se "
    "partageaient les cœurs d’une seule machine",
    "what is allowed goes beyond what was seen, by the measured cost": "ce qui est admis va plus "
    "loin que ce qui a été vu, d’après le coût mesuré",
    "every step was void": "tous les paliers étaient nuls",
    "no step was finished": "aucun palier n’a été achevé",
    "it was stopped by hand": "elle a été arrêtée à la main",
    "every listener lost the connection at once": "tous les auditeurs ont perdu la connexion à la "
    "fois",
    "an audience process was killed": "un processus du public a été tué",
    "the packager was killed": "le processus d’emballage a été tué",
    "the stage process was killed": "le processus de la scène a été tué",
    "control was killed": "la régie a été tuée",
    "another program took all cores for ten seconds": "un autre programme a pris tous les cœurs "
    "pendant dix secondes",
    "another program wrote to the disk for ten seconds": "un autre programme a écrit sur le disque "
    "pendant dix secondes",
}
_THIN = "\N{NARROW NO-BREAK SPACE}"


def say(language: Language, name: str, /, **values: str) -> str:
    """The words of that name with `values` put in."""
    text = WORDS[language][name]
    if language == "fr":  # French sets these off with a space that does not break
        for mark in ";:?!»":
            text = text.replace(f" {mark}", f"{_THIN}{mark}")
        text = text.replace("« ", f"«{_THIN}")
    return text.format(**values)


def why(language: Language, code: str) -> str:
    """A reason's or a void's code ("code" or "code: words") in words; unknown ones as they are."""
    return WORDS[language].get(f"why_{code.partition(': ')[0]}") or noted(language, code)


def noted(language: Language, text: str) -> str:
    """What a rehearsal noted ("words" or "words: names"), in that language where it is known."""
    if language == "en" or text in NOTED_FR:
        return NOTED_FR[text] if language == "fr" else text
    words, colon, names = text.partition(": ")
    return f"{NOTED_FR[words]}{_THIN}: {names}" if colon and words in NOTED_FR else text


def sentence(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]


def number(language: Language, value: float, digits: int = 0) -> str:
    """1234.5 as 1,234.5 or 1 234,5."""
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.replace(",", _THIN).replace(".", ",")


def rounded(language: Language, value: float) -> str:
    """A measured number with as many digits as it deserves."""
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return number(language, value, digits)


def share(language: Language, value: float, digits: int = 1) -> str:
    """0.005 as 0.5 %."""
    return f"{number(language, 100 * value, digits)}{_THIN}%"


def short(language: Language, value: float) -> str:
    """A tick of an axis: no digit more than it needs."""
    digits = next((d for d in range(4) if abs(round(value, d) - value) < 1e-9), 3)
    return number(language, value, digits)


def seconds(language: Language, value: float) -> str:
    """4.25 as 4.3 s, 90 as 1.5 min."""
    if value >= 90:
        return f"{number(language, value / 60, 1)}{_THIN}min"
    return f"{number(language, value, 1 if value < 10 else 0)}{_THIN}s"
