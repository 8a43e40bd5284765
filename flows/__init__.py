"""What happens, in order: one flow a module, and the `dataops` command."""
