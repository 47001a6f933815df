"""`python -m reachproof` is the command line."""

from reachproof.cli.main import main

if __name__ == "__main__":
    main()
