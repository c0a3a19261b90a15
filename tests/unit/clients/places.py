"""Small MMDB files for tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

BERLIN = {
    "country": {"iso_code": "DE"},
    "location": {"latitude": 52.52, "longitude": 13.41},
}
HOSTED = {"country": {"iso_code": "US"}, "traits": {"is_hosting_provider": True}}


def write_places(folder: Path, places: Mapping[str, Any]) -> Path:
    """Write a file with these networks and their records; return its path."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, int_type="i32", float_type="f64")
    for network, record in places.items():
        writer.insert_network(IPSet([network]), record)
    path = folder / "places.mmdb"
    writer.to_db_file(str(path))
    return path
