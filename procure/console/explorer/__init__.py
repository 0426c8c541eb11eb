"""The ledger explorer: what to look for, how much happened when, one entry with its proof, one object as of a time."""
