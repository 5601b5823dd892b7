from tune.course import Course


def test_course_serves_a_training_loop_of_ones_own() -> None:
    course = Course(epochs=9, patience=2)
    losses = iter([0.5, 0.3, 0.4, 0.31, 0.2])
    kept = []
    while course.ended is None:
        value = next(losses)
        course.rows.append({"value": value} | course.judge(value))
        if course.improved:
            kept.append(value)
    assert course.ended == "stopped improving 2 epochs ago"
    assert kept == [0.5, 0.3]
    assert course.rows[-1] == {"value": 0.31, "objective": 0.3, "best_epoch": 2}


def test_course_ends_at_the_same_epoch_on_any_scale() -> None:
    lengths = set()
    for scale in (1.0, 1e-3):
        course = Course(epochs=99, patience=3)
        while course.ended is None:
            value = scale * (1 + 0.5 ** len(course.rows))
            course.rows.append(course.judge(value))
        lengths.add(len(course.rows))
    assert len(lengths) == 1
    assert max(lengths) < 99


def test_only_a_gain_above_min_delta_is_waited_for() -> None:
    lengths = []
    for min_delta in (0.0, 0.05):
        course = Course(epochs=20, patience=3, min_delta=min_delta)
        while course.ended is None:
            course.rows.append(course.judge(0.99 ** len(course.rows)))
        lengths.append(len(course.rows))
    assert lengths == [20, 4]


def test_last_epoch_ends_the_course() -> None:
    course = Course(epochs=2, patience=9)
    for value in (2.0, 1.0):
        assert course.ended is None
        course.rows.append(course.judge(value))
    assert course.ended == "reached its last epoch"
