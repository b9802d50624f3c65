"""The privacy officer's console, and the patient's own page: server-rendered, without script, on a listener of its own.

Everything an officer looks at is in the disclosure log before it is shown. Pages hold codes, paths and pseudonyms, and
never a value of a message; the one exception is a held free text, in its own case, on an act of its own.
"""
