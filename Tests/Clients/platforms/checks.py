"""Rules of fields, as platforms state them.

In: JSON and a table of rules by field name. Out: texts, one for each rule that is broken, each with the path of its field.
"""

MISSING = object()


def number(low, high, above=False, below=False):
    """`above` and `below` leave the ends of the range out."""

    def rule(value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return "must be a number"
        if value < low or value > high or (above and value == low) or (below and value == high):
            return f"{value} is not in the range {low} to {high}"

    return rule


def integer(low=0, high=1 << 53):
    def rule(value):
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be an integer"
        if not low <= value <= high:
            return f"{value} is not in the range {low} to {high}"

    return rule


def text(least=0, most=1 << 30):
    def rule(value):
        if not isinstance(value, str):
            return "must be a string"
        if not least <= len(value) <= most:
            return f"has {len(value)} characters, not {least} to {most}"

    return rule


def boolean(value):
    if not isinstance(value, bool):
        return "must be a boolean"


def anything(value):
    return None


def one_of(*values):
    return lambda value: None if value in values else f"{value!r} is not one of {values}"


def texts(most, longest=1 << 30, least=1):
    """An array of strings."""

    def rule(value):
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            return "must be an array of strings"
        if not least <= len(value) <= most:
            return f"has {len(value)} entries, not {least} to {most}"
        if any(len(item) > longest for item in value):
            return f"has an entry above {longest} characters"

    return rule


def text_or_texts(most):
    return lambda value: None if isinstance(value, str) and value else texts(most)(value)


def obj(required=None, optional=None):
    """A rule for an object whose fields are all known."""

    def rule(value):
        found = fields("", value, required or {}, optional or {})
        return "; ".join(found) or None

    return rule


def array_of(rule, least=1, most=1 << 30):
    def check(value):
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"must be an array of {least} to {most}"
        found = [f"[{index}] {problem}" for index, item in enumerate(value) if (problem := rule(item))]
        return "; ".join(found) or None

    return check


def fields(where, value, required, optional):
    """The mistakes of the object `value`. A field in neither table is unknown, and `null` is no value."""
    if not isinstance(value, dict):
        return [f"{where or 'body'} must be an object"]
    dot = f"{where}." if where else ""
    found = [f"{dot}{name} is required" for name in required if name not in value]
    for name, item in value.items():
        rule = required.get(name) or optional.get(name)
        if rule is None:
            found.append(f"{dot}{name} is an unknown field")
        elif problem := rule(item):
            found.append(f"{dot}{name} {problem}")
    return found
