"""NAV and KITH messages: MsgHead with its payloads, application receipts, and the employer's copy."""
