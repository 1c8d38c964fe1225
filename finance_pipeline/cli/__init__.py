"""The command line: thin commands over the same functions that the assets call."""

from __future__ import annotations


def main() -> None:
    """Entry point of `finance-pipeline`. A Problem ends in its own words and exit code, never in a traceback."""
    import sys

    from rich.console import Console
    from rich.markup import escape

    from finance_pipeline.cli.app import app
    from finance_pipeline.core.problems import Problem

    log_to_stderr()
    try:
        app()
    except Problem as problem:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]Not done:[/] {escape(str(problem))}", highlight=False)
        sys.exit(problem.exit_code)


def log_to_stderr() -> None:
    """What is printed is what was asked for; what is logged stands beside it."""
    import sys

    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
