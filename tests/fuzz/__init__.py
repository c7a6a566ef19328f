"""Programs that send the parsers and a running server what nobody meant to send.

``make fuzz`` runs the full amounts; ``test_parsers.py`` and ``test_server.py`` a little of each.
"""
