"""The study of a sweep: every proposal, every epoch's value, every end and its reason.

Optuna's append-only journal, or the database in its place, is the only truth about a sweep;
whatever else lies in its directory can be made again from it and from the checkpoints.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from tune import grid, samplers
from tune.arguments import SAMPLERS
from tune.database import driven, patient, pointed
from tune.ends import END, End, check_ends
from tune.errors import UserError
from tune.journal import PROPOSED, Journal, mend, readable
from tune.seeding import derive
from tune.workloads import Space

ENQUEUED = "fixed_params"  # Optuna's mark of a known configuration
FAILED = "failed"  # name of the constraint that keeps the sampler away from failed configurations


class Study:
    """The trials of one sweep, on disk; only the sweep's driver may write."""

    def __init__(
        self,
        path: Path,
        space: Space,
        seed: int,
        fixed: Mapping[str, Any],
        sampler: str = "tpe",
    ) -> None:
        """Open the journal at ``path``, or begin it.

        Args:
            path: The journal; it may name a database instead.
            space: Declares the parameters of a proposal.
            seed: The sweep's seed.
            fixed: Parameters that are not searched, by name.
            sampler: One of ``SAMPLERS``.

        Raises:
            UserError: If there is no such sampler, the journal is damaged elsewhere than at its
                end, or the database does not answer.
        """
        if sampler not in SAMPLERS:
            raise UserError(f"the sampler must be one of {', '.join(SAMPLERS)}, got {sampler!r}")
        self.space, self.seed, self.fixed, self.sampler = space, seed, dict(fixed), sampler
        database = pointed(path)
        if database is None:
            mend(path)
        name = database.study if database else space.name
        with readable(path):
            self._journal = None if database else Journal(path)
            #: What is written in such a block lies in the journal wholly or not at all.
            self._together = self._journal.together if self._journal else nullcontext
            storage = JournalStorage(self._journal) if self._journal else driven(database)
            self.optuna = optuna.create_study(
                storage=storage, study_name=name, load_if_exists=True
            )
            check_ends(self._all())
        with self._together():
            for known in starting_points(space, self.fixed):
                self.optuna.enqueue_trial(known, skip_if_exists=True)
        self._asked = len(self.trials())

    @patient
    def trials(self) -> list[FrozenTrial]:
        """Return every proposal so far, in order."""
        return [trial for trial in self._all() if trial.state != TrialState.WAITING]

    @patient
    def trial(self, number: int) -> FrozenTrial:
        """Return one proposal, without looking at the others."""
        storage, study = self.optuna._storage, self.optuna._study_id
        return storage.get_trial(storage.get_trial_id_from_study_id_trial_number(study, number))

    def unfinished(self) -> list[FrozenTrial]:
        """Return the proposals that have not ended."""
        return [trial for trial in self.trials() if trial.state == TrialState.RUNNING]

    def propose(self) -> FrozenTrial:
        """Propose one more configuration: a known one that waits, else the sampler's."""
        trial = self._proposed()
        self._asked += 1
        return trial

    @patient
    def _proposed(self) -> FrozenTrial:
        if self._journal is None:
            lost = self.trials()[self._asked :]  # made by an attempt whose answer never came
            if lost:
                return self.take_up(lost[0])
        self._seed_sampler(self._asked)
        with self._together():
            return self._declare(self.optuna.ask())

    @patient
    def exhausted(self) -> bool:
        """Tell whether the sampler is a grid of which every point was proposed."""
        if self.sampler != "grid":
            return False
        trials = self._all()
        if any(trial.state == TrialState.WAITING for trial in trials):
            return False
        return not grid.is_open([grid.path(trial, self.fixed) for trial in trials])

    @patient
    def take_up(self, trial: FrozenTrial) -> FrozenTrial:
        """Return an unfinished proposal; complete it if it was cut short while being made."""
        self._seed_sampler(trial.number)
        if PROPOSED not in trial.user_attrs and ENQUEUED not in trial.system_attrs:
            self._draw_again(trial.number)
        return self._declare(optuna.Trial(self.optuna, trial._trial_id))

    def _draw_again(self, number: int) -> None:
        """Draw a whole proposal as at first; what is already drawn of it would shift the rest."""
        earlier = optuna.create_study(sampler=self.optuna.sampler)
        earlier.add_trials(self.trials()[:number])
        whole = earlier.ask()
        self.space.declare(whole)
        self._seed_sampler(number, whole.params)

    @patient
    def report(self, number: int, epoch: int, objective: float) -> None:
        """Record an epoch's objective, unless it is recorded already."""
        trial = self.trial(number)
        if epoch not in trial.intermediate_values:
            self.optuna._storage.set_trial_intermediate_value(trial._trial_id, epoch, objective)

    @patient
    def end(self, number: int, end: End) -> None:
        """Record how a trial ended.

        A failure is told as PRUNED with a violated constraint: the sampler learns to keep away,
        while it would never see a plain FAIL.
        """
        trial = self.trial(number)
        if trial.state.is_finished():  # by an attempt whose answer never came
            return
        with self._together():
            self.optuna._storage.set_trial_user_attr(trial._trial_id, END, asdict(end))
            self._tell(self.trial(number))

    def hold(self) -> None:
        """Let what is recorded from now on wait for ``write``; a database never waits."""
        if self._journal:
            self._journal.hold()

    def write(self) -> None:
        """Write all that waits in one append."""
        if self._journal:
            self._journal.write()

    @patient
    def finish_ends(self) -> None:
        """Complete the ends that were recorded but not told when the process died."""
        for trial in self.unfinished():
            if END in trial.user_attrs:
                self._tell(trial)

    def config(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return the whole configuration of a proposal, fixed values included."""
        return {**self.fixed, **trial.params}

    def trial_seed(self, number: int) -> int:
        """Return the seed of a trial's training."""
        return derive(self.seed, number)

    def check_compatible(self) -> None:
        """Check that the recorded proposals could still be made.

        Raises:
            UserError: If the space changed under the sweep; names trial and parameter.
        """
        for trial in self.trials():
            fixed = optuna.trial.FixedTrial(trial.params)
            try:
                self.space.declare(fixed)  # type: ignore[arg-type]  # a trial whose values are given
            except ValueError as error:
                if trial.state == TrialState.RUNNING:
                    continue  # cut short while being proposed; `take_up` completes it
                raise UserError(self._incompatible(trial.number, str(error))) from error
            for name, distribution in fixed.distributions.items():
                if distribution != trial.distributions[name]:
                    raise UserError(self._incompatible(trial.number, name))

    def _incompatible(self, number: int, what: str) -> str:
        return (
            f"search_spaces/{self.space.name}.py must be the one the sweep was made with, but it "
            f"differs from trial {number} in {what}; start a new sweep instead"
        )

    def _all(self) -> list[FrozenTrial]:
        return self.optuna.get_trials(deepcopy=False)

    def _declare(self, trial: optuna.Trial) -> FrozenTrial:
        self.space.declare(trial)
        if PROPOSED not in trial.user_attrs:
            trial.set_user_attr(PROPOSED, True)
        return self.trial(trial.number)

    def _seed_sampler(self, asked: int, drawn: Mapping[str, Any] | None = None) -> None:
        """Seed the sampler from the number of proposals, so that a resumed sweep goes on alike."""
        seed = derive(self.seed, asked)
        self.optuna.sampler = samplers.make(self.sampler, seed, {**self.fixed, **(drawn or {})})

    def _tell(self, trial: FrozenTrial) -> None:
        end = trial.user_attrs[END]
        if end["outcome"] == "failed":
            optuna.Trial(self.optuna, trial._trial_id).set_constraint(FAILED, 1.0)
        if end["outcome"] == "complete":
            last = trial.intermediate_values[max(trial.intermediate_values)]
            self.optuna.tell(trial.number, last, state=TrialState.COMPLETE)
        else:
            self.optuna.tell(trial.number, state=TrialState.PRUNED)


def starting_points(space: Space, fixed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configurations that a sweep tries first.

    Args:
        space: Holds the baseline and the presets.
        fixed: Values that the user fixed.

    Returns:
        The baseline and the presets that agree with ``fixed``; the first one is what the sweep is
        compared with. If none agrees, the baseline with these values changed.
    """
    known = (space.baseline, *space.presets)
    agree = [
        point for point in known if all(point.get(key, fixed[key]) == fixed[key] for key in fixed)
    ]
    return [{**point, **fixed} for point in agree or [space.baseline]]


def read_trials(path: Path) -> list[FrozenTrial]:
    """Read the proposals of a journal, which may be written to at the same time.

    Args:
        path: The journal; it may name a database instead.

    Returns:
        The trials, in order.

    Raises:
        UserError: If it is damaged, or the database does not answer.
    """
    database = pointed(path)
    given = database.trials() if database else None
    with readable(path):
        trials = _read_journal(path) if given is None else given
        check_ends(trials)
    return [trial for trial in trials if trial.state != TrialState.WAITING]


def _read_journal(path: Path) -> list[FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(path)))
    found = storage.get_all_studies()
    return storage.get_all_trials(found[0]._study_id, deepcopy=False) if found else []
