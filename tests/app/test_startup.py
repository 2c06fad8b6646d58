"""What a process looks at before it starts."""

from pathlib import Path

import pytest

from app.startup import CannotStart, check_disk

MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:27 / {0} rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
31 30 254:2 / {0}/local rw,relatime shared:10 - xfs /dev/vdb1 rw
32 22 0:30 / {1} rw,nosuid - fuse.sshfs user@host:/ rw
33 22 0:31 / /with\\040space rw - cifs //server/share rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS.format(tmp_path / "nfs", tmp_path / "sshfs"))
    return file


@pytest.mark.parametrize(("place", "kind"), [("nfs/data", "nfs4"), ("sshfs", "fuse.sshfs")])
def test_a_network_file_system_is_refused(
    tmp_path: Path, mounts: Path, place: str, kind: str
) -> None:
    with pytest.raises(CannotStart, match=rf"network file system \({kind}\).*PostgreSQL"):
        check_disk(tmp_path / place, str(mounts))


@pytest.mark.parametrize("place", ["data", "nfs/local/data", "nfsdata"])
def test_a_disk_of_this_machine_is_taken(tmp_path: Path, mounts: Path, place: str) -> None:
    check_disk(tmp_path / place, str(mounts))


def test_a_path_with_a_space_is_understood(mounts: Path) -> None:
    with pytest.raises(CannotStart, match="cifs"):
        check_disk(Path("/with space/data"), str(mounts))


def test_where_the_system_does_not_tell_any_disk_is_taken(tmp_path: Path) -> None:
    check_disk(tmp_path, str(tmp_path / "nothing"))


def test_this_machines_own_mounts_can_be_read(tmp_path: Path) -> None:
    check_disk(tmp_path)
