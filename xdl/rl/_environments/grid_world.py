"""A walker in a grid of cells, with walls, goals, traps, wind and slippery ground."""

from collections.abc import Mapping

from xdl.core import Array, static

from .tabular import Rows, TabularEnvironment, tables_of_rows

__all__ = ["GridWorld"]

MOVES = (
    (0, -1),
    (1, 0),
    (0, 1),
    (-1, 0),
)  # left, down, right, up: each is a quarter turn from the one before
FREE = ".SF"


class GridWorld(TabularEnvironment):
    """Walker in a grid of cells, which is drawn by a text.

    Actions are a step to the left (0), down (1), to the right (2) and up (3); an observation is the number of the cell,
    row by row, from the top left. A step against a wall or the border stays.

    Parameters
    ----------
    text : str
        The map, a word for each row: ``#`` is a wall, ``.`` or ``F`` free, ``S`` free and one of the cells in which
        episodes begin, without any each free cell; letters of ``ends`` end the episode.
    ends : mapping of str to float, optional
        Rewards for coming to cells of these letters; default: 1 for ``G``, -1 for ``X``.
    step : float
        Reward of every step.
    slip : float
        Probability that a step goes to the left or, alike, to the right of the direction meant.
    wind : tuple of int, optional
        For each column, the number of cells by which a step that begins there is blown upwards.
    max_steps : int
        Steps after which an episode is truncated.
    like : array, optional
        Array whose library, dtype and device the tables take; default: the current backend.

    Raises
    ------
    ValueError
        If the map is not a rectangle, has unknown letters, or has no free cell; or if a number is out of range.

    References
    ----------
    Sutton & Barto (2018), examples 4.1 and 6.5, for grids and wind; Russell & Norvig (2010), section 17.1, for slip

    Examples
    --------
    >>> from xdl import rl
    >>> world = rl.GridWorld("...G  .#.X  S...", step=-0.04, slip=0.2)
    >>> round(float(rl.value_iteration(world.mdp(1.0)).value[8]), 3)
    0.705
    """

    grid: tuple[str, ...] = static()
    ends: tuple[tuple[str, float], ...] = static()

    def __init__(
        self,
        text: str,
        *,
        ends: Mapping[str, float] | None = None,
        step: float = 0.0,
        slip: float = 0.0,
        wind: tuple[int, ...] | None = None,
        max_steps: int = 100,
        like: Array | None = None,
    ):
        grid = tuple(text.split())
        paid = {"G": 1.0, "X": -1.0} if ends is None else dict(ends)
        _check(grid, paid, slip, wind)
        self.grid, self.ends = grid, tuple(sorted(paid.items()))
        self.actions, self.max_steps = len(MOVES), max_steps
        letters = "".join(grid)
        starts = [letter == "S" for letter in letters] if "S" in letters else [x in FREE for x in letters]
        blown = wind or (0,) * len(grid[0])
        rows: Rows = []
        for cell, letter in enumerate(letters):
            for action in range(len(MOVES)):
                if letter not in FREE:  # nobody is there
                    rows.append([(1.0, cell, 0.0, True)])
                    continue
                chances: dict[int, float] = {}
                for turn, chance in ((0, 1 - slip), (-1, slip / 2), (1, slip / 2)):
                    after = _walk(grid, cell, MOVES[(action + turn) % len(MOVES)], blown)
                    chances[after] = chances.get(after, 0.0) + chance
                rows.append(
                    [
                        (p, t, step + paid.get(letters[t], 0.0), letters[t] in paid)
                        for t, p in chances.items()
                        if p > 0
                    ]
                )
        for name, table in tables_of_rows(rows, [start / sum(starts) for start in starts], like).items():
            setattr(self, name, table)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, in which a table of all states can be shown."""
        return len(self.grid), len(self.grid[0])


def _walk(grid: tuple[str, ...], cell: int, move: tuple[int, int], wind: tuple[int, ...]) -> int:
    """Cell after a step, and after the wind of the column where it began."""
    columns = len(grid[0])
    row, column = divmod(cell, columns)
    for down, right in (move, *((-1, 0),) * wind[column]):
        there = row + down, column + right
        if 0 <= there[0] < len(grid) and 0 <= there[1] < columns and grid[there[0]][there[1]] != "#":
            row, column = there
    return row * columns + column


def _check(
    grid: tuple[str, ...], ends: Mapping[str, float], slip: float, wind: tuple[int, ...] | None
) -> None:
    lengths = [len(line) for line in grid]
    if not grid or len(set(lengths)) > 1:
        message = f"`text` must be words of the same length, one for each row, got lengths {lengths}"
        raise ValueError(message)
    for letter in ends:
        if len(letter) != 1 or letter in FREE + "#":
            message = f"`ends` must name letters other than those of free cells and walls, got {letter!r}"
            raise ValueError(message)
    for row, line in enumerate(grid):
        for column, letter in enumerate(line):
            if letter not in FREE + "#" and letter not in ends:
                message = (
                    f"`text` has the unknown letter {letter!r} in row {row}, column {column}: expected '#', '.', 'S' "
                    f"or one of `ends`, {sorted(ends)}"
                )
                raise ValueError(message)
    if not any(letter in FREE for line in grid for letter in line):
        message = "`text` has no free cell, in which an episode could begin"
        raise ValueError(message)
    if not 0 <= slip <= 1:
        message = f"`slip` must be a probability, got {slip}"
        raise ValueError(message)
    if wind is not None and (len(wind) != len(grid[0]) or min(wind) < 0):
        message = f"`wind` must have {len(grid[0])} numbers of cells, one for each column, got {wind}"
        raise ValueError(message)
