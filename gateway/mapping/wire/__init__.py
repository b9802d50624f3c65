"""What a wire schema (FHIR, JSON, XSD) allows at each place, in the terms the compiler asks in."""
