"""Secret values: read from the environment, from files, and from encrypted files in the repository.

    sources     references → values, each file decrypted once
    identities  which age identities this person or controller has
    encrypted   what an encrypted file is, what can be said of it without a key, and opening it
    edit        set, remove, rotate and list entries: bytes in, bytes out
    editor      a person's way through a whole file
    sops, age   the two envelopes; cipher is one SOPS value, comments are those of SOPS files
    notation    YAML, JSON and dotenv text ↔ tree, nested maps of scalars
    files       atomic writes, and a private folder for an editor

Two rules hold in all of them. Plain text is only ever in memory, or in that private folder. And no error holds a
value: foreign exceptions carry the text that they stumbled over, so none of them is chained, not even as a context:
errors are raised after the `except` block has ended.
"""
