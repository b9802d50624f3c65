"""`samspill hr watch`: absence files of systems that only write files, taken out of a folder here or over SFTP."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.edge.absences.pickup import Folder, Opens, Pickup
    from gateway.wiring.gateway import Gateway


def watch(
    where: Annotated[str, typer.Argument(help="A folder, or sftp://user@host/path.")],
    party: Annotated[str, typer.Option("--party", help="Whose files they are: a party of the register.")],
    profile: Annotated[str, typer.Option("--profile", help="What they are read by.")],
    key: Annotated[Path | None, typer.Option("--key", help="SFTP: the private key that opens it.")] = None,
    host_keys: Annotated[
        Path | None, typer.Option("--host-keys", help="SFTP: the host's own keys, as known_hosts has them.")
    ] = None,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Seconds between two looks.")] = 10.0,
    *,
    once: Annotated[bool, typer.Option("--once", help="Look twice and end, as for cron.")] = False,
) -> None:
    """Take absence files out of a folder, as an upload would. What was good goes to `processed`, the rest to `failed`.

    Example: samspill hr watch /srv/hr/out --party employer --profile visma-lonn
    """
    from gateway.edge.config import Settings  # noqa: PLC0415 - an installation, which checking a file does without
    from gateway.wiring import pickup as wiring  # noqa: PLC0415 - as above
    from gateway.wiring.gateway import Gateway  # noqa: PLC0415 - as above

    opens = wiring.opens(where, key, host_keys)
    gateway = Gateway(Settings())
    gateway.refuse_examples()
    wiring.check(gateway, party, profile)
    asyncio.run(_watch(gateway, opens, lambda folder: wiring.pickup(gateway, folder, party, profile), every, once=once))


async def _watch(
    gateway: "Gateway", opens: "Opens", makes: "Callable[[Folder], Pickup]", every: float, *, once: bool
) -> None:
    from gateway.edge.absences import pickup  # noqa: PLC0415 - as above

    try:
        if once:
            typer.echo(f"{await pickup.once(opens, makes, every)} files handled")
            return
        stopping = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
        await pickup.watch(opens, makes, every, stopping)
    except OSError as error:
        typer.echo(f"the folder cannot be reached ({type(error).__name__})", err=True)
        raise typer.Exit(1) from None
    finally:
        await gateway.aclose()
