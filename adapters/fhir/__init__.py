"""FHIR R4: the codec, and bundles read into and written from the canonical model."""
