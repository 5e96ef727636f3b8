"""What Limbeck must answer: what Alembic answers, but for the differences that GRAPH.md lists.

expected() says it before either tool is asked, from GRAPH.md's list "Where Limbeck differs, on purpose". Where
an entry of the list applies, what is expected is either a refusal with known words, or Alembic's answer to the
question as Alembic would have to be asked (`l1@head+1` starts inside l1: Alembic is asked `<that head>+1`), or,
for ranges and stamps, the rule of the entry carried out here. So no difference is waved through: an entry
only puts another expectation in the place of Alembic's answer.
"""
import re

from alembic.util import CommandError

from .alembic_side import Alembic, Answer
from .histories import bits

ALEMBIC_RELATIVE = re.compile(r'(?:(.+?)@)?(\w+)?((?:\+|-)\d+)')  # as in alembic/script/revision.py
FIRST_RELATIVE = re.compile(r'(.*)([+-])(\d+)', re.S)


class Refusal(Exception):
    """An error is expected; its text matches the pattern, its hint the other one."""

    def __init__(self, number, pattern='', hint=''):
        super().__init__(pattern)
        self.number, self.pattern, self.hint = number, pattern, hint

    def met_by(self, ours):
        return ours.error is not None and re.match(self.pattern, ours.error) and re.search(self.hint, ours.hint or '')

    def __str__(self):
        return f'error: {self.pattern or "(any)"}'


class Word:
    """A word by Limbeck's grammar: [label@][symbol][step], entry 5."""

    def __init__(self, case, text):
        history = case.history
        self.text = text
        scope, at, rest = text.partition('@')
        self.scope, self.symbol = (scope, rest) if at else (None, text)
        self.step = ''
        found = FIRST_RELATIVE.fullmatch(self.symbol)
        if found and not (found.group(1) and history.is_name(self.symbol)):
            self.symbol, self.step = found.group(1), found.group(2) + found.group(3)
        self.count = int(self.step[1:] or 0)
        self.lineage = None
        if self.scope == '':
            raise Refusal(4, 'no branch label stands before the @')
        if self.scope is not None:
            self.lineage = history.lineage(self.resolve_scope(history))

    def resolve_scope(self, history):
        if self.scope in history.number:
            return history.number[self.scope]
        found = history.starting_with(self.scope)
        if len(found) != 1:
            raise Refusal(4, ambiguous(self.scope, found) if found else
                          re.escape(f"can't locate revision identified by '{self.scope}'"))
        return history.number[found[0]]

    def spelled(self, case, symbol=None):
        """For Alembic, with labels that it can read."""
        parts = (None if self.scope is None else case.plain_name(self.scope),
                 case.plain_name(self.symbol) if symbol is None else symbol)
        return ('' if parts[0] is None else parts[0] + '@') + parts[1] + self.step


def ambiguous(prefix, names):
    return re.escape(f"multiple revisions start with '{prefix}': " + ', '.join(f"'{n}'" for n in names)) + '$'


class Case:
    """A question. alembic reads it as it is; plain knows the labels by names that Alembic can always read."""

    def __init__(self, history, rows, operation, target, alembic=None, plain=None):
        self.history, self.rows, self.operation, self.target = history, rows, operation, target
        self.alembic = alembic or Alembic(history)
        self.plain = plain or plain_alembic(history, self.alembic)
        self.numbers = set()

    def plain_name(self, name):
        return plain_name(name) if self.plain is not self.alembic else name

    def applied(self):
        return self.history.closure(self.history.set_of(self.rows))

    def use(self, number):
        self.numbers.add(number)


def plain_name(name):
    return re.sub(r'[-.]', '_', name)


def plain_alembic(history, alembic):
    odd = any(re.search(r'[-.]', label) for labels in history.labels for label in labels)
    return Alembic(history.translated(plain_name)) if odd else alembic


def expected(case):
    """An Answer, or a Refusal; case.numbers are then the entries that were needed for it."""
    try:
        refuse_unsound_rows(case)
        return {'upgrade': upgrade, 'downgrade': downgrade, 'stamp': stamp, 'purge': stamp,
                'history': history_range}[case.operation](case)
    except Refusal as refusal:
        case.use(refusal.number)
        return refusal


