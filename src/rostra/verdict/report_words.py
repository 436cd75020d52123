"""Words and numbers of the report, in English and in French."""

from __future__ import annotations

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")
_THIN = "\u202f"

EN = {
    "title": "Verdict",
    "of": "{title}, announced for {start}",
    "provisional": "Provisional: the event is not over.",
    "ATTACK": "It was an attack: the crowd alone would have been served.",
    "NOT READY": "It was not an attack: the house was not ready for the crowd that came.",
    "BOTH NEEDED": "It took both: an attack, and a house without room to spare. Neither alone "
    "would have done this harm.",
    "EITHER SUFFICED": "There was an attack, and without it the house would have failed too.",
    "FAULT": "It was a fault of the house: without it, the crowd would have been served.",
    "NO HARM": "Nothing happened that listeners would have noticed much.",
    "UNDETERMINED": "The records do not tell what it was.",
    "likeliest": "The likeliest answer would be “{word}”, with {probability}.",
    "sure": "Probability {probability}.",
    "word_ATTACK": "attack", "word_NOT READY": "not ready", "word_BOTH NEEDED": "both needed",
    "word_EITHER SUFFICED": "either sufficed", "word_FAULT": "fault", "word_NO HARM": "no harm",
    "word_UNDETERMINED": "undetermined",
    "harm": "Listeners lost {harm} minutes in all, waiting beyond what was promised or hearing "
    "nothing; up to {threshold} would not be called harm.",
    "timeline": "The night, second by second",
    "demand": "people who wanted to listen", "inside": "people inside",
    "capacity": "capacity, with its interval", "attack": "attack, in listeners' work",
    "refused": "requests refused a second", "stalled": "listeners out of sound",
    "rung": "level of service (rung)", "start": "announced start", "speech": "first speech",
    "fault": "capacity lost to faults",
    "what_if": "What would have happened",
    "without_attack": "without the attack",
    "within_promise": "with a crowd within the promise, and no fault",
    "was": "as it was",
    "case": "The night", "minutes": "Lost minutes", "between": "95 % between",
    "shares": "Shares of the harm (Shapley; a secondary figure)",
    "cause": "Cause", "share": "Share",
    "cause_crowd": "crowd beyond the promise", "cause_attack": "attack",
    "cause_retries": "people asking again", "cause_fault": "fault",
    "order": "What began first",
    "onset_crowd": "the crowd exceeded the promise", "onset_attack": "the attack began",
    "onset_retries": "people began to ask again", "onset_fault": "capacity was lost",
    "onset_harm": "listeners began to suffer",
    "delay": "The first speech was heard {seconds} s after the announced start.",
    "delay_unknown": "When the first speech was heard was not recorded.",
    "limits": "What was not observed",
    "limit_network": "Traffic that never reached the house: no volumetric data was supplied.",
    "limit_who": "Who attacked, and why: nothing here names anybody.",
    "limit_seen": "Of the seconds that audience processes should have reported, {share} were.",
    "limit_silent": "These audience processes never reported: {edges}.",
    "limit_bots": "Bots that behave like listeners in every recorded way count as listeners.",
    "reasons": "Why it is not surer, and what to know",
    "check": "How to check it",
    "check_how": "The sealed records and this page's program give the same bytes on any machine:",
    "check_root": "Root of the ledger", "check_key": "Public key", "check_model": "Model",
    "compare": "Several nights",
    "col_event": "Event", "col_planned": "Announced", "col_real": "First speech",
    "col_crowd": "Most people at once", "col_inside": "Most inside", "col_harm": "Lost minutes",
    "col_verdict": "Verdict", "col_probability": "Probability",
    "close": "Two answers are about as likely.",
    "capacity_flips": "Within the interval of the measured capacity, the answer changes.",
    "missing_flips": "What nobody reported could change the answer.",
    "unexplained": "No recorded cause explains what listeners met.",
    "attack_uncertain": "The attack may have been too small to count.",
    "no_records": "Nothing was recorded.",
    "no_certificate": "No rehearsal said how many the house bears: its capacity is a wide guess.",
    "certificate_lapsed": "The rehearsal was of another build, setting or machine.",
    "edge_silent": "An audience process never reported.",
    "house_silent": "For part of the night, nobody wrote down how many waited.",
    "retries_amplified": "People who asked again made it what it was.",
    "operator_act": "The operator took part of the capacity (a cap, or a hold).",
}  # fmt: skip
FR = {
    "title": "Verdict",
    "of": "{title}, annoncé pour {start}",
    "provisional": "Provisoire : l’événement n’est pas terminé.",
    "ATTACK": "C’était une attaque : le public seul aurait été servi.",
    "NOT READY": "Ce n’était pas une attaque : la maison n’était pas prête pour le public venu.",
    "BOTH NEEDED": "Il a fallu les deux : une attaque, et une maison sans réserve. Ni l’une ni "
    "l’autre n’aurait suffi.",
    "EITHER SUFFICED": "Il y a eu une attaque, et sans elle la maison aurait cédé aussi.",
    "FAULT": "C’était une panne de la maison : sans elle, le public aurait été servi.",
    "NO HARM": "Rien ne s’est passé que les auditeurs auraient vraiment remarqué.",
    "UNDETERMINED": "Les relevés ne disent pas ce que c’était.",
    "likeliest": "La réponse la plus probable serait « {word} », avec {probability}.",
    "sure": "Probabilité {probability}.",
    "word_ATTACK": "attaque", "word_NOT READY": "pas prêt", "word_BOTH NEEDED": "les deux ensemble",
    "word_EITHER SUFFICED": "l’un ou l’autre suffisait", "word_FAULT": "panne",
    "word_NO HARM": "sans dommage", "word_UNDETERMINED": "indéterminé",
    "harm": "Les auditeurs ont perdu {harm} minutes en tout, à attendre plus que promis ou sans "
    "rien entendre ; jusqu’à {threshold}, on ne parle pas de dommage.",
    "timeline": "La soirée, seconde par seconde",
    "demand": "personnes qui voulaient écouter", "inside": "personnes à l’intérieur",
    "capacity": "capacité, avec son intervalle", "attack": "attaque, en travail d’auditeurs",
    "refused": "requêtes refusées par seconde", "stalled": "auditeurs sans son",
    "rung": "niveau de service (palier)", "start": "début annoncé", "speech": "première parole",
    "fault": "capacité perdue en pannes",
    "what_if": "Ce qui serait arrivé",
    "without_attack": "sans l’attaque",
    "within_promise": "avec un public dans la limite promise, et sans panne",
    "was": "telle quelle",
    "case": "La soirée", "minutes": "Minutes perdues", "between": "95 % entre",
    "shares": "Parts du dommage (Shapley ; chiffre secondaire)",
    "cause": "Cause", "share": "Part",
    "cause_crowd": "public au-delà de la promesse", "cause_attack": "attaque",
    "cause_retries": "demandes répétées", "cause_fault": "panne",
    "order": "Ce qui a commencé d’abord",
    "onset_crowd": "le public a dépassé la promesse", "onset_attack": "l’attaque a commencé",
    "onset_retries": "les demandes répétées ont commencé",
    "onset_fault": "de la capacité s’est perdue",
    "onset_harm": "les auditeurs ont commencé à en souffrir",
    "delay": "La première parole a été entendue {seconds} s après le début annoncé.",
    "delay_unknown": "Le moment de la première parole n’a pas été relevé.",
    "limits": "Ce qui n’a pas été observé",
    "limit_network": "Le trafic qui n’a pas atteint la maison : aucune donnée de volume n’a été "
    "fournie.",
    "limit_who": "Qui a attaqué, et pourquoi : rien ici ne nomme personne.",
    "limit_seen": "Des secondes que la diffusion devait relever, {share} l’ont été.",
    "limit_silent": "Ces processus de diffusion n’ont jamais rien relevé : {edges}.",
    "limit_bots": "Des robots en tout semblables à des auditeurs comptent comme auditeurs.",
    "reasons": "Pourquoi ce n’est pas plus sûr, et ce qu’il faut savoir",
    "check": "Comment le vérifier",
    "check_how": "Les relevés scellés et le programme de cette page donnent partout les mêmes "
    "octets :",
    "check_root": "Racine du registre", "check_key": "Clé publique", "check_model": "Modèle",
    "compare": "Plusieurs soirées",
    "col_event": "Événement", "col_planned": "Annoncé", "col_real": "Première parole",
    "col_crowd": "Personnes à la fois, au plus", "col_inside": "À l’intérieur, au plus",
    "col_harm": "Minutes perdues", "col_verdict": "Verdict", "col_probability": "Probabilité",
    "close": "Deux réponses sont à peu près aussi probables.",
    "capacity_flips": "Dans l’intervalle de la capacité mesurée, la réponse change.",
    "missing_flips": "Ce que personne n’a relevé pourrait changer la réponse.",
    "unexplained": "Aucune cause relevée n’explique ce que les auditeurs ont vécu.",
    "attack_uncertain": "L’attaque était peut-être trop petite pour compter.",
    "no_records": "Rien n’a été relevé.",
    "no_certificate": "Aucune répétition n’a dit combien la maison porte : sa capacité est estimée "
    "au plus large.",
    "certificate_lapsed": "La répétition était d’un autre programme, réglage ou machine.",
    "edge_silent": "Un processus de diffusion n’a jamais rien relevé.",
    "house_silent": "Pour une partie de la soirée, personne n’a noté combien attendaient.",
    "retries_amplified": "Les demandes répétées en ont fait ce que c’était.",
    "operator_act": "L’opérateur a retiré une partie de la capacité (plafond ou suspension).",
}  # fmt: skip
WORDS: dict[Language, dict[str, str]] = {"en": EN, "fr": FR}


def say(language: Language, name: str, /, **values: str) -> str:
    """The text `name`. KeyError if there is none, or a value is missing."""
    text = WORDS[language][name]
    return text.format(**values) if values else text


def number(language: Language, value: float, digits: int = 0) -> str:
    """With the language's separators."""
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.replace(",", _THIN).replace(".", ",")


def percent(language: Language, value: float) -> str:
    """A share in whole per cent; never all or nothing where it is neither."""
    whole = round(100 * value)
    if 0 < value < 1:
        whole = min(99, max(1, whole))
    return f"{whole}{_THIN}%"
