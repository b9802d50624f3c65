"""`python -m gateway.sandbox.seal`: what NAV would post of a document, for those who try the gateway by hand.

Reads the document from standard input, and writes it signed, compressed and sealed for the gateway. The one argument
is the folder of the example certificates.
"""

import sys
import tempfile
from pathlib import Path

from gateway.edge.certs import private_copy
from gateway.sandbox.envelope import Envelope

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        keys = private_copy(Path(sys.argv[1]), Path(folder))
        sys.stdout.buffer.write(Envelope(keys).close(sys.stdin.buffer.read()))