def refuse_unsound_rows(case):
    """Entry 10."""
    unknown = [row for row in case.rows if row not in case.history.number]
    if unknown and case.operation not in ('purge', 'history'):
        raise Refusal(10, re.escape(f"can't locate revision identified by '{unknown[0]}'"), 'migrate_stamp')
    if case.operation in ('upgrade', 'downgrade'):
        rows = case.history.set_of(case.rows)
        if case.history.maximal(rows) != rows:
            raise Refusal(10, 'requested revision .* overlaps with other requested revisions', 'migrate_stamp')


# --- words ------------------------------------------------------------------------------------------


def read_word(case, text):
    """The word, or the refusal of a form that Limbeck doesn't take."""
    word = Word(case, text)
    words = '' if word.step or re.search('[,: ]', case.target or '') else "can't locate revision identified by"
    if '@' in word.symbol:
        raise Refusal(4, words)
    if bool(ALEMBIC_RELATIVE.match(word.spelled(case))) != bool(word.step):
        raise Refusal(5, words)  # +1junk
    if case.plain is not case.alembic and word.spelled(case) != text:
        case.use(5)
    return word


def refuse_forms(case, word, call):
    alone = len((case.target or '').replace(',', ' ').split()) < 2  # else another word may be refused before
    if word.symbol == 'current':
        raise Refusal(7, f"'current' is not a target for {call}" if alone else '')
    if word.symbol == 'base' and word.step.startswith('-'):
        raise Refusal(7, 'nothing lies below base')


def only_real_head(case, word):
    """Entry 13: `head`, when there are several versioned heads but one real one."""
    history = case.history
    if word.symbol == 'head' and word.scope is None:
        real = list(bits(history.real_heads()))
        if len(real) == 1 and history.heads().bit_count() > 1:
            case.use(13)
            return history.ids[real[0]]
    return None


def one_inside(case, word):
    """Entry 4: what stands behind the label, on the label's branch; None for base."""
    step, word.step = word.step, ''
    try:
        revision = case.plain.directory.get_revision(word.spelled(case))
    except CommandError as error:
        raise Refusal(4, '|'.join(re.escape(text) for text in wordings(case, error, word))) from error
    finally:
        word.step = step
    case.use(4)
    return revision.revision if revision else 'base'


def wordings(case, error, word):
    """What Limbeck may say where Alembic says this."""
    said, cause = (lowered(text) for text in (str(error), str(error.__cause__ or '')))
    for name in (word.symbol, word.scope or ''):
        said, cause = (text.replace(f"'{case.plain_name(name)}'", f"'{name}'") for text in (said, cause))
    if cause.startswith('multiple revisions start with'):
        found = case.history.starting_with(word.symbol, -1 if word.lineage is None else word.lineage)
        return ["multiple revisions start with '%s': %s" % (word.symbol, ', '.join(f"'{n}'" for n in found))]
    if 'is not a member of branch' in cause:
        return [cause]
    return [said.split("given argument '")[0]]


def lowered(text):
    return text[:1].lower() + text[1:]


# --- upgrade, downgrade -----------------------------------------------------------------------------


def upgrade(case):
    texts = (case.target or 'head').replace(',', ' ').split()
    words = []
    for text in texts:
        words.append(read_word(case, text))
        if words[-1].step and len(texts) > 1:
            raise Refusal(7, "a relative step can't stand in a list")
    asked, overlapping = [], False
    for word in words:
        refuse_forms(case, word, 'migrate_upgrade')
        symbol = only_real_head(case, word)
        if word.scope is not None and word.symbol and word.step[:1] == '+' and word.count:
            symbol = one_inside(case, word)
        if word.scope is not None and word.symbol == 'heads' and not word.step:
            heads = case.history.heads() & word.lineage
            if case.history.maximal(heads) != heads:
                overlapping = True
        asked.append(word.spelled(case, symbol))
    if overlapping:
        case.use(13)
        return upgrade_to(case, [set_meant(case, text) for text in asked])
    return ask_otherwise(case, ','.join(asked))


