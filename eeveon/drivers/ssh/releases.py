"""Code releases of a service on one host (`Workload.source`). Seam: built next to this driver, not here yet.

What the driver calls, for an instance whose fields hold `source`:

    ship(line, site, wanted, fence, timeout)   the release is complete on the host: absent → stopped
    serve_script(wanted) -> str                shell lines after which `current` leads to it: running → serving
    withdraw_script(...)                       serving → running; nothing to do while another release takes over
    remove_script(...)                         the release is gone from the host
    OBSERVE                                    shell lines that print the section `releases`
    parse(section) -> Mapping[name, Release]   what is complete, and which one `current` leads to
"""

from datetime import datetime
from typing import Any

from eeveon.core.names import ObjectId
from eeveon.core.values import Fields
from eeveon.errors import ActionRefused


def not_yet(object_id: ObjectId) -> ActionRefused:
    """What to raise for an instance with a release."""
    return ActionRefused(f"{object_id} is of code from Git, which this version cannot bring to hosts")


def release_folder(fields: Fields) -> str:
    """The folder of the release that an instance's fields name; "" where it is of no code."""
    source: Any = fields.get("source")
    if not source:
        return ""
    moment = datetime.fromisoformat(source["committed"]) if source.get("committed") else None
    time = f"{moment:%Y%m%dT%H%M%S}-" if moment else ""
    return f"{source['path']}/releases/{time}{source.get('commit', '')[:12]}"
