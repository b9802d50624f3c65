"""Confidentiality: the rules as data, the decision, its enforcement, and the proof that it keeps its promises.

    nodes, load       YAML as text with positions → rules, every mistake at once
    rules             what a rule is, and the bit-mask table it compiles to
    facts, elements   what is known about a message, and about each of its elements
    pdp               the decision: per class, every rule that spoke
    pep               the only maker of `Released`
    consent           FHIR R4 Consent → the facts `consent` and `patient-act`
    labels, screen    security labels; the look for a diagnosis in free text
    space, invariants, prove, mutate
                      every abstract state, what must hold in it, and whether anything would notice a changed rule
    cedar             the same rules for a second engine, which must agree
    data_map          who may get what, in words

Everything here is pure, save that `load` reads the rule files from their directory.
"""
