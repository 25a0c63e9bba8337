// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// How a study stands, drawn anew every few seconds.

import { get, getBytes } from "./server.js";

const EVERY = 3000; // ms
const $ = (id) => document.getElementById(id);

/** An element with a class, text or children. */
function make(tag, { className = "", text, children = [], ...rest } = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  for (const [name, value] of Object.entries(rest)) element.setAttribute(name, value);
  return element;
}

const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
const ofAll = ([right, all]) => (all ? `${right} of ${all}` : "–");
const number = (value) => value.toLocaleString("en");

function ago(time) {
  if (time === null) return "–";
  const seconds = Math.max(0, Date.now() / 1000 - time);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** A bar of parts, as shares of one. */
function meter(...shares) {
  return make("div", {
    className: "meter",
    "aria-hidden": "true",
    children: shares.map((share, index) => {
      const part = make("i", { className: index ? "second" : "" });
      part.style.width = `${100 * share}%`;
      return part;
    }),
  });
}

function tile(name, figure, small, detail, ...extra) {
  return make("div", {
    className: "tile",
    children: [
      make("h2", { text: name }),
      make("p", { className: "figure", children: [figure, make("small", { text: small })] }),
      make("p", { className: "detail", text: detail }),
      ...extra,
    ],
  });
}

function agreement({ dimension, alpha, units, judgements }) {
  const figure = alpha === null ? "–" : alpha.toFixed(2);
  const detail = units ? `${dimension}, ${judgements} answers on ${units} pairs` : `${dimension}: no pair was answered twice`;
  return tile("Agreement (Krippendorff’s α)", figure, "", detail);
}

function tiles(state) {
  const { a = 0, b = 0, tie = 0 } = state.sides;
  const all = a + b + tie || 1;
  return [
    tile("Answers", number(state.answers), ` of ${number(state.wanted)}`, `${number(state.pairs)} pairs, ${number(state.golden_pairs)} golden`, meter(state.wanted ? Math.min(1, state.answers / state.wanted) : 0)),
    tile("Pairs finished", number(state.finished), ` of ${number(state.pairs)}`, "", meter(state.pairs ? state.finished / state.pairs : 0)),
    ...state.agreement.map(agreement),
    tile("Side chosen", percent(a + b ? a / (a + b) : null), " A", `${number(a)} A, ${number(b)} B, ${number(tie)} about the same`, meter(a / all, b / all)),
  ];
}

const HEADS = ["Answers", "Skipped", "Broken", "Undone", "Median time", "Side A", "Ties", "Golden right", "Same again", "Last vote"];

function row(rater) {
  const [right, asked] = rater.golden;
  const cells = [
    number(rater.answers),
    number(rater.skipped),
    number(rater.broken),
    number(rater.undone),
    rater.seconds === null ? "–" : `${rater.seconds.toFixed(1)} s`,
    percent(rater.side_a),
    percent(rater.ties),
    ofAll(rater.golden),
    ofAll(rater.repeats),
    ago(rater.last),
  ].map((text, index) => make("td", { text, "data-label": HEADS[index] }));
  if (asked >= 3 && right / asked < 0.7) cells[7].classList.add("poor");
  return make("tr", { children: [make("th", { text: rater.name, scope: "row" }), ...cells] });
}

function link([name, token]) {
  const url = `${location.origin}/#${token}`;
  const copy = make("button", { className: "quiet", text: "Copy", type: "button", "aria-label": `Copy the link of ${name}` });
  const code = make("code", { text: url });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(url);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // there is no clipboard without HTTPS
      copy.textContent = "Selected";
    }
  });
  return make("li", { className: "link", children: [make("b", { text: name }), code, copy] });
}

let known = "";

async function refresh() {
  try {
    const state = await get("/api/organiser");
    document.title = `${state.title}: organiser`;
    $("title").textContent = state.title;
    $("fresh").textContent = "live";
    $("fresh").classList.remove("stale");
    $("notice").hidden = true;
    $("main").hidden = false;
    $("tiles").replaceChildren(...tiles(state));
    $("raters").replaceChildren(...state.raters.map(row));
    const flags = state.flags.length ? state.flags.map((text) => make("li", { text })) : [make("li", { className: "empty", text: "None." })];
    $("flags").replaceChildren(...flags);
    const links = JSON.stringify(state.links);
    if (links !== known) {
      $("links").replaceChildren(...Object.entries(state.links).map(link));
      known = links;
    }
  } catch (error) {
    $("fresh").textContent = "not up to date";
    $("fresh").classList.add("stale");
    $("notice").textContent = error.message;
    $("notice").hidden = false;
    if (error.status === 401) return; // another link is needed
  }
  setTimeout(refresh, EVERY);
}

$("links-toggle").addEventListener("click", () => {
  const isHidden = !$("links-table").hidden;
  $("links-table").hidden = isHidden;
  $("links-toggle").setAttribute("aria-expanded", String(!isHidden));
  $("links-toggle").textContent = isHidden ? "Show" : "Hide";
});
$("export").addEventListener("click", async () => {
  try {
    const url = URL.createObjectURL(new Blob([await getBytes("/api/organiser/export")]));
    make("a", { href: url, download: "prefs.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    $("notice").textContent = error.message;
    $("notice").hidden = false;
  }
});
addEventListener("hashchange", () => location.reload());
refresh();
