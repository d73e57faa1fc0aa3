"""`python -m helpline` is the `havenline` command."""

from helpline.cli import main

main()
