"""Commands beside the conversation, each loaded by the command line when it is called."""
