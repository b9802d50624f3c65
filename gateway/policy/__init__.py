"""Confidentiality: the rules as data, the decision, its enforcement, and the proof that it keeps its promises.

    nodes, load       YAML as text with positions → rules, every mistake at once
    rules             what a rule is, and the bit-mask table it compiles to
    facts, elements   what is known about a message, and about each of its elements
    pdp               the decision: per class, every rule that spoke
    pep               the only maker of `Released`
    origins           where the leaves of what was released stood before
    consent, provision, consent_facts
                      FHIR R4 Consent → the facts `consent` and `patient-act`
    labels, screen    security labels; the look for a diagnosis in free text
    space, invariants, breaches, prove
                      every abstract state, and what must hold in it
    mutate, difference
                      whether anything would notice a changed rule, and what a new version releases
    examples          the worked examples
    authzen           a decision in the shape of AuthZEN 1.0
    cedar             the same rules for a second engine, which must agree
    data_map, legal_rows
                      who may get what, and which rules carry each row of the legal notes, in words
    question          what of an answer is beyond what was asked

Everything here is pure, save that `load` (and so `prove.check`) reads the rule files from their directory.
"""
