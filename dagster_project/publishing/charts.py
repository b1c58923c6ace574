"""Charts as inline SVG: no script, no style of their own (the page's classes colour them), no text that shrinks on a phone."""

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup, escape

_HEIGHT = 168
_TOP, _BOTTOM = 12, 24


def share_bar(parts: Sequence[tuple[str, int]], label: str) -> Markup:
    """Draw one bar that is divided by count; each part's class is its name."""
    total = sum(count for _, count in parts)
    drawn, start = [], 0.0
    for name, count in parts:
        width = 100 * count / total if total else 0
        if count:
            drawn.append(_rect((start, 0, width, 14), f"fill-{name}", f"{name.replace('_', ' ')}: {count:,}"))
        start += width
    return _svg("share", label, 14, drawn)


def meter(value: int, most: int, label: str) -> Markup:
    """Draw a value as part of the largest one of its column."""
    width = 100 * value / most if most else 0
    return _svg("meter", label, 6, [_rect((0, 0, 100, 6), "fill-track"), _rect((0, 0, width, 6), "fill-accent")])


def spark(values: Sequence[int], label: str) -> Markup:
    """Draw a row of values as small columns, one for each day."""
    most = max(values, default=0)
    step = 100 / max(1, len(values))
    drawn = []
    for place, value in enumerate(values):
        height = max(1.0, 22 * value / most) if most and value else 0.5
        drawn.append(_rect((place * step, 22 - height, step * 0.7, height), "fill-accent" if value else "fill-track"))
    return _svg("spark", label, 22, drawn)


def levels(days: Sequence[date], values: Sequence[int | None], limit: int | None) -> Markup:
    """Draw how many records were held on each day as small columns, with a line at the limit; a day that was not measured has none."""
    held = [(place, value) for place, value in enumerate(values) if value is not None]
    most = max([value for _, value in held] + [limit or 0], default=0)
    step = 100 / max(1, len(days))
    drawn = []
    for place, value in held:
        height = max(0.5, 22 * value / most) if most else 0.5
        drawn.append(_rect((place * step, 22 - height, step * 0.7, height), "fill-accent"))
    if limit:
        drawn.append(Markup('<line class="limit" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_short(22 - 22 * limit / most)))
    told = [f"{value:,} on {days[place].isoformat()}" for place, value in (held[:1] + held[-1:] if len(held) > 1 else held)]
    return _svg("spark", f"Records: {' and '.join(told) or 'not measured'}{f', limit {limit:,}' if limit else ''}.", 22, drawn)


def columns(days: Sequence[date], values: Sequence[int], unit: str) -> Markup:
    """Draw one column for each day, with a scale; the label tells a reader who cannot see it what it shows."""
    top = ceiling(max(values, default=0))
    plot = _HEIGHT - _TOP - _BOTTOM
    step = 100 / max(1, len(days))
    drawn, scale = [], []
    for mark in (top, top // 2, 0):
        y = _TOP + plot * (1 - mark / top)
        drawn.append(Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_short(y)))
        scale.append(_text("100%", y + 4, f"{mark:,}", "end"))
    for place, (day, value) in enumerate(zip(days, values, strict=True)):
        height = plot * value / top
        drawn.append(_rect((place * step + step * 0.14, _TOP + plot - height, step * 0.72, height), "fill-accent", f"{day.isoformat()}: {value:,} {unit}"))
        if day.day in {1, 8, 15, 22, 29}:
            drawn.append(_text(f"{_short(place * step + step / 2)}%", _HEIGHT - 7, str(day.day), "middle"))
    axis = Markup('<svg class="chart scale" aria-hidden="true" height="{}">{}</svg>').format(_HEIGHT, Markup("").join(scale))
    return Markup('<div class="plot">{}{}</div>').format(axis, _svg("columns", _described(days, values, unit), _HEIGHT, drawn))


def ceiling(value: int) -> int:
    """Return the next round number that is even and holds the value: 2, 4, 6, 8, 10, 20, 30, 40 and so on."""
    scale = int(10 ** (len(str(value)) - 1))
    return next(factor * scale for factor in (1, 2, 3, 4, 5, 6, 8, 10) if factor * scale >= value and factor * scale % 2 == 0)


def _described(days: Sequence[date], values: Sequence[int], unit: str) -> str:
    if not values:
        return f"No {unit}."
    most = max(values)
    peak = days[list(values).index(most)]
    span = f"{days[0].isoformat()} to {days[-1].isoformat()}"
    return f"{unit.capitalize()} per day, {span}: {sum(values):,} in all, between {min(values):,} and {most:,}, most on {peak.isoformat()}."


def _svg(kind: str, label: str, height: int, drawn: Sequence[Markup]) -> Markup:
    frame = Markup('<svg class="chart {}" role="img" aria-label="{}" width="100%" height="{}" focusable="false">{}</svg>')
    return frame.format(kind, label, height, Markup("").join(drawn))


def _rect(box: tuple[float, float, float, float], kind: str, title: str = "") -> Markup:
    """Draw a rectangle; of its box, x and width are percent of the chart, y and height pixels.

    A page can have 100,000 of them: escaping every part of each, lengths too, would take most of its time.
    """
    x, y, width, height = map(_short, box)
    inside = f"<title>{escape(title)}</title>" if title else ""
    return Markup(f'<rect class="{escape(kind)}" x="{x}%" y="{y}" width="{width}%" height="{height}">{inside}</rect>')  # noqa: S704 (lengths, or escaped)


def _text(x: str, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" aria-hidden="true">{}</text>').format(x, _short(y), anchor, escape(words))


def _short(number: float) -> str:
    """Write a length with two digits at most, the same on every machine."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
