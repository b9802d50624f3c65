"""NHN's EDI 2.0: messages carried by the health network's own message service, which we call and nobody calls us.

Our calls are proved by HelseID (`helseid`), the names of the service stand in `api`, `service` calls it, `channel`
sends, and `poll` fetches.
"""