def set_meant(case, text):
    """The revisions that a word means, asked of Alembic."""
    try:
        return case.history.set_of(r.revision for r in case.plain.directory.get_revisions(text))
    except CommandError as error:
        raise Refusal(1) from error


def refuse_overlap(case, sets, number=13):
    """Two words of which one's revision is an ancestor of the other's."""
    history = case.history
    for i, above in enumerate(sets):
        strictly_below = history.strictly_below(above)
        if any(strictly_below & other for j, other in enumerate(sets) if j != i):
            raise Refusal(number, 'requested revision .* overlaps with other requested revisions')


def upgrade_to(case, sets):
    """An upgrade to targets that overlap within one word, in Alembic's order."""
    history, targets = case.history, 0
    refuse_overlap(case, sets)
    for members in sets:
        targets |= members
    needed = history.closure(targets) & ~case.applied()
    steps = case.plain.ordered(history.names(needed), history.names(targets))[::-1]
    return case.plain.run(case.rows, [case.plain.step(name, True) for name in steps])


def downgrade(case):
    if case.target is None:
        raise Refusal(7, 'migrate_downgrade needs a target')
    texts = case.target.replace(',', ' ').split()
    if len(texts) > 1:
        raise Refusal(7)
    word = read_word(case, texts[0])
    refuse_forms(case, word, 'migrate_downgrade')
    if not word.symbol and word.scope is None and word.step[0] == '-' and word.count and len(case.rows) > 1:
        raise Refusal(7, f'downgrade -{word.count} from multiple heads is ambiguous', f"{case.rows[0]}@{word.step}")
    symbol = only_real_head(case, word)
    if word.scope is not None and word.symbol and (not word.step or word.step[0] == '+' or not word.count):
        symbol = one_inside(case, word)
    return ask_otherwise(case, word.spelled(case, symbol))


def ask_otherwise(case, target):
    """Alembic's answer to another target; errors tell of the target as it was."""
    answer = case.plain.ask(case.operation, case.rows, target)
    if answer.error and case.target:
        answer.error = re.sub(rf"(Destination |'|@){re.escape(target)}(?=[ '])", lambda m: m.group(1) + case.target,
                              answer.error)
    return answer


# --- stamp ------------------------------------------------------------------------------------------


def stamp(case):
    """Entry 11."""
    history = case.history
    if case.target is None:
        raise Refusal(7, 'migrate_stamp needs a target')
    texts = case.target.replace(',', ' ').split()
    words = []
    for text in texts:
        words.append(read_word(case, text))
        if words[-1].step and len(texts) > 1:
            raise Refusal(7, "a relative step can't stand in a list")
    targets = []
    for word in words:
        if word.step:
            raise Refusal(7, 'a relative step is not a target for migrate_stamp')
        refuse_forms(case, word, 'migrate_stamp')
        try:
            found = case.plain.directory.get_revisions(word.spelled(case, only_real_head(case, word)))
        except CommandError as error:
            if 'multiple head' in str(error).lower():
                return Answer(error='Multiple heads are present; please specify a single target revision')
            return Answer(error=str(error), cause=str(error.__cause__ or ''))
        targets.append(history.set_of(r.revision for r in found))
        if not targets[-1] and word.scope is None and len(texts) > 1:
            raise Refusal(11, "'base' can't stand in a list")
    refuse_overlap(case, targets, 11)
    rows = [] if case.operation == 'purge' else case.rows
    if history.maximal(history.set_of(rows)) != history.set_of(rows):
        case.use(10)
    if any(word.scope is not None for word in words) or sum(map(int.bit_count, targets)) > 1:
        case.use(11)
    rows = history.set_of(rows)
    for word, members in zip(words, targets):
        if word.scope is not None:
            rows &= ~word.lineage
        elif not members:
            rows = 0
        for n in bits(members) if word.scope is None else ():
            rows &= ~history.lineage(n, with_dependencies=True)
    for members in targets:
        rows |= members
    return Answer(rows=set(history.names(history.maximal(rows))))


# --- history ----------------------------------------------------------------------------------------


