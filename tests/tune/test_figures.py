from pathlib import Path

from tune import figures
from tune.study import End, Study
from tune.workloads import Space

PNG = b"\x89PNG"


def test_overview_is_drawn_at_every_stage_of_a_sweep(tmp_path: Path, space: Space) -> None:
    study = Study(tmp_path / "study.journal", space, 0, {})
    sizes = []
    for number in range(3):
        figures.overview(space, study.trials(), tmp_path / "figures" / "overview.png")
        picture = (tmp_path / "figures" / "overview.png").read_bytes()
        assert picture.startswith(PNG)
        sizes.append(len(picture))
        study.propose()
        study.report(number, 1, 1.0 / (number + 1))
        outcome = ["complete", "pruned", "failed"][number]
        study.end(number, End(outcome, "by the test", {"epochs": 1}))
    assert len(set(sizes)) == 3
