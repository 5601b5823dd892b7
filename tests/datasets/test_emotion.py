"""The emotion data set as a whole."""

import wave
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from datasets.emotion import load, load_test, main, synthesise
from datasets.emotion_files import map_sorted, read, write


def test_columns_are_whole_clips_memory_mapped_in_half_precision() -> None:
    data = load(size="tiny")
    inputs = data.train.columns["inputs"]
    assert inputs.shape == (24, 6, 101, 64)
    assert inputs.dtype == torch.float16
    assert data.train.columns["rating"].shape == (24, 2)
    assert data.train.columns["segment_rating"].shape == (24, 6, 2)
    assert data.validation.columns["inputs"].data_ptr() == inputs.data_ptr()


def test_batches_hold_whole_clips_with_their_segments_in_order() -> None:
    data = load(size="tiny")
    clips = map_sorted(synthesise("tiny"))
    batch = data.train.batch(torch.tensor([3, 1]))
    rows = data.train.rows[[3, 1]].numpy()
    assert np.array_equal(batch["inputs"].numpy(), clips.features[rows])
    rated = np.stack([clips.labels["valence"][rows, 0], clips.labels["arousal"][rows, 0]], axis=1)
    np.testing.assert_allclose(batch["rating"].numpy(), rated)


def test_parts_share_no_clip_and_leave_none_out() -> None:
    data, test = load(size="tiny"), load_test(size="tiny")
    parts = [part.rows.tolist() for part in (data.train, data.validation, test)]
    assert [len(rows) for rows in parts] == [14, 5, 5]
    assert sorted(sum(parts, [])) == list(range(24))


def test_record_states_source_split_and_oracle() -> None:
    record = load(size="tiny").record
    assert "say nothing about real listeners" in record["source"]
    assert record["db_ref"] == "absolute"
    assert record["split"] == {"kind": "clip", "seed": 0}
    assert record["no_test_split"] is False
    assert record["warnings"] == []
    assert len(record["clips"]["test"]) == 5
    assert set(record["context_free_r2"]) == {"clip_valence", "segment_valence"}


def test_published_split_is_flagged_and_tests_what_it_validates() -> None:
    data = load(size="tiny", split="published")
    assert data.record["no_test_split"] is True
    assert "published split" in data.record["warnings"][0]
    test = load_test(size="tiny", split="published")
    assert torch.equal(test.rows, data.validation.rows)


def test_fingerprint_follows_the_clips_and_their_parts() -> None:
    first = load(size="tiny").record["fingerprint"]
    assert load(size="tiny", labels="segment").record["fingerprint"] == first
    assert load(size="tiny", split_seed=1).record["fingerprint"] != first
    assert load(size="tiny", kappa=0.0).record["fingerprint"] != first


def test_label_mode_is_a_fact_for_the_loss() -> None:
    assert load(size="tiny").facts["label_mode"] == "clip"
    assert load(size="tiny", labels="segment").facts["label_mode"] == "segment"


def test_without_kappa_the_context_free_oracle_is_exact_on_segments() -> None:
    oracle = load(size="tiny", kappa=0.0).record["context_free_r2"]
    assert oracle["segment_valence"] == dict.fromkeys(["train", "validation", "test"], 1.0)


def test_loading_leaves_the_global_generators_alone() -> None:
    kind, keys, *rest = np.random.get_state(legacy=True)
    torch_state = torch.get_rng_state()
    load(size="tiny", split="published", seed=1)
    after_kind, after_keys, *after_rest = np.random.get_state(legacy=True)
    assert (kind, rest) == (after_kind, after_rest)
    assert np.array_equal(keys, after_keys)
    assert torch.equal(torch_state, torch.get_rng_state())


def test_file_of_the_user_gives_the_same_columns_as_the_embedded_data(tmp_path: Path) -> None:
    embedded = load(size="tiny")
    file = tmp_path / "features.h5"
    write(file, read(synthesise("tiny")))
    own = load(file)
    assert own.record["source"] == str(file)
    for name, column in embedded.train.columns.items():
        assert torch.equal(own.train.columns[name], column)
    assert torch.equal(own.validation.rows, embedded.validation.rows)
    assert torch.equal(load_test(file).rows, load_test(size="tiny").rows)


def test_real_files_have_no_segment_labels_and_no_oracle(tmp_path: Path) -> None:
    file = tmp_path / "features.h5"
    write(file, read(synthesise("tiny")))
    with h5py.File(file, "a") as content:
        for name in [name for name in content if "_" in name and name != "audio_name"]:
            del content[name]
    data = load(file)
    assert "segment_rating" not in data.train.columns
    assert data.record["context_free_r2"] == {}
    with pytest.raises(ValueError, match=r"labels 'segment' must have valence_seg"):
        load(file, labels="segment")


def test_max_normalised_files_are_loaded_with_a_warning(tmp_path: Path) -> None:
    embedded = load(size="tiny", db_ref="max")
    assert embedded.record["db_ref"] == "max"
    file = tmp_path / "features.h5"
    write(file, read(synthesise("tiny", db_ref="max")))
    own = load(file)
    assert own.record["db_ref"] == "max (detected)"
    for data in (embedded, own):
        assert "loudness" in data.record["warnings"][0]


def test_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.h5; make it by: python -m datasets"):
        load(tmp_path / "nowhere.h5")


def test_unknown_choices_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="tiny, default, full, got 'huge'"):
        load(size="huge")
    with pytest.raises(ValueError, match="clip, segment, got 'frame'"):
        load(size="tiny", labels="frame")


def save_sounds(folder: Path, count: int) -> None:
    """Write short noises, and tables that rank them."""
    generator = np.random.default_rng(0)
    for clip in range(count):
        with wave.open(str(folder / f"{clip:02d}.wav"), "wb") as file:
            file.setparams((1, 2, 32_000, 0, "NONE", "not compressed"))
            file.writeframes(generator.integers(-999, 999, 32_000).astype("<i2").tobytes())
    for dimension in ("Valence", "Arousal"):
        rows = [f"{clip:02d}.wav,{clip + 1}\n" for clip in range(count)]
        (folder / f"{dimension}.csv").write_text("".join(rows))


def test_command_makes_a_file_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_sounds(tmp_path, 12)
    out = tmp_path / "features.h5"
    assert main([str(tmp_path), str(tmp_path), str(out)]) == 0
    assert "12 clips" in capsys.readouterr().out
    data = load(out)
    assert data.record["db_ref"] == "absolute"
    assert data.train.columns["rating"][:, 0].max() == 1


def test_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "nowhere"), str(tmp_path), str(tmp_path / "out.h5")])
    assert "folder of wav files must exist" in capsys.readouterr().err


def test_groups_are_those_of_the_table(tmp_path: Path) -> None:
    assert load(size="tiny").groups is None
    table = tmp_path / "groups.csv"
    table.write_text("".join(f"soundscape_{clip:04d},{clip % 4}\n" for clip in range(24)))
    groups = load(size="tiny", split="group", groups=str(table)).groups
    assert groups is not None
    assert groups.tolist() == [clip % 4 for clip in range(24)]
