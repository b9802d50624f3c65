"""One way to fetch over HTTP from a place that others name: no redirects, a bounded body, errors as `OSError`."""

import httpx


async def bounded(client: httpx.AsyncClient, request: httpx.Request, largest: int) -> bytes:
    """Give the body of a 200 answer of at most `largest` bytes.

    Raises `OSError` for anything else, and `httpx.HTTPError` when there is no answer.
    """
    answer = await client.send(request, stream=True, follow_redirects=False)
    try:
        if answer.status_code != httpx.codes.OK:
            raise OSError(f"the other side did not give it: status {answer.status_code}")
        body = b""
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > largest:
                raise OSError("what the other side gives is too large")
        return body
    finally:
        await answer.aclose()
