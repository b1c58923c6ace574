"""`python -m dagster_project.cli`: the same commands where no script is installed."""

from dagster_project.cli import main

main()
