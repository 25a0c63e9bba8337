# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Model cards: what a checkpoint's manifest says, in words."""

from __future__ import annotations

from typing import Any

from rewardkit.checkpoint import Manifest


def write_card(manifest: Manifest, about: str = "") -> str:
    """The model card of a checkpoint, as Markdown.

    Args:
        manifest: What is known of it.
        about: What only its maker knows, as Markdown: data, licences, the recipe's command,
            limits.

    Example:
        >>> from rewardkit.model import RewardModel
        >>> card = write_card(RewardModel.from_pretrained("prosody").manifest)
        >>> card.splitlines()[0]
        '# prosody'
    """
    measured = ", ".join(f"`{s.name}` {s.version}" for s in manifest.scorers)
    parts = [
        f"# {manifest.name}",
        "A reward model of speech, for rewardkit: clips in, log-odds out.",
        about.strip(),
        "## What it is",
        f"- Dimensions: {', '.join(f'`{name}`' for name in manifest.dimensions)}\n"
        f"- Scorers: {measured} ({len(manifest.features)} features)\n"
        f"- Licence of the weights: {manifest.license}\n"
        f"- Made by rewardkit {manifest.rewardkit}; "
        + ("refuses" if manifest.requires_speech else "accepts")
        + " clips without speech",
        _training(manifest.training),
        _evaluation(manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _training(training: dict[str, Any]) -> str:
    if not training:
        return "## How it was trained\n\nNothing is said of its training."
    shape = "additive over features, each with one slope below its mean and another above"
    if not training["bend"]:
        shape = "linear in standardised features"
    rows = [
        "## How it was trained",
        f"A Bradley-Terry head, {shape}; {training['clips']} clips, "
        + f"{training['members']} bootstrap members over {training['units']} units "
        + f"({training['grouped_by']}).",
        "| dimension | compared pairs | weight decay | counts in the scalar |\n|---|--:|--:|--:|\n"
        + "\n".join(
            f"| {name} | {count} | {training['l2'][name]:g} | {training['mix'][name]:.3g} |"
            for name, count in training["pairs"].items()
        ),
        *_options(training),
        _temperature(training),
        "The scalar's weights were "
        + (
            "learned from `overall` preferences."
            if training["mix_learned"]
            else f"declared{' equal' if len(set(training['mix'].values())) == 1 else ''}, "
            "not learned: no pair said which clip is better over all."
        ),
    ]
    return "\n\n".join(filter(None, rows))


def _temperature(training: dict[str, Any]) -> str:
    found = training.get("temperature") or {}
    if not found:
        return "Rewards were not calibrated on what was left out."
    names = ("value", "low", "high")
    said = ", ".join(
        f"`{name}` {_interval(dict(zip(names, row, strict=True)))}" for name, row in found.items()
    )
    return f"Rewards were divided by the temperature that fits what was left out: {said}."


def _options(training: dict[str, Any]) -> list[str]:
    """What was chosen beyond the plain likelihood, one sentence each."""
    found = []
    for name, (value, low, high) in training.get("tie", {}).items():
        found.append(
            f"Ties in `{name}` have the likelihood `{training['likelihood'][name]}`, parameter "
            f"{value:.3f} ({low:.3f} to {high:.3f})."
        )
    for name, raters in training.get("reliability", {}).items():
        values = sorted(row[0] for row in raters.values())
        found.append(
            f"{len(raters)} raters of `{name}` have a reliability of their own, from "
            f"{values[0]:.2f} to {values[-1]:.2f} of the average one."
        )
    if training.get("decorrelate"):
        found.append(f"Its rewards do not go with {', '.join(training['decorrelate'])}.")
    found += [
        f"Trained with {name} {training[name]:g}."
        for name in ("smoothing", "margin", "center")
        if training.get(name)
    ]
    return found


def _evaluation(manifest: Manifest) -> str:
    if not manifest.evaluation:
        return "## How good it is\n\nNot evaluated on clips that were left out."
    rows = []
    notes = [n for r in manifest.evaluation["dimensions"] for n in r.get("warnings", [])]
    for result in manifest.evaluation["dimensions"]:
        rows.append(f"| {result['dimension']} | the model | {_interval(result['accuracy'])} |")
        rows += [
            f"| {result['dimension']} | the {rule['choice']} clip | {_interval(rule['accuracy'])} |"
            if rule["rule"] != "side"
            else f"| {result['dimension']} | always {rule['choice']} | "
            f"{_interval(rule['accuracy'])} |"
            for rule in result["rules"]
        ]
    held = manifest.training["grouped_by"]
    return (
        "## How good it is\n\nShare of pairs on which the choice is the one in the preference "
        f"file, each {held} left out of training in turn, with "
        f"{manifest.evaluation['level']:.0%} intervals "
        f"(bootstrap over what was left out).\n\n| dimension | choosing | agrees |\n|---|---|---|\n"
        + "\n".join(rows)
        + _calibration(manifest.evaluation["dimensions"])
        + _shortcuts(manifest.evaluation["dimensions"])
        + "".join(f"\n{'' if place else chr(10)}- {note}" for place, note in enumerate(notes))
        + _strict(manifest.evaluation)
    )


def _strict(evaluation: dict[str, Any]) -> str:
    found = evaluation.get("others", {}).get("strict")
    if found is None:
        return ""
    rows = "\n".join(
        f"| {result['dimension']} | {_interval(result['accuracy'])} |"
        for result in found["dimensions"]
    )
    return (
        "\n\n## How good it is on two voices it does not know\n\nAbove, one side of a pair may be "
        "a voice from training. Here both are left out (with the weight decay of the weights, "
        "which was chosen on all pairs); the temperature of the weights is the "
        f"one that fits these tests.\n\n| dimension | agrees |\n|---|---|\n{rows}"
        + _calibration(found["dimensions"])
    )


def _calibration(results: list[dict[str, Any]]) -> str:
    rows = []
    for result in results:
        found = result.get("calibration")
        if found is None:
            continue
        less = found["debiased"] or {"value": found["error"], "low": None, "high": None}
        slope = "none" if found["slope"] is None else _interval(found["slope"])
        rows.append(
            f"| {result['dimension']} | {found['error']:.3f} | {found['floor']:.3f} | "
            f"{_interval(less)} | {slope} |"
        )
    if not rows:
        return ""
    return (
        "\n\nHow honest its log-odds are on the same pairs. ECE, expected calibration error, is "
        "the mean distance of agreement from confidence over bins of equal mass; chance alone "
        "gives a calibrated model the second number. The slope is what the log-odds would have to "
        "be multiplied by: below 1 they are too sure.\n\n| dimension | ECE | calibrated model | "
        "less its bias | slope |\n|---|--:|--:|---|---|\n" + "\n".join(rows)
    )


def _shortcuts(results: list[dict[str, Any]]) -> str:
    rows = [
        f"| {result['dimension']} | {one['of']} | {one['to']} | {', '.join(one['given'])} | "
        f"{_interval(one['value'])} |"
        for result in results
        for one in result.get("partials", [])
    ]
    if not rows:
        return ""
    return (
        "\n\nPartial correlations over the same pairs: what reward and answers go with, the rest "
        "held fixed.\n\n| dimension | of | with | given | |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
    )


def _interval(accuracy: dict[str, float | None] | None) -> str:
    if accuracy is None:
        return "no majority in any pair"
    if accuracy["low"] is None or accuracy["high"] is None:
        return f"{accuracy['value']:.3f}"
    return f"{accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f})"
