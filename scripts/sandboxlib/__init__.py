"""The parts of scripts/sandbox, one server or one concern a file. Standard library only."""
