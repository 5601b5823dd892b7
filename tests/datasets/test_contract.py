import torch

from datasets.contract import Part


def test_rows_of_a_part_have_the_names_that_the_data_give_them() -> None:
    columns = {"inputs": torch.zeros(4, 2)}
    rows = torch.tensor([3, 1])
    assert Part(columns, rows, ["a", "b", "c", "d"]).names() == ["d", "b"]
    assert Part(columns, rows).names() == ["3", "1"]
