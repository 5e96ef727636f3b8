"""GRAPH.md, sections 4 to 7, written down once more as plainly as it goes: sets and loops, no Alembic.

For histories of hundreds of revisions, where Alembic is slow, and for those where one parent is an ancestor of
another, which Alembic 1.8.1 can't take.
"""
from .histories import bits


def normal_parents(history):
    """norm_down: dependencies that a proper ancestor by down_revision names, too, are left out."""
    found = []
    for n, parents in enumerate(history.parents):
        inherited = set()
        for ancestor in bits(history.below[n] ^ 1 << n):
            inherited.update(history.deps[ancestor])
        found.append(list(dict.fromkeys(parents + [d for d in history.deps[n] if d not in inherited])))
    return found


def ordered(history, members, heads):
    """Section 6: children first."""
    norm_down = normal_parents(history)
    todo = set(bits(members))
    lines = sorted(set(bits(heads)) & todo)
    output, cursor = [], 0
    while lines:
        candidate = lines[cursor]
        above = next((i for i, tip in enumerate(lines) if i != cursor and history.all_below[tip] >> candidate & 1), None)
        if above is not None:
            cursor = above
            continue
        if candidate in todo:
            output.append(candidate)
            todo.remove(candidate)
        follow = [p for p in norm_down[candidate] if p in todo and p not in lines]
        if follow:
            lines[cursor] = follow[0]
            lines += follow[1:]
        else:
            del lines[cursor]
            cursor = max(cursor - 1, 0)
    assert not todo
    return [history.ids[n] for n in output]


def upgrade(history, rows, targets):
    """Steps to targets (sets of revisions here) from rows."""
    return ordered(history, history.closure(targets) & ~history.closure(rows), targets)[::-1]


def downgrade(history, rows, target):
    """Steps down to a revision's number, which stays; None for base."""
    roots = [n for n, parents in enumerate(history.parents) if (target in parents if target is not None else not parents)]
    drop = sum(1 << n for n in bits(history.closure(rows)) if any(history.all_below[n] >> r & 1 for r in roots))
    return ordered(history, drop, rows)


def listed(history, start):
    """The range from a revision's number (None for base) to all heads. Lines start at the heads, and at what no
    line comes down to: a range that starts on a branch may leave out what lies between two of its members."""
    heads = history.real_heads()
    if start is None:
        return ordered(history, history.everything(), heads)
    members = history.above(1 << start)
    under_a_line = 0
    for n, parents in enumerate(normal_parents(history)):
        if members >> n & 1:
            under_a_line |= sum(1 << p for p in parents)
    return ordered(history, members, members & (heads | ~under_a_line))


def effective_labels(history):
    """Section 1: own labels, those of versioned ancestors, and from the last visited descendant down to the
    next branch or merge point."""
    found = [set(labels) for labels in history.labels]
    children = [[] for _ in history.ids]
    all_children = [0] * len(history.ids)
    for n, parents in enumerate(history.parents):
        for p in parents:
            children[p].append(n)
        for p in history.all_parents[n]:
            all_children[p] += 1
    for owner, labels in enumerate(history.labels):
        if not labels:
            continue
        todo, seen, last = [owner], set(), owner
        while todo:
            n = todo.pop()
            if n not in seen:
                seen.add(n)
                found[n].update(labels)
                todo += children[n]
                last = n
        while all_children[last] < 2 and len(history.parents[last]) < 2:
            found[last].update(labels)
            if not history.parents[last]:
                break
            last = history.parents[last][0]
    return found
