"""Whole training steps: wgan-bench step and PyTorch, in turn; with other objectives; ours with one thread and all."""

from contestants import Failure, NotMeasured, Settings, Worker, run_json, say
from ratios import Comparison, Times, rounded, table

# Size, features, batch: the preset blog's first, then what differs in one of them.
CONFIGURATIONS = [(64, 64, 64), (64, 64, 16), (64, 64, 1), (32, 64, 64), (64, 32, 64), (64, 64, 128), (64, 128, 64),
                  (128, 64, 64)]
QUICK_CONFIGURATIONS = CONFIGURATIONS[:-3]  # The last three take as long as all others together.
KINDS = ("critic", "generator")
FP32 = ("nchw", "channels_last", "compile")
VARIANTS = (*FP32, "bf16")
# What is timed of an objective: its critic step; of the last one, which takes one critic step a generator step, both.
OBJECTIVES = {"wgan-gp": ("critic",), "wgan-r1r2": ("critic",), "relativistic": ("critic", "generator")}


def run(settings: Settings) -> list[dict]:
    rows = []
    for number, configuration in enumerate(settings.configurations):
        # Compiling takes a minute a configuration.
        rows += one(settings, *configuration, compiles=number == 0 or not settings.quick)
    print_table(rows)
    return [row for row, _ in rows]


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def print_table(rows: list[tuple[dict, Comparison]]) -> None:
    titles = ["size features batch", "step", "wgan ms", "NCHW", "chan.-last", "compile", "bf16", *Comparison.titles,
              "to bf16"]
    print(table(titles, [
        [shape_of(row), row["step"], number(row["ours_ms"], 1),
         *(number(row["theirs"][name], 1) for name in VARIANTS), *comparison.cells(), number(row["ratio_bf16"], 2)]
        for row, comparison in rows], left_aligned=2))
    with_bf16 = [row for row, _ in rows if row["ours_bf16_ms"] is not None]
    if with_bf16:
        print(table(["size features batch", "step", "wgan bf16 ms", "to their bf16", "to their best fp32"], [
            [shape_of(row), row["step"], number(row["ours_bf16_ms"], 1), number(row["bf16_to_bf16"], 2),
             number(row["bf16_to_fp32"], 2)] for row in with_bf16], left_aligned=2))


def shape_of(row: dict) -> str:
    return f"{row['size']} {row['features']} {row['batch']}"


def ours_once(settings: Settings, size: int, features: int, batch: int, threads: int, repeats: int,
              objective: str = "wgan", precision: str = "fp32") -> dict:
    flags = [] if objective == "wgan" else ["--objective", objective, "--no-critic-batch-norm"]
    if precision != "fp32":
        flags += ["--precision", precision]
    return run_json(
        [str(settings.ours), "step", "--format", "json", "--size", str(size), "--features", str(features),
         "--batch-size", str(batch), "--threads", str(threads), "--repeat", str(repeats), "--warm-ups", "1",
         "--no-split", *flags], settings)


def has_bf16(settings: Settings) -> bool:
    """Whether wgan multiplies bf16 here."""
    try:
        ours_once(settings, 16, 8, 2, threads=1, repeats=1, precision="bf16")
        return True
    except Failure as why:
        print(f"wgan's bf16 isn't measured: {why}")
        return False


def repeats_for(milliseconds: float, settings: Settings) -> int:
    """How many steps of each kind are a turn: some tenths of a second, and no fewer than two."""
    return min(50, max(3 if milliseconds < 1000 else 2, round((300 if settings.quick else 700) / milliseconds)))


def one(settings: Settings, size: int, features: int, batch: int, compiles: bool) -> list[tuple[dict, Comparison]]:
    say(f"  size {size}, features {features}, batch {batch}")
    shape = {"size": size, "features": features, "batch": batch}
    ours = {precision: {kind: Times() for kind in KINDS}
            for precision in (("fp32", "bf16") if has_bf16(settings) else ("fp32",))}
    with Worker("torch_step.py", settings) as worker:
        worker.prepare("configure", threads=settings.threads)
        variants, repeats = prepare(worker, settings, shape, compiles)
        theirs = {name: {kind: Times() for kind in KINDS} for name in variants}
        for _ in settings.each_round():
            for precision, times in ours.items():
                result = ours_once(settings, **shape, threads=settings.threads, repeats=repeats, precision=precision)
                for kind in KINDS:
                    times[kind].add_timing(result[f"{kind}_ms"])
            for name, times in theirs.items():
                result = worker.measure("measure", **variants[name], repeats=repeats)
                for kind in KINDS:
                    times[kind].add_timing(result[f"{kind}_ms"])

    rows = []
    for kind in KINDS:
        in_fp32 = {name: theirs[name][kind] for name in FP32 if name in theirs}
        in_bf16 = {"bf16": theirs["bf16"][kind]} if "bf16" in theirs else {}
        comparison = Comparison.of(ours["fp32"][kind], in_fp32)
        medians = {name: rounded(theirs[name][kind].median) if name in theirs else None for name in VARIANTS}
        minima = {name: rounded(theirs[name][kind].minimum) if name in theirs else None for name in VARIANTS}
        rows.append((shape | {
            "step": kind, "ours_ms": rounded(ours["fp32"][kind].median),
            "ours_min_ms": rounded(ours["fp32"][kind].minimum),
            "theirs": medians, "theirs_min": minima,
            "layouts": {name: variant["layout"] for name, variant in variants.items()}, "best_fp32": comparison.best,
            "ratio_bf16": ratio(ours["fp32"][kind], in_bf16),
            "ours_bf16_ms": rounded(ours["bf16"][kind].median) if "bf16" in ours else None,
            "bf16_to_bf16": ratio(ours["bf16"][kind], in_bf16) if "bf16" in ours else None,
            "bf16_to_fp32": ratio(ours["bf16"][kind], in_fp32) if "bf16" in ours else None,
        } | comparison.json(), comparison))
    return rows


