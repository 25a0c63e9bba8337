# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The picture of an explanation: what was heard above, what it added to the reward below.

Laid out as in Praat: waveform, wide-band spectrogram with the pitch over it, level, with pauses
shaded; then a waterfall of the contributions, from the average training clip at 0 to the reward.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rewardkit.curves import Curve, Span
from rewardkit.errors import RewardkitError
from rewardkit.explain import Explanation, Part
from rewardkit.files import replace
from rewardkit.printing import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS: Final = (".png", ".svg", ".html")

_RAISES, _LOWERS, _TOTAL = "#1b7837", "#b2182b", "#404040"  # tell apart in grey as well
_PAUSE: Final = "#4575b4"
_WINDOW: Final = 0.005  # s; Praat's standard, which shows pulses and formants
_TOP: Final = 5_000.0  # Hz
_DEPTH: Final = 50.0  # dB


def check_ending(path: str | Path) -> None:
    """Refuse a file name that no format belongs to, or that lies in no folder.

    Raises:
        RewardkitError: `bad_option`, `no_folder`.
    """
    if not Path(path).parent.is_dir():
        raise RewardkitError("no_folder", f"{Path(path).parent} is not a folder")
    if Path(path).suffix.lower() not in ENDINGS:
        raise RewardkitError("bad_option", f"{path}: a figure ends in {', '.join(ENDINGS)}")


def save(explanation: Explanation, path: str | Path, *, most: int = 14) -> None:
    """Draw an explanation and write it.

    Args:
        explanation: With parts.
        path: Ends in `.png`, `.svg` or `.html`; the last is one file with the picture, the sound
            and a table of every feature.
        most: How many features the waterfall names; the others are one bar.

    Raises:
        RewardkitError: `bad_option` for another ending, `no_reward` without parts.
    """
    check_ending(path)
    kind = Path(path).suffix.lower()
    figure = draw(explanation, most=most)
    if kind == ".html":
        replace(Path(path), _page(explanation, _bytes(figure, "svg")).encode())
    else:
        replace(Path(path), _bytes(figure, kind[1:]))


def draw(explanation: Explanation, *, most: int = 14) -> Figure:
    """The picture as a matplotlib figure; no window is opened and no global state touched.

    Args:
        explanation: With parts.
        most: How many features the waterfall names.

    Raises:
        RewardkitError: `no_reward` when the clip was not measured.
    """
    from matplotlib.figure import Figure

    if not explanation.parts:
        raise RewardkitError("no_reward", f"nothing to draw: {explanation.reward.error}")
    named = min(most, len(explanation.parts))
    figure = Figure(figsize=(9, 5.2 + 0.26 * named), layout="constrained")
    rows = figure.add_gridspec(4, 1, height_ratios=[1, 2.2, 1, 0.5 + 0.26 * named])
    wave = figure.add_subplot(rows[0])
    spectrum = figure.add_subplot(rows[1], sharex=wave)
    level = figure.add_subplot(rows[2], sharex=wave)
    bars = figure.add_subplot(rows[3])
    _waveform(wave, explanation)
    _spectrogram(spectrum, explanation)
    _curves(spectrum, level, [c for c in explanation.seen if isinstance(c, Curve)])
    for axes in (wave, spectrum, level):
        _shade(axes, [span for span in explanation.seen if isinstance(span, Span)])
    for axes in (wave, spectrum):
        axes.tick_params(labelbottom=False)
    level.set_xlabel("s")
    _waterfall(bars, explanation, named)
    reward = explanation.reward
    says = (
        "no reward" if reward.scalar is None else f"reward {reward.scalar:+.2f} ± {reward.std:.2f}"
    )
    # Two dollars in a name are no formula.
    figure.suptitle(f"{_name(explanation)}: {says}", fontsize=11, parse_math=False)
    return figure


def _name(explanation: Explanation) -> str:
    return printable(Path(explanation.clip.source).name)


