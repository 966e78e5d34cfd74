"""A mutation run of the verifier: every small change of its code must fail a test, or be listed with the reason why it cannot.

    nice python tests/benchmarks/mutation.py [--modules NAME,…] [--every N] [--again FILE] [--json FILE]

Comparisons, truth values, numbers, words, operators, `and`/`or`, `not`, returned values, yields, `break`/`continue` and the calls
that compare whole columns are changed one at a time; words of messages and docstrings are not. The tests named in TESTS run once
as they are, which makes their fixtures. Then for each change a process is forked that swaps the code of the one function
concerned in memory. Where that function is one of the checks, it is asked first of every bad manifest, as `test_bad` does, with
what the other checks say recalled. Then the tests run, those first that found most changes so far, until one fails; tests that
take longer than SLOWEST seconds are left out. A change under which one never ends, for PATIENCE seconds, is found.

Prints the share that was found, by module, and all that survived; those that docs/mutation.md gives a reason for are counted apart.
"""

import argparse
import ast
import contextlib
import copy
import gc
import json
import os
import re
import signal
import sys
import tempfile
import time
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

PACKAGE = "curate.manifest."
MODULES = ("frozen", "invariants", "held_out", "stated", "drawn_sets", "verify", "proof")
TESTS = ("test_bad", "test_verify", "test_looks", "test_columns", "test_unreadable", "test_words", "test_proof", "test_drawn_sets")
TESTS += ("test_older", "test_signature")
REASONS = CHECKOUT / "docs" / "mutation.md"
SLOWEST, PATIENCE = 0.4, 20  # seconds of the processors; on the clock
SWAPPED: dict[type, type] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Break: ast.Continue,
    ast.Continue: ast.Break,
}
CALLS = {"less": "less_equal", "greater": "greater_equal", "and_": "or_", "equal": "not_equal", "minimum": "maximum", "any": "all"}
CALLS |= {"min": "max", "is_valid": "is_null"}
CALLS |= {after: before for before, after in CALLS.items()}
DROPPED = {"invert", "sorted"}  # calls that are taken away from around their argument


