"""Messages over ebMS 2.0: what goes to a party by its agreement, what comes from it, and the signals both ways.

`msh` writes, signs and checks messages for one party, `channel` delivers, `intake` takes in, `replies` sends what we
owe. A message's MessageId is that of its outgoing copy, the same at each attempt, so that a signal finds it and a
recipient knows it again. Acknowledgments tell that the transport has it; application receipts settle the rest.
"""