def ratio(ours: Times, theirs: dict[str, Times]) -> float | None:
    return rounded(Comparison.of(ours, theirs).ratio) if theirs else None


def prepare(worker: Worker, settings: Settings, shape: dict, compiles: bool) -> tuple[dict[str, dict], int]:
    """Makes ready each variant that this machine can do.

    torch.compile takes fp32's better layout; bf16 has its own better one. Returned are kind and layout of each variant,
    and how many steps of each kind are a turn.
    """
    layouts = ("nchw", "channels-last")

    def milliseconds(kind: str, layout: str) -> float:
        times = worker.prepare("prepare", kind=kind, layout=layout, **shape)
        return times["critic_ms"]["median"] + times["generator_ms"]["median"]

    in_fp32 = {layout: milliseconds("fp32", layout) for layout in layouts}
    better = min(in_fp32, key=in_fp32.get)
    variants = {layout.replace("-", "_"): {"kind": "fp32", "layout": layout} for layout in layouts}
    if compiles:
        try:
            say("    torch.compile")
            milliseconds("compile", better)
            variants["compile"] = {"kind": "compile", "layout": better}
        except NotMeasured as why:
            print(f"torch.compile isn't measured: {why}")
    try:
        in_bf16 = {layout: milliseconds("bf16", layout) for layout in layouts}
        variants["bf16"] = {"kind": "bf16", "layout": min(in_bf16, key=in_bf16.get)}
    except NotMeasured as why:
        print(f"bf16 isn't measured: {why}")
    return variants, repeats_for(in_fp32[better], settings)


def objectives(settings: Settings) -> list[dict]:
    """Steps of the objectives with a penalty on the critic's gradient, in the first configuration.

    PyTorch differentiates the gradient once more (`create_graph`), which torch.compile refuses to do.
    """
    size, features, batch = settings.configurations[0]
    shape = {"size": size, "features": features, "batch": batch}
    rows = []
    for objective, kinds in OBJECTIVES.items():
        say(f"  {objective}: size {size}, features {features}, batch {batch}")
        rows.append(one_objective(settings, objective, kinds, shape))
    print(table(["size features batch", "step", "wgan ms", "NCHW", "chan.-last", *Comparison.titles], [
        [f"{size} {features} {batch}", row["step"], f"{row['ours_ms']:.1f}", f"{row['theirs']['nchw']:.1f}",
         f"{row['theirs']['channels_last']:.1f}", *comparison.cells()] for row, comparison in rows], left_aligned=2))
    return [row for row, _ in rows]


def one_objective(settings: Settings, objective: str, kinds: tuple[str, ...], shape: dict) -> tuple[dict, Comparison]:
    def together(result: dict) -> dict:
        return {figure: sum(result[f"{kind}_ms"][figure] for kind in kinds) for figure in ("median", "min")}

    layouts = {"nchw": "nchw", "channels_last": "channels-last"}
    ours, theirs = Times(), {name: Times() for name in layouts}
    with Worker("torch_step.py", settings) as worker:
        worker.prepare("configure", threads=settings.threads)
        warm = [together(worker.prepare("prepare", kind="fp32", layout=layout, objective=objective, **shape))
                for layout in layouts.values()]
        repeats = repeats_for(min(times["median"] for times in warm), settings)
        for _ in settings.each_round():
            ours.add_timing(together(ours_once(settings, **shape, threads=settings.threads, repeats=repeats,
                                               objective=objective)))
            for name, layout in layouts.items():
                theirs[name].add_timing(together(
                    worker.measure("measure", kind="fp32", layout=layout, repeats=repeats)))
    comparison = Comparison.of(ours, theirs)
    return shape | {
        "step": f"{objective}: {' + '.join(kinds)}", "ours_ms": rounded(ours.median),
        "ours_min_ms": rounded(ours.minimum),
        "theirs": {name: rounded(times.median) for name, times in theirs.items()},
        "theirs_min": {name: rounded(times.minimum) for name, times in theirs.items()},
        "layouts": layouts, "best_fp32": comparison.best} | comparison.json(), comparison


def scaling(settings: Settings) -> list[dict]:
    """Our own steps with one thread and with all, in turn."""
    if settings.threads == 1:
        raise NotMeasured("one thread and all of them are the same with --threads 1")
    size, features, batch = settings.configurations[0]
    one, all_ = {kind: Times() for kind in KINDS}, {kind: Times() for kind in KINDS}
    for _ in settings.each_round():
        for threads, times in ((1, one), (settings.threads, all_)):
            result = ours_once(settings, size, features, batch, threads, repeats=3)
            for kind in KINDS:
                times[kind].add_timing(result[f"{kind}_ms"])
    result, rows = [], []
    for kind in KINDS:
        comparison = Comparison.of(all_[kind], {"one": one[kind]})
        result.append({"step": kind, "threads": settings.threads, "one_ms": rounded(one[kind].median),
                       "two_ms": rounded(all_[kind].median)} | comparison.json())
        rows.append([kind, f"{one[kind].median:.1f}", f"{all_[kind].median:.1f}", *comparison.cells()])
    print(table(["wgan", "1 thread ms", f"{settings.threads} threads", *Comparison.titles], rows))
    return result
