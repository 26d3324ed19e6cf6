"""The sync engine, one file per phase: run -> pull -> match -> merge -> plan -> gate -> push."""