def _waveform(axes: Axes, explanation: Explanation) -> None:
    clip = explanation.clip
    step = max(1, len(clip.samples) // 20_000)  # a long clip is drawn by its extremes
    usable = clip.samples[: len(clip.samples) // step * step].reshape(-1, step)
    times = np.arange(len(usable)) * step / clip.sample_rate
    axes.fill_between(times, usable.min(axis=1), usable.max(axis=1), color=_TOTAL, lw=0.5)
    axes.set_xlim(0, clip.duration)
    axes.set_ylabel("sample")


def _spectrogram(axes: Axes, explanation: Explanation) -> None:
    clip = explanation.clip
    size = max(16, round(4 * _WINDOW * clip.sample_rate))
    hop = max(1, len(clip.samples) // 1500, round(_WINDOW / 2 * clip.sample_rate))
    padded = np.pad(clip.samples.astype(np.float64), size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    taper = np.exp(-12 * (np.arange(size) / size - 0.5) ** 2)  # Gaussian, as Praat's
    fine = 1 << (2 * size - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(frames * taper, fine))).T
    frequencies = np.fft.rfftfreq(fine, 1 / clip.sample_rate)
    shown = frequencies <= _TOP
    decibels = 10 * np.log10(power[shown] + 1e-12 * power.max() + 1e-300)
    axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        extent=(0, clip.duration, 0, float(frequencies[shown][-1])),
        vmin=decibels.max() - _DEPTH,
        vmax=decibels.max(),
    )
    axes.set_ylabel("Hz")


def _curves(spectrum: Axes, level: Axes, curves: Sequence[Curve]) -> None:
    """What is in Hz over the spectrogram, on a scale of its own; the rest below."""
    pitches = [curve for curve in curves if curve.unit == "Hz"]
    if pitches:
        own = spectrum.twinx()
        for curve in pitches:
            own.plot(curve.times, curve.values, lw=2.2, color="#2166ac", label=curve.name)
        own.set_ylabel(f"{pitches[0].name} (Hz)", color="#2166ac")
        highest = max(float(np.nanmax(c.values, initial=0.0)) for c in pitches)
        own.set_ylim(0, max(1.2 * highest, 100.0))
    others = [curve for curve in curves if curve.unit != "Hz"]
    for curve in others:
        level.plot(curve.times, curve.values, lw=1.2, label=f"{curve.name} ({curve.unit})")
    if len(others) > 1:
        level.legend(fontsize=7, loc="lower right")
    if others:
        level.set_ylabel(f"{others[0].name} ({others[0].unit})")


def _shade(axes: Axes, spans: Sequence[Span]) -> None:
    for span in spans:
        axes.axvspan(span.start, span.stop, color=_PAUSE, alpha=0.22, lw=0)


def _waterfall(axes: Axes, explanation: Explanation, named: int) -> None:
    """Each bar begins where the last one ended; the last is the reward itself."""
    parts = explanation.parts
    sizes = [part.contribution for part in parts[:named]]
    labels = [_label(part) for part in parts[:named]]
    if parts[named:]:
        sizes.append(sum(part.contribution for part in parts[named:]))
        labels.append(f"{len(parts) - named} other features")
    ends = np.cumsum(sizes)
    starts = ends - sizes
    rows = np.arange(len(sizes))
    colours = [_RAISES if size >= 0 else _LOWERS for size in sizes]
    axes.barh(rows, sizes, left=starts, color=colours)
    axes.barh([len(sizes)], [ends[-1]], color=_TOTAL)
    for row, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        axes.annotate(
            f"{size:+.2f}",
            (end, row),
            xytext=(3 if size >= 0 else -3, 0),
            textcoords="offset points",
            va="center",
            ha="left" if size >= 0 else "right",
            fontsize=7,
        )
    axes.set_yticks([*rows, len(sizes)], [*labels, "reward"], fontsize=7)
    axes.invert_yaxis()
    axes.use_sticky_edges = False
    axes.margins(x=0.08)
    axes.axvline(0, color=_TOTAL, lw=0.8)
    axes.set_xlabel("log-odds; 0 is the average training clip")


def _label(part: Part) -> str:
    value = "not measured" if part.value is None else f"{part.value:.3g} {part.unit}"
    place = "" if part.place is None else f", above {part.place:.0%}"
    return f"{part.feature}  {value.removesuffix(' 1')}{place}"


def _bytes(figure: Figure, kind: str) -> bytes:
    """The figure's file; an SVG without a date and with fixed ids, so that equal is equal."""
    from matplotlib import rc_context

    data = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
    with rc_context({"svg.hashsalt": "rewardkit"}):
        figure.savefig(data, format=kind, dpi=150, metadata=metadata)
    return data.getvalue()


def _page(explanation: Explanation, picture: bytes) -> str:
    """One HTML file that needs nothing else."""
    import soundfile

    clip = explanation.clip
    sound = io.BytesIO()
    soundfile.write(sound, clip.samples, clip.sample_rate, format="WAV", subtype="PCM_16")
    title = html.escape(_name(explanation))
    rows = "".join(
        f"<tr><td>{part.contribution:+.3f}</td><td>{html.escape(part.feature)}</td>"
        f"<td>{'' if part.value is None else f'{part.value:.4g}'}</td>"
        f"<td>{html.escape(part.unit)}</td>"
        f"<td>{'' if part.place is None else f'{part.place:.0%}'}</td>"
        f"<td>{html.escape(part.about)}</td></tr>"
        for part in explanation.parts
    )
    drawn = picture[picture.index(b"<svg") :].decode()
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; max-width: 60em; margin: 1em auto; padding: 0 1em }}
svg {{ width: 100%; height: auto }}
td, th {{ padding: .1em .6em; text-align: left }}
td:nth-child(1), td:nth-child(3), td:nth-child(5) {{ text-align: right }}
</style>
<h1>{title}</h1>
<audio controls src="data:audio/wav;base64,{base64.b64encode(sound.getvalue()).decode()}"></audio>
{drawn}
<table><tr><th>adds (log-odds)</th><th>feature</th><th>value</th><th>unit</th>
<th>training clips below</th><th>what it is</th></tr>{rows}</table>
</html>
"""
