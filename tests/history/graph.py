"""Cycles in a direct serialisation graph, named as Adya named them.

Edges: ``ww`` overwrote, ``wr`` read what the other wrote, ``rw`` read what the other overwrote,
``rt`` ended before the other began. A cycle means that no order of the transactions explains what
was seen.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence

Graph = defaultdict[str, dict[str, set[str]]]

#: From the gravest: what may be in a cycle of that name besides what came before.
SEARCHES = (
    ("G0", {"ww"}),
    ("G1c", {"ww", "wr"}),
    ("G2", {"ww", "wr", "rw"}),
    ("G0-real-time", {"ww", "rt"}),
    ("G1c-real-time", {"ww", "wr", "rt"}),
    ("G2-real-time", {"ww", "wr", "rw", "rt"}),
)


def add_real_time(graph: Graph, spans: Mapping[str, tuple[int, int]]) -> None:
    """Add an edge from what had ended to what began after it, leaving out those that follow."""
    moments = sorted(
        [(called_ns, 0, name) for name, (called_ns, _) in spans.items()]
        + [(returned_ns, 1, name) for name, (_, returned_ns) in spans.items()]
    )
    ended: list[str] = []  # those that no other ended one began after
    before: dict[str, list[str]] = {}
    for _, is_end, name in moments:
        if not is_end:
            before[name] = list(ended)
            for one in ended:
                graph[one].setdefault(name, set()).add("rt")
        else:
            covered = set(before[name])
            ended = [one for one in ended if one not in covered] + [name]


def find_cycles(graph: Graph) -> Iterator[tuple[str, str]]:
    """The shortest cycle of the gravest kind, as (name, text); nothing if there is no cycle."""
    for name, edges in SEARCHES:
        part = {
            source: [target for target, kinds in targets.items() if kinds & edges]
            for source, targets in graph.items()
        }
        knots = [knot for knot in strong_components(part) if len(knot) > 1]
        if knots:
            cycle = _shortest_cycle(part, min(knots, key=len))
            yield _named(name, graph, cycle, edges), _told(graph, cycle, edges)
            return


def strong_components(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Strongly connected components (Tarjan, 1972), without recursion."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for root in graph:
        if root in number:
            continue
        work = [(root, iter(graph.get(root, ())))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in number:
                    number[target] = lowest[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph.get(target, ()))))
                    break
                if target in on_stack:
                    lowest[node] = min(lowest[node], number[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == number[node]:
                    components.append(_pop_component(node, stack, on_stack))
    return components


def _pop_component(root: str, stack: list[str], on_stack: set[str]) -> list[str]:
    component: list[str] = []
    while not component or component[-1] != root:
        component.append(stack.pop())
        on_stack.discard(component[-1])
    return component


def _shortest_cycle(graph: Mapping[str, Sequence[str]], knot: Sequence[str]) -> list[str]:
    inside = set(knot)
    best: list[str] = []
    for start in knot:
        came_from: dict[str, str] = {}
        queue = deque([start])
        while queue and start not in came_from:
            node = queue.popleft()
            for target in graph.get(node, ()):
                if target in inside and target not in came_from:
                    came_from[target] = node
                    queue.append(target)
        path = [start]
        while (node := came_from[path[-1]]) != start:
            path.append(node)
        cycle = [start, *reversed(path[1:])]
        if not best or len(cycle) < len(best):
            best = cycle
    return best


def _named(name: str, graph: Graph, cycle: Sequence[str], edges: set[str]) -> str:
    if not name.startswith("G2"):
        return name
    # With one anti-dependency it is read skew, with more write skew or a long fork.
    needed = [not (graph[one][other] & (edges - {"rw"})) for one, other in _steps(cycle)]
    return name.replace("G2", "G-single") if sum(needed) <= 1 else name


def _told(graph: Graph, cycle: Sequence[str], edges: set[str]) -> str:
    steps = [
        f"{one} -{'/'.join(sorted(graph[one][other] & edges))}-> " for one, other in _steps(cycle)
    ]
    return "".join(steps) + cycle[0]


def _steps(cycle: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(cycle, [*cycle[1:], cycle[0]], strict=True)
