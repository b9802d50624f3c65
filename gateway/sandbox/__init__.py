"""The other ends of the line, for `samspill demo`, `samspill bench` and the tests: an EHR, NAV and an employer.

Not production code, and nothing else may import it. Each is a real HTTPS server or client on loopback that demands and
shows certificates, checks what it gets against the schemas with libxml2 alone (so that it judges the gateway and does
not share its mistakes), keeps it in memory, and behaves as well or as badly as it is told.
"""
