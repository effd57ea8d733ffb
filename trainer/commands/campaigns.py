"""`report`: a device's campaign as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainer.commands.options import AsJson, command
from trainer.console import errors_in_one_line, print_json

Campaign = Annotated[str, typer.Argument(help="Campaign on the device, by id or name.")]
Page = Annotated[Path, typer.Option("--out", help="HTML file to write.")]
Address = Annotated[str, typer.Option("--device", envvar="OSTWALD_DEVICE", help="HOST:PORT of the daemon.")]


@command
def report(
    campaign: Campaign, out: Page, address: Address = "127.0.0.1:50051", as_json: AsJson = False
) -> None:
    """Write a campaign as one self-contained page with plots."""
    with errors_in_one_line():
        from ostwald.client import Ostwald  # noqa: PLC0415 - the other commands need no device

        from trainer.campaign_report import write_campaign_report  # noqa: PLC0415 - slow to import

        with Ostwald(address) as device:
            page = write_campaign_report(device, campaign, out)
        if as_json:
            print_json({"report": str(page)})
        else:
            typer.echo(f"{page}")
