"""NAV's published rules for a sick note, a dialogue message and a medical statement, run before it is sent.

    trees       the rules as records: trees of steps, and outcomes with NAV's texts
    load        reads them from `mappings/nav-rules/`, every mistake at once as `file:line:column`
    facts       what a note says that a step may ask; what only NAV knows is unknown
    message_facts  the same of a dialogue message and a statement
    kinds       which message is judged by which rules
    evaluate    a note through the trees, in NAV's order: what NAV will answer, or may
    tell        the answer as issues at the places of the sender's own message
    draw        the trees as a diagram

They are the authority's rules for what it accepts; who may see what is `gateway.policy`'s business.
"""
