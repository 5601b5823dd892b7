"""Copies of a sweep on a real S3 server, behind a proxy that fails, is slow, hangs or is gone."""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.tune.servers import Proxy
from tune import mirror, remote
from tune.errors import UserError
from tune.layout import Layout
from tune.mirror import Mirror, mirrored
from tune.remote import Remote, bring_back, check_new

moto_server = pytest.importorskip("moto.server")
STORAGE = "s3://bucket/team"
PERIOD_S = 0.05
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server_port() -> Iterator[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        _, port = server.get_host_and_port()
    yield port
    server.stop()


@pytest.fixture
def proxy(server_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Empty the server, make the bucket, and point the usual variables at the proxy."""
    direct = HTTPConnection("127.0.0.1", server_port)
    for method, path in [("POST", "/moto-api/reset"), ("PUT", "/bucket")]:
        direct.request(method, path)
        direct.getresponse().read()
    direct.close()
    proxy = Proxy(server_port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(remote, "ANSWER_S", 1.0)
    yield proxy
    proxy.mode = "gone"
    proxy.listener.close()


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    """Write what a sweep with one trial has on disk."""
    place = Layout(tmp_path / "here" / "edc" / "monday")
    place.trial(0).mkdir(parents=True)
    place.journal.write_text('{"op_code": 0}\n')
    (place.trial(0) / "last.pt").write_bytes(b"checkpoint")
    return place


def elsewhere(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "there" / "edc" / "monday")


def content(place: Layout) -> dict[str, bytes]:
    files = (path for path in place.directory.rglob("*") if path.is_file())
    return {path.relative_to(place.directory).as_posix(): path.read_bytes() for path in files}


def copied(place: Layout) -> dict[str, bytes]:
    there = Remote(STORAGE, place)
    with suppress(UserError):  # a file went away between the two lines
        return {name: there.read(name) for name in there.names()}
    return {}


def soon(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def started(place: Layout) -> Mirror:
    mirror = Mirror(place, Remote(STORAGE, place), PERIOD_S)
    mirror.start()
    return mirror


@pytest.mark.usefixtures("proxy")
def test_copy_holds_what_the_directory_holds_but_nothing_half_written(place: Layout) -> None:
    whole = content(place)
    (place.directory / "driver.lock").touch()
    (place.directory / ".trials.csv.part").touch()
    (place.trial(0) / "last.17.part").touch()
    (place.directory / "link").symlink_to("/etc/passwd")
    with place.journal.open("ab") as journal:
        journal.write(b'{"op_co')
    assert started(place).finish(20) == []
    assert copied(place) == whole


@pytest.mark.usefixtures("proxy")
def test_changes_are_copied_while_the_sweep_runs_and_what_is_gone_goes(place: Layout) -> None:
    mirror = started(place)
    soon(lambda: copied(place) == content(place))
    with place.journal.open("ab") as journal:
        journal.write(b'{"op_code": 1}\n')
    (place.trial(0) / "last.pt").unlink()
    (place.trial(0) / "best.pt").write_bytes(b"best")
    soon(lambda: copied(place) == content(place))
    assert mirror.finish(20) == []


@pytest.mark.fault
@pytest.mark.parametrize("mode", ["fails", "hangs", "gone"])
def test_storage_that_is_away_for_a_while_is_said_once_and_catches_up(
    proxy: Proxy, place: Layout, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = started(place)
    soon(lambda: not mirror._changed())
    proxy.mode = mode
    (place.trial(0) / "last.pt").write_bytes(b"newer")
    place.trials_csv.write_text("number\n0\n")
    soon(lambda: mirror.failing)
    time.sleep(1)
    proxy.mode = "works"
    soon(lambda: not mirror._changed())
    assert mirror.finish(20) == []
    assert copied(place) == content(place)
    said = capsys.readouterr().err
    assert said.count("fails (") == 1
    assert said.count("works again") == 1


def test_slow_storage_gets_everything_in_the_end(proxy: Proxy, place: Layout) -> None:
    mirror = started(place)
    proxy.delay_s = 0.2
    begun = time.monotonic()
    (place.trial(0) / "last.pt").write_bytes(bytes(500_000))
    assert time.monotonic() - begun < 1  # the sweep waits for nothing
    assert mirror.finish(30) == []
    proxy.delay_s = 0.0
    assert copied(place) == content(place)


@pytest.mark.fault
def test_end_waits_for_a_bounded_time_and_says_what_is_not_copied(
    proxy: Proxy,
    place: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(mirror, "FAREWELL_S", 1.0)
    with mirrored(STORAGE, place):
        proxy.mode = "hangs"
        begun = time.monotonic()
    assert time.monotonic() - begun < 3
    said = capsys.readouterr().err
    assert "2 files (" in said
    assert "are not copied to s3://bucket/team/edc/monday; copy them with --resume monday" in said


@pytest.mark.fault
def test_journal_is_copied_only_after_what_it_tells_of(proxy: Proxy, place: Layout) -> None:
    there = Remote(STORAGE, place)
    copy = Mirror(place, there, PERIOD_S)
    write, order = there.write, []

    def watched(name: str, content: bytes) -> None:
        order.append(name)
        if proxy.mode != "works":
            raise OSError("away")
        write(name, content)

    there.write = watched  # type: ignore[method-assign]
    proxy.mode = "fails"
    copy.copy()
    assert order == ["trials/00000/last.pt"]
    proxy.mode = "works"
    copy.copy()
    assert order[1:] == ["trials/00000/last.pt", "study.journal"]


@pytest.mark.usefixtures("proxy")
def test_sweep_comes_back_on_another_machine(place: Layout, tmp_path: Path) -> None:
    started(place).finish(20)
    there = elsewhere(tmp_path)
    bring_back(STORAGE, there, tmp_path / "there")
    assert content(there) == content(place)


@pytest.mark.usefixtures("proxy")
def test_newer_journal_wins_whichever_side_it_is_on(place: Layout, tmp_path: Path) -> None:
    started(place).finish(20)
    there = elsewhere(tmp_path)
    bring_back(STORAGE, there, tmp_path / "there")
    with there.journal.open("ab") as journal:
        journal.write(b'{"op_code": 1}\n')
    bring_back(STORAGE, there, tmp_path / "there")
    assert there.journal.read_bytes().count(b"\n") == 2
    started(there).finish(20)
    bring_back(STORAGE, place, tmp_path / "here")
    assert content(place) == content(there)


@pytest.mark.usefixtures("proxy")
def test_sweeps_that_went_different_ways_are_not_mixed(place: Layout, tmp_path: Path) -> None:
    started(place).finish(20)
    place.journal.write_text('{"op_code": 0}\n{"op_code": 2}\n')
    Remote(STORAGE, place).write("study.journal", b'{"op_code": 0}\n{"op_code": 3}\n')
    with pytest.raises(UserError, match="must be one sweep, but went different ways"):
        bring_back(STORAGE, place, tmp_path / "here")


@pytest.mark.usefixtures("proxy")
def test_new_sweep_does_not_overwrite_the_copy_of_another(place: Layout) -> None:
    check_new(STORAGE, place)
    started(place).finish(20)
    with pytest.raises(UserError, match="must not hold a sweep yet; continue it with --resume"):
        check_new(STORAGE, place)


def test_file_that_would_leave_the_directory_is_refused(proxy: Proxy, place: Layout) -> None:
    direct = HTTPConnection("127.0.0.1", proxy.server_port)
    direct.putrequest("PUT", "/bucket/team/edc/monday/../../evil")
    direct.putheader("Content-Length", "4")
    direct.endheaders(b"evil")
    direct.getresponse().read()
    direct.close()
    with pytest.raises(UserError, match="must hold a sweep only, but has a file"):
        bring_back(STORAGE, place, place.directory.parents[1])


@pytest.mark.parametrize(
    ("storage", "mode", "reason"),
    [("s3://nowhere", "works", "no such bucket"), (STORAGE, "gone", "NETWORK_CONNECTION")],
)
def test_storage_that_cannot_be_reached_at_the_start_is_a_mistake(
    proxy: Proxy, place: Layout, storage: str, mode: str, reason: str
) -> None:
    proxy.mode = mode
    with pytest.raises(UserError, match=f"must be reachable, got: .*{reason}.*--storage out"):
        check_new(storage, place)


@pytest.mark.fault
@pytest.mark.ray
def test_real_sweep_goes_on_without_its_storage_and_is_brought_back_whole(
    proxy: Proxy, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    small = ["--set", "data/size=tiny", "--trials", "2", "--epochs", "2", "--concurrent", "1"]
    process = run("--results", here, "--name", "kept", "--storage", STORAGE, *small)
    metrics = here / "edc" / "kept" / "trials" / "00000" / "metrics.csv"
    while not metrics.exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    proxy.mode = "gone"
    while not (here / "edc" / "kept" / "trials" / "00001" / "metrics.csv").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    proxy.mode = "works"
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert "not copied" not in output
    again = run("--results", there, "--resume", "kept", "--storage", STORAGE)
    output, _ = again.communicate(timeout=60)
    assert "it holds all its 2 trials" in output
    whole = content(Layout(here / "edc" / "kept"))
    found = content(Layout(there / "edc" / "kept"))
    journal = whole.pop("study.journal")
    assert found["study.journal"].startswith(journal)  # opening it added a line
    del whole["driver.lock"]
    assert {name: found[name] for name in whole} == whole


def run(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tune.run", "edc", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
