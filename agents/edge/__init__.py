"""Steps done elsewhere: a worker with a token leases one, shows that it lives, and hands back a typed result.

Policy and state stay here: what comes back is a step's result like any other, checked against what its task gives,
under the same fence, and it can carry out nothing.
"""
