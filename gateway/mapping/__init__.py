"""The two-way mapping language: one file says how a wire format and the canonical model correspond.

    load           YAML text → a `Mapping`, every mistake with its position
    wire           what the format's own schema allows where
    check          a `Mapping`, the model and the wire schema → a tree of `Place`s, or all mistakes at once
    compile        the tree → readable Python source, plain and with the report, cut to the data classes of a route
    run            what the generated source calls, and the account of every leaf read, released and written
    questionnaire  the tree → the FHIR Questionnaire that the mapping publishes

Pure: files are read by the edge and handed in.
"""
