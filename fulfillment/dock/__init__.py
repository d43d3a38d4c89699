"""Pages for the dock: made for a phone, a thumb and a scanner.

A page carries what was scanned in its own form: a form that is sent once more says the same, and counts nothing twice.
What is done by it (picked, packed, shipped, received) is done once for a page, by its ``press`` key.
"""
