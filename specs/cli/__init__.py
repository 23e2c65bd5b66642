"""What every command line needs: the console and completion."""
