"""`pack` and `keygen`: what leaves this machine, and the key that vouches for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from ostwald import signing
from ostwald.bundle import digest, pack_archive

from trainer.commands.options import AsJson, Bundle, command
from trainer.console import errors_in_one_line, print_json
from trainer.keys import key_folder

Archive = Annotated[Path, typer.Option("--out", help="File for the archive, as a device receives it.")]
PublicKey = Annotated[
    Path | None, typer.Option("--public-key", help="Key that must have signed it; else your own.")
]
KeyFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder for the two files; otherwise ~/.config/ostwald.")
]


@command
def pack(bundle: Bundle, out: Archive, public_key: PublicKey = None, as_json: AsJson = False) -> None:
    """Check a bundle's signature and write it as one archive."""
    with errors_in_one_line():
        signer = signing.verify(bundle, [public_key or key_folder() / signing.PUBLIC_NAME])
        archive = pack_archive(bundle)
        out.write_bytes(archive)
        document = {"archive": str(out), "bytes": len(archive), "digest": digest(bundle), "signed_by": signer}
        if as_json:
            print_json(document)
        else:
            typer.echo(f"{out}: {len(archive)} bytes, signed by {signer}")


@command
def keygen(folder: KeyFolder = None, as_json: AsJson = False) -> None:
    """Make a signing key: keep the private half, give devices the public one."""
    with errors_in_one_line():
        pair = signing.generate_key(folder or key_folder())
        identity = signing.key_id(pair.public)
        if as_json:
            print_json({"private": str(pair.private), "public": str(pair.public), "key_id": identity})
        else:
            typer.echo(f"{pair.private}: private, keep it\n{pair.public}: for devices to trust ({identity})")