class Mutant(ast.NodeTransformer):
    """Makes the change with one number, counting all that could be made.

    Attributes:
        count: how many there are, after a visit.
        told: of the change made: (function, line, before, after).
    """

    def __init__(self, wanted: int) -> None:
        self.wanted, self.count = wanted, 0
        self.told: tuple[str, int, str, str] | None = None
        self._function: list[str] = []

    def _hit(self, before: ast.AST, after: ast.AST, line: int) -> bool:
        self.count += 1
        if self.count - 1 == self.wanted:
            self.told = (".".join(self._function), line, ast.unparse(before), ast.unparse(after))
            return True
        return False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node)

    def _inside(self, node: Any) -> ast.AST:
        self._function.append(node.name)
        first = node.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        node.body = [first] * documented + [self.visit(part) for part in node.body[documented:]]
        self._function.pop()
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        if isinstance(node.test, ast.Compare) and "__name__" in ast.unparse(node.test):
            return node
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for place, operator in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[place] = SWAPPED[type(operator)]()
            if self._hit(node, other, node.lineno):
                return other
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        other = ast.copy_location(ast.BoolOp(SWAPPED[type(node.op)](), node.values), node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if type(node.op) not in SWAPPED or self._message(node.left) or self._message(node.right):
            return node
        other = ast.copy_location(ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right), node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if self._hit(node, node.operand, node.lineno) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        if isinstance(value, bool):
            other: Any = not value
        elif isinstance(value, int | float):
            other = value + 1
        elif isinstance(value, str) and value and not self._message(node):
            other = f"XX{value}"
        else:
            return node
        changed = ast.copy_location(ast.Constant(other), node)
        return changed if self._hit(node, changed, node.lineno) else node

    def _message(self, node: ast.AST) -> bool:
        return isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        )

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if node.value is None:
            return node
        other = ast.copy_location(ast.Return(ast.Constant(None)), node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Yield | ast.YieldFrom):
            return node
        other = ast.copy_location(ast.parse("yield from ()").body[0], node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_Break(self, node: ast.Break) -> ast.AST:
        other = ast.copy_location(ast.Continue(), node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        other = ast.copy_location(ast.Break(), node)
        return other if self._hit(node, other, node.lineno) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if name in DROPPED and len(node.args) == 1:
            return node.args[0] if self._hit(node, node.args[0], node.lineno) else node
        if CALLS.get(name, name) != name:
            other = copy.deepcopy(node)
            if isinstance(other.func, ast.Attribute):
                other.func.attr = CALLS[name]
            else:
                other.func = ast.copy_location(ast.Name(CALLS[name]), node.func)
            return other if self._hit(node, other, node.lineno) else node
        return node


def mutants(name: str) -> Iterator[tuple[Mutant, ast.Module]]:
    """Yield every change of a module, with the module's tree so changed."""
    source = Path(str(import_module(PACKAGE + name).__file__)).read_text(encoding="utf-8")
    everything = Mutant(-1)
    everything.visit(ast.parse(source))
    for number in range(everything.count):
        mutant = Mutant(number)
        tree = ast.fix_missing_locations(mutant.visit(ast.parse(source)))
        yield mutant, tree


def put_in_place(name: str, mutant: Mutant, tree: ast.Module) -> None:
    """Change the module in this process: the code of one function, or a value wherever it was imported."""
    module = import_module(PACKAGE + name)
    fresh = types.ModuleType(module.__name__)
    fresh.__file__ = module.__file__
    sys.modules[module.__name__] = fresh  # dataclasses look their module up
    try:
        exec(compile(tree, str(module.__file__), "exec"), fresh.__dict__)
    finally:
        sys.modules[module.__name__] = module
    assert mutant.told
    path = mutant.told[0].split(".") if mutant.told[0] else []
    old, new = vars(module).get(path[0]) if path else None, vars(fresh).get(path[0]) if path else None
    if isinstance(old, type) and len(path) > 1:
        old, new = vars(old)[path[1]], vars(new)[path[1]]  # type: ignore[arg-type]
        for wrapped in ("fget", "__func__"):
            old, new = getattr(old, wrapped, old), getattr(new, wrapped, new)
    elif isinstance(old, type):  # a field of a dataclass
        old, new = vars(old).get("__init__"), vars(new).get("__init__")
    if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
    else:
        for key, value in list(vars(fresh).items()):
            was = vars(module).get(key)
            if not key.startswith("__") and not isinstance(value, types.FunctionType | type | types.ModuleType):
                for other in list(sys.modules.values()):
                    if (
                        getattr(other, "__name__", "").startswith(("curate.manifest", "tests.manifest"))
                        and vars(other).get(key) is was
                    ):
                        setattr(other, key, value)
    if name == "proof":  # that is also run as a file
        import tests.manifest.test_proof as program

        program.SOURCE = Path(tempfile.mkdtemp()) / "proof.py"
        program.SOURCE.write_text(ast.unparse(tree), encoding="utf-8")


class Run:
    """What pytest calls: the tests once as they are, then for every change in a process of its own."""

    def __init__(self, names: list[str], every: int, again: set[str] | None) -> None:
        self.names, self.every, self.again = names, every, again
        self.found: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self.broke: Counter[str] = Counter()  # found since the module could not be loaded, or its tests did not end
        self.survivors: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        taken = {}
        for item, following in zip(items, [*items[1:], items[0]], strict=True):
            begun = sum(os.times()[:4])  # of the processors, programs that were started included
            if not passes(item, following):
                raise SystemExit(f"{item.nodeid} fails as it is")
            taken[item] = sum(os.times()[:4]) - begun
        cheap = sorted((item for item in items if taken[item] < SLOWEST), key=lambda item: taken[item])
        sys.stderr.write(f"{len(cheap)} of {len(items)} tests, {sum(taken[i] for i in cheap):.0f} s\n")
        share_manifests()
        caught: Counter[pytest.Item] = Counter()
        for name in self.names:
            for number, (mutant, tree) in enumerate(mutants(name)):
                if number % 100 == 0:
                    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name} {number}\n")
                if number % self.every == 0 and (self.again is None or key(described(name, mutant)) in self.again):
                    self.tried[name] += 1
                    number_of = invariant(tree, mutant)
                    order = sorted(cheap, key=lambda item: (not breaks(item, number_of), -caught[item], taken[item]))
                    by = killer(name, mutant, tree, order)
                    if by is None:
                        self._survived(name, mutant)
                    else:
                        self.found[name] += 1
                        if by >= 0:
                            caught[order[by]] += 1
                        elif by == -1:
                            self.broke[name] += 1
        return True

    def _survived(self, name: str, mutant: Mutant) -> None:
        self.survivors.append(described(name, mutant))
        sys.stderr.write(f"survived: {key(self.survivors[-1])}\n")
        sys.stderr.flush()


def described(name: str, mutant: Mutant) -> dict[str, Any]:
    assert mutant.told
    function, line, before, after = mutant.told
    return {"module": name, "function": function, "line": line, "before": before, "after": after}


def passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    from _pytest.runner import runtestprotocol

    return all(report.outcome != "failed" for report in runtestprotocol(item, log=False, nextitem=following))


def invariant(tree: ast.Module, mutant: Mutant) -> int | None:
    """Return the number that the docstring of the changed function begins with."""
    assert mutant.told
    name = mutant.told[0].split(".")[0]
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef)
            and node.name == name
            and (found := re.match(r"\d+(?=: )", ast.get_docstring(node) or ""))
        ):
            return int(found[0])
    return None