def history_range(case):
    """Section 10 with entries 4, 8 and 13; words and order are Alembic's."""
    history = case.history
    text = (':' if case.target is None else case.target).strip()
    if text.count(':') != 1:
        raise Refusal(8, re.escape('history range requires [start]:[end], [start]:, or :[end]'))
    start, _, end = text.partition(':')
    starts, word = range_start(case, start)
    ends = range_end(case, end or 'heads', starts)
    if word is not None and word.scope is not None:
        ends = ends_on_branch(case, word, ends)
    below = history.closure(ends)
    if starts is None:
        members = below
    elif starts & ~below:
        return Answer(error=f'Requested range {text} does not refer to ancestor/descendant revisions')
    else:
        strictly_below = history.strictly_below(starts)
        members = below & history.above(starts) & ~strictly_below
        if strictly_below & starts:
            case.use(8)
    if history.maximal(ends) != ends:
        case.use(13)
    under_a_line = 0
    for n in bits(members):
        under_a_line |= history.set_of(case.plain.map._revision_map[history.ids[n]]._normalized_down_revisions)
    tops = members & ~under_a_line
    if tops & ~ends:
        case.use(8)
    return Answer(steps=case.plain.ordered(history.names(members), history.names(members & ends | tops)))


def range_start(case, text):
    """The set to start from, None for base; and the word."""
    history = case.history
    if not text:
        return None, None
    word = read_word(case, text)
    within = -1 if word.lineage is None else word.lineage
    if word.step:
        if word.symbol or word.step[0] == '+':
            raise Refusal(8, '.* can\'t be the start of a range')
        case.use(8)
        starts, past_base = 0, False
        for n in bits(history.real_heads() & within):
            for _ in range(word.count):
                if n is not None and len(history.parents[n]) > 1:
                    raise Refusal(8, 'ambiguous walk')
                n = None if n is None or not history.parents[n] else history.parents[n][0]
            if n is None:
                past_base = True
            else:
                starts |= 1 << n
        return None if past_base else starts, word
    if word.symbol == 'current':
        case.use(8)
        rows = history.set_of(case.rows) & within
        return rows or None, word
    found = absolute(case, word)
    return found or None, word


def absolute(case, word):
    try:
        found = case.plain.directory.get_revisions(word.spelled(case, only_real_head(case, word)))
    except CommandError as error:
        raise Refusal(1, '|'.join(re.escape(text) for text in wordings(case, error, word))) from error
    return case.history.set_of(r.revision for r in found)


def range_end(case, text, starts):
    word = read_word(case, text)
    symbol = only_real_head(case, word)
    if word.symbol == 'current':
        case.use(8)
        rows = case.history.set_of(case.rows)
        rows = rows if word.lineage is None else rows & word.lineage
        if not word.step:
            return rows
        if rows.bit_count() > 1:
            raise Refusal(8, 'multiple head revisions are present')
        if not rows and word.step[0] == '-':
            return 0
        symbol = word.symbol = case.history.names(rows)[0] if rows else 'base'
    if not word.step:
        return absolute(case, word)
    if word.symbol == 'base' and word.step[0] == '-':
        raise Refusal(7, 'nothing lies below base')
    if word.scope is not None and word.symbol and word.step[0] == '+' and word.count:
        symbol = one_inside(case, word)
    try:
        with case.plain.directory._catch_revision_errors():
            found = case.plain.map._parse_upgrade_target(
                current_revisions=tuple(case.history.names(starts)) if starts else (),
                target=word.spelled(case, symbol), assert_relative_length=False)
    except CommandError as error:
        raise Refusal(1, '|'.join(re.escape(said) for said in wordings(case, error, word))) from error
    if found[0] in (None, 'base'):  # `:aaaa-9`, where Alembic shows a traceback: clamped to base
        case.use(8)
        return 0
    return case.history.set_of(r.revision for r in found)


def ends_on_branch(case, word, ends):
    history = case.history
    if any(word.scope in labels for labels in history.labels):
        name = case.plain_name(word.scope)
        return sum(1 << n for n in bits(ends) if name in case.plain.map._revision_map[history.ids[n]].branch_labels)
    case.use(4)
    return ends & word.lineage
