"""``<stem>.swarm.json`` of SwarmUI (src/Text2Image/T2IModel.cs), from its downloader or its editor.

Its body hash, ``hash_sha256``, may be OneTrainer's, which is over sorted tensors: it is not taken for a claim.
"""

from __future__ import annotations

from core.domain.statements import Sidecar, Source, SourceTier
from core.importing.sidecars import modelspec
from core.importing.sidecars.builder import About, Builder, NotOurs, parse

_PREFIX = "modelspec."
_MARKS = ("title", "name", "architecture")


def read(data: bytes, _: About) -> Sidecar:
    """Read a ModelSpec, its keys with or without their prefix."""
    body = parse(data)
    spec = {key.removeprefix(_PREFIX): value for key, value in body.items()}
    if "sui_image_params" in body or not any(key in spec for key in _MARKS):
        raise NotOurs  # SwarmUI writes such files beside pictures too
    out = Builder(Source.SWARMUI)
    modelspec.state(out, spec, SourceTier.NAME)  # SwarmUI guesses it from the file: the header's own word counts more
    out.keep({key: spec[key] for key in ("prediction_type", "resolution", "merged_from") if spec.get(key)})
    return out.done()
