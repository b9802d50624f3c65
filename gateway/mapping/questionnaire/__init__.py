"""The FHIR Questionnaire that a mapping publishes, made from its checked tree and the texts beside it."""
