"""Samspill: a sick-leave interoperability gateway.

It translates between FHIR, NAV's XML messages and employer exports with declarative mappings,
and forwards nothing that consent and confidentiality rules do not permit.
"""
