"""The two-way mapping language: one file says how a wire format and the canonical model correspond.

    load     YAML text → a `Mapping`, every mistake with its position
    check    a `Mapping`, the model and the wire schema → a tree of `Place`s, or all mistakes at once
    compile  the tree → readable Python source, plain and with the report, cut to the data classes of a route
    run      what the generated source calls
    report   what was read, released and written, joined into one account of every leaf

Pure: files are read by the edge and handed in.
"""