def breaks(item: pytest.Item, number: int | None) -> bool:
    """Say whether a test is one of a bad manifest that breaks this invariant, or of columns where a change is of none."""
    from tests.manifest.bad import BAD

    cheat = BAD.get(getattr(item, "callspec", None) and item.callspec.params.get("name"))  # type: ignore[attr-defined]
    if number is None and item.path.stem == "test_columns":
        return True
    return cheat is not None and number in cheat.broken | cheat.by_proof


def share_manifests() -> None:
    """Make each bad manifest once, and keep what both proofs say of it as they are: one of them is changed at a time."""
    import tests.manifest.test_bad as test_bad

    (good,) = set(SHARED_GOOD)
    root = Path(tempfile.mkdtemp())
    made = {name: test_bad.make_bad(name, good, root / "bad" / name) for name in test_bad.BAD}
    made |= {name: test_bad.make_fine(name, good, root / "fine" / name) for name in test_bad.FINE}
    made |= {name: test_bad.make_bad(name, good, root / "bad" / name) for name in with_sets()}
    digest = test_bad.load(good).digest
    test_bad.make_bad = test_bad.make_fine = lambda name, *_: made[name]
    for name, folder in {"good": good, **made}.items():
        published = digest if name in test_bad.BAD and test_bad.BAD[name].published else None
        TOLD["verify"][folder, published] = test_bad.verify(folder, expected_digest=published)
        TOLD["prove"][folder, published] = test_bad.prove(folder, published)
    prepare(good, made)
    if wrong := [function for function in ASKED if is_noticed(function)]:
        raise SystemExit(f"{', '.join(wrong)}: noticed as they are")
    gc.freeze()  # what is made until here is not gone through in the processes to come


def with_sets() -> list[str]:
    """Add the manifests with other tests and sets than the good one's, bad and fine, and return their names."""
    from tests.manifest.bad import BAD, Cheat
    from tests.manifest.test_drawn_sets import CHEATS, FINE, SETS, redraw

    def made(change: Any) -> Any:
        def make(copy: Any) -> None:
            redraw(copy.images, copy.classes, copy.info, SETS)
            change(copy)
            copy.write()

        return make

    broken = {change: broken for change, broken, _ in CHEATS} | {change: set() for change in FINE}
    added = {f"sets: {change.__name__}": Cheat(made(change), of, set(), "after", False) for change, of in broken.items()}
    BAD.update(added)
    return list(added)


TOLD: dict[str, dict[tuple[Path, str | None], Any]] = {"verify": {}, "prove": {}}


def prepare(good: Path, made: dict[str, Path]) -> None:
    """Read each manifest once, and keep by check and step what is said of it as they are, and what has to be."""
    import tests.manifest.test_bad as test_bad
    from curate.manifest import invariants, proof, stated
    from curate.manifest.frozen import Frozen, Rows

    digest = test_bad.load(good).digest
    for name, folder in {"good": good, **made}.items():
        cheat = test_bad.BAD.get(name)
        published = digest if cheat and cheat.published else None
        with contextlib.suppress(Exception):  # what cannot be read is left to the tests
            read = test_bad.load(folder)
            frozen = Frozen(Rows(read.images), Rows(read.edges), read.classes, read.info)
            told = TOLD["verify"][folder, published].checks
            if len(told) < len(invariants.CHECKS):  # something could not be read
                continue
            said = {(number, what) for number, what, count in told if count}
            for module in (invariants.CHECKS, stated.STATED):
                for number, what, check in module:
                    rest = {n for n, w in said if (n, w) != (number, what)}
                    ASKED[check.__name__].append((check, frozen, number, rest, cheat.broken if cheat else set()))
        forms = {file: proof.step_2_form(file, (folder / file).read_bytes()) for file in proof.READ if (folder / file).is_file()}
        if len(forms) == len(proof.READ) and not any(wrong for _, wrong in forms.values()):
            m = proof.Manifest(*(forms[file][0] for file in ("images.csv", "edges.csv", "classes.json", "manifest.json")))
            told = TOLD["prove"][folder, published].get("checks", [])
            for step in proof.STEPS if told else ():
                number, _, what = str(step.__doc__).split("\n")[0].partition(": ")
                rest = {c["invariant"] for c in told if c["violations"] and c["name"] != what}
                ASKED[step.__name__].append((step, m, int(number), rest, cheat.by_proof if cheat else set()))


