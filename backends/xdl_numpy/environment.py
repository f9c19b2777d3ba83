"""New episodes, for which looking costs less than making some in vain."""

import numpy as np

from xdl.rl._environment import begin_again


@begin_again.method("numpy")
def _(ended, /, *, now, fresh):
    return begin_again.definition(ended, now=now, fresh=fresh) if np.count_nonzero(ended) else now
