"""NAV's messages: XML in MsgHead and fellesformat, application receipts, and what the employer gets."""