ASKED: defaultdict[str, list[tuple[Any, Any, int, set[int], set[int]]]] = defaultdict(list)


def is_noticed(function: str) -> bool:
    """Say whether the check of this name finds more or less of a bad or good manifest than it has to."""
    for check, content, number, rest, expected in ASKED.get(function, ()):
        signal.alarm(PATIENCE)
        try:
            found = any(True for _ in check(content))
        except Exception:  # noqa: BLE001 - said of as of a violation
            found = True
        signal.alarm(0)
        if rest | ({number} if found else set()) != expected:
            return True
    return False


def recall_the_other(name: str) -> None:
    """Let the proof that is not changed say of the shared manifests what it said before."""
    import tests.manifest.test_bad as test_bad

    verify, prove = test_bad.verify, test_bad.prove

    def recalled_verify(folder: Path, *, expected_digest: str | None = None) -> Any:
        return TOLD["verify"].get((folder, expected_digest)) or verify(folder, expected_digest=expected_digest)

    def recalled_prove(folder: Path, expected: str | None = None) -> Any:
        return TOLD["prove"].get((folder, expected)) or prove(folder, expected)

    if name == "proof":
        test_bad.verify = recalled_verify
    else:
        test_bad.prove = recalled_prove


SHARED_GOOD: set[Path] = set()


@pytest.fixture(autouse=True)
def _remember(good: Path) -> None:
    SHARED_GOOD.add(good)


def killer(name: str, mutant: Mutant, tree: ast.Module, order: list[pytest.Item]) -> int | None:
    """Return the place of the test that fails under a change; None when all pass.

    It is -1 where the change breaks the module or never ends, and -2 where the check by itself gave it away.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            place = b"-1"
            put_in_place(name, mutant, tree)
            recall_the_other(name)
            assert mutant.told
            if is_noticed(mutant.told[0]):
                os.write(writing, b"-2")
                os._exit(0)
            place = b"none"
            for number, item in enumerate(order):
                signal.alarm(PATIENCE)
                if not passes(item, order[(number + 1) % len(order)]):
                    place = str(number).encode()
                    break
            os.write(writing, place)
        except BaseException:  # noqa: BLE001 - whatever it is, the change was noticed
            os.write(writing, b"-1")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    os.waitpid(child, 0)
    return None if told == "none" else int(told or -1)


def reasons() -> set[str]:
    """Return the changes that docs/mutation.md gives a reason for, as `key` writes them."""
    text = REASONS.read_text(encoding="utf-8") if REASONS.exists() else ""
    return set(re.findall(r"^- `(.*?)`:", text, re.MULTILINE))


def key(survivor: dict[str, Any]) -> str:
    return f"{survivor['module']}.{survivor['function']} {survivor['before']} -> {survivor['after']}".replace("\n", " ")


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--modules", default=",".join(MODULES))
    options.add_argument("--every", type=int, default=1, help="try every N-th change only")
    options.add_argument("--again", type=Path, help="try only the survivors that an earlier run wrote with --json")
    options.add_argument("--json", type=Path, help="write the survivors here too")
    asked = options.parse_args()
    again = {key(survivor) for survivor in json.loads(asked.again.read_text(encoding="utf-8"))} if asked.again else None
    run = Run(asked.modules.split(","), asked.every, again)
    tests = [str(CHECKOUT / "tests" / "manifest" / f"{test}.py") for test in TESTS]
    plain = ["-q", "-p", "no:cacheprovider", "-p", "no:timeout", "-W", "ignore::pytest.PytestConfigWarning", "-m", "not slow"]
    status = pytest.main([*plain, *tests], plugins=[run, sys.modules[__name__]])
    if status not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(int(status))
    known = reasons()
    for name in run.names:
        left = [key(s) for s in run.survivors if s["module"] == name]
        share = f"{100 * run.found[name] / max(run.tried[name], 1):.1f} %"
        unknown = sum(k not in known for k in left)
        print(f"{name:<12}{run.found[name]:>6} of {run.tried[name]:<6}{share:>8}", end="  ")
        print(f"{run.broke[name]} of them broke the module or never ended; survived {len(left)}, without a reason {unknown}")
    tried, found = sum(run.tried.values()), sum(run.found.values())
    print(f"{'all':<12}{found:>6} of {tried:<6}{100 * found / max(tried, 1):>6.1f} %")
    for survivor in run.survivors:
        print(f"{'' if key(survivor) in known else 'no reason '}line {survivor['line']}: {key(survivor)}")
    if asked.json:
        asked.json.write_text(json.dumps(run.survivors, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
