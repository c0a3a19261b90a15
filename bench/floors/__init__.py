"""The floors: the least that an action costs with this server, and with this database.

What a change of our own code can gain is what lies between the product and its floors.
"""
