"""A worker of compare.py: stays alive, takes a request a line (JSON), answers each with a line.

A worker stays so that neither Python's start nor warmed-up libraries are timed again and again.
"""

import json
import os
import signal
import sys
import traceback
from typing import Callable

from noise import Watch


class Unavailable(Exception):
    """One line: why this machine can't do what is asked."""


def serve(tasks: dict[str, Callable[..., dict]]) -> None:
    """Until the input ends. A request is `{"do": name, ...}`; the rest are the task's arguments.

    Each answer has what others took of the machine meanwhile as "noise", or is `{"unavailable": why}` or `{"failure":
    what}`. What libraries print goes to standard error.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all: compare.py ends us.
    for line in sys.stdin:
        request = json.loads(line)
        task = tasks[request.pop("do")]
        watch = Watch()
        try:
            answer = task(**request)
            answer["noise"] = watch.read()
        except Unavailable as why:
            answer = {"unavailable": str(why)}
        except Exception as error:
            traceback.print_exc()
            answer = {"failure": f"{type(error).__name__}: {first_line(error)}"}
        print(json.dumps(answer), file=answers, flush=True)


def first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
