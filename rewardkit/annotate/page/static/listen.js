// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// The listening test: which screen is shown, and what keys and buttons do.

import { Player, playTones } from "./player.js";
import { Questions } from "./questions.js";
import { Outbox, getBytes, newId, persist, post } from "./server.js";
import { Wave, peaks } from "./waves.js";

const $ = (id) => document.getElementById(id);
const SCREENS = ["loading", "consent", "listen", "done", "trouble"];
const LETTERS = ["A", "B"];

const player = new Player();
let study; // what /api/session said
let outbox;
let questions;
let shown = null; // the presentation
let undoes = null; // the vote that an undo would take back
let waves = [];
let since = 0;
let isBusy = true; // while something is sent
let isWaiting = false; // for the server, and the notice says so

// Screens and messages

function screen(name) {
  for (const id of SCREENS) $(id).hidden = id !== name;
  $("help-open").hidden = name !== "listen";
  $("count").hidden = $("progress").hidden = name !== "listen";
  const heading = $(name).querySelector("h1");
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function announce(text) {
  $("announce").textContent = "";
  requestAnimationFrame(() => ($("announce").textContent = text));
}

function notice(text) {
  $("notice").textContent = text ?? "";
  $("notice").hidden = !text;
}

function onWait(error) {
  if (!error) {
    if (isWaiting) notice(null);
  } else {
    const what =
      error.code === "not_saved" ? "The server can’t save just now." : error.status === 0 ? "No connection." : "The server can’t answer just now.";
    notice(`${what} ${outbox.items.length ? "Your answer is kept here and sent again." : "Trying again."}`);
  }
  isWaiting = Boolean(error);
}

function trouble(error) {
  console.error(error);
  player.stop();
  $("trouble-text").textContent = `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`.replace("..", ".");
  screen("trouble");
}

/** Runs one thing at a time; what fails for good is shown. */
async function doing(work) {
  if (isBusy) return;
  isBusy = true;
  notice(null);
  try {
    await work();
  } catch (error) {
    trouble(error);
  } finally {
    isBusy = false;
    if (!$("listen").hidden) draw();
  }
}

// One pair after the other

async function begin() {
  study = await persist(() => post("/api/session"), (error) => notice(error && "Waiting for the server."));
  document.title = study.title;
  $("study-title").textContent = study.title;
  $("who").textContent = study.rater;
  $("instructions").replaceChildren(
    ...study.instructions.map((text) => Object.assign(document.createElement("p"), { textContent: text })),
  );
  questions ??= new Questions($("questions"), study.questions, study.strength, (answers) => vote("answer", answers));
  $("help-clearly").hidden = !study.strength;
  $("help-vote").textContent = study.strength ? "A or B is slightly better" : "A or B is better";
  outbox = new Outbox(`${study.study}-${study.rater}`, onWait);
  await flush();
  if (study.consented) await next();
  else screen("consent");
}

/** Sends what an earlier page left; what was answered meanwhile elsewhere is let go. */
async function flush() {
  try {
    await outbox.flush();
  } catch (error) {
    if (error.status !== 409 && error.status !== 404) throw error;
    await flush();
  }
}

async function next() {
  const state = await persist(() => post("/api/next", { session: study.session }), onWait);
  undoes = state.undoes;
  for (const button of [$("undo"), $("done-undo")]) button.disabled = undoes === null;
  $("count").textContent = `${Math.min(state.done + 1, state.total)} / ${state.total}`;
  $("count").setAttribute("aria-label", `Pair ${state.done + 1} of about ${state.total}`);
  $("progress").max = Math.max(1, state.total);
  $("progress").value = state.done;
  shown = state.presentation;
  if (shown === null) {
    player.stop();
    $("done-count").textContent = state.done === 1 ? "One answer is kept." : `${state.done} answers are kept.`;
    screen("done");
    return;
  }
  show().catch(trouble); // not waited for: what does not load can be skipped
}

async function show() {
  const mine = shown;
  const isShown = () => shown === mine;
  player.stop();
  questions.clear();
  questions.setOpen(false);
  $("text").hidden = !shown.text;
  $("text").textContent = shown.text ?? "";
  $("listen").setAttribute("aria-busy", "true");
  delete $("listen").dataset.pair;
  screen("listen");
  for (const wave of waves) wave.destroy();
  waves = [];
  const [a, b] = mine.clips;
  player.load([], [a.gain, b.gain], mine.heard);
  $("gate").textContent = "Loading";
  since = performance.now();
  try {
    const buffers = await Promise.all(
      mine.clips.map(async ({ url }) => {
        const bytes = await persist(() => getBytes(url), (error) => isShown() && onWait(error), isShown);
        return player.decode(bytes);
      }),
    );
    if (!isShown()) return;
    player.load(buffers, [a.gain, b.gain], mine.heard);
    const heights = buffers.map((buffer, side) => peaks(buffer, mine.clips[side].gain));
    const most = Math.max(...heights.map((values) => Math.max(...values)));
    const longest = Math.max(...buffers.map((buffer) => buffer.duration));
    waves = buffers.map(
      (buffer, side) => new Wave($(side ? "wave-b" : "wave-a"), Array.from(heights[side]), most, buffer.duration, longest),
    );
    since = performance.now();
    announce("New pair. Press 1 for A, 2 for B.");
  } catch (error) {
    if (!isShown()) return;
    $("gate").textContent = "A clip can’t be played. Choose “Broken sound” to go on.";
    announce($("gate").textContent);
    console.error(error);
  }
  $("listen").removeAttribute("aria-busy");
  $("listen").dataset.pair = mine.id;
  draw();
}

function vote(action, answers = []) {
  if (action === "answer" && !isHeard()) return;
  doing(async () => {
    player.pause();
    const body = {
      id: newId(),
      presentation: shown.id,
      action,
      answers,
      seconds: (performance.now() - since) / 1000,
      heard: player.buffers.length ? [player.heard(0), player.heard(1)] : [0, 0],
      session: study.session,
    };
    let isKept = true;
    try {
      await outbox.send("/api/votes", body);
    } catch (error) {
      if (error.status !== 409) throw error; // answered in another window: go on
      isKept = false;
    }
    if (isKept) announce({ answer: "Kept.", skip: "Skipped.", broken: "Reported as broken." }[action]);
    await next();
    if (!isKept) notice("That pair was answered in another window. What you said there is kept.");
  });
}

function undo() {
  if (undoes === null) return;
  doing(async () => {
    try {
      await outbox.send("/api/undo", { id: newId(), undoes, session: study.session });
    } catch (error) {
      if (error.status !== 409) throw error;
    }
    await next();
    announce("Undone. This is the pair before.");
  });
}

// What is drawn

const time = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

function isHeard() {
  return player.buffers.length === 2 && [0, 1].every((side) => player.heard(side) >= study.heard);
}

function draw() {
  const position = player.position;
  document.querySelectorAll(".clip").forEach((clip, side) => {
    const isSounding = player.isPlaying && player.side === side;
    clip.classList.toggle("sounding", isSounding);
    clip.querySelector("[data-label]").textContent = `${isSounding ? "Playing" : "Play"} ${LETTERS[side]}`;
    const has = player.buffers.length === 2;
    clip.querySelector(".play").disabled = !has;
    clip.querySelector(".time").textContent = has
      ? `${time(Math.min(position, player.duration(side)))} / ${time(player.duration(side))}`
      : "";
    const share = has ? player.heard(side) : 0;
    const enough = share >= study.heard;
    const heard = clip.querySelector(".heard");
    heard.classList.toggle("enough", enough);
    const text = enough ? "heard" : `${Math.floor(100 * share)} % heard`;
    if (heard.textContent !== text) heard.textContent = text;
    waves[side]?.show(position);
  });
  if (!player.buffers.length) return;
  const open = isHeard();
  if (open !== questions.isOpen && !isBusy) questions.setOpen(open);
  const missing = LETTERS.filter((_, side) => player.heard(side) < study.heard);
  const text = open ? "You can answer now." : `Listen to ${missing.join(" and ")} first: at least ${Math.round(100 * study.heard)} %`;
  if ($("gate").textContent !== text) {
    if (open) announce(text);
    $("gate").textContent = text;
  }
}

player.addEventListener("change", draw);
player.addEventListener("heard", draw);

// Keys and buttons

const KEYS = {
  1: () => player.play(0),
  2: () => player.play(1),
  " ": () => player.toggle(),
  arrowleft: () => player.seek(player.position - 1),
  arrowright: () => player.seek(player.position + 1),
  arrowup: () => questions.move(-1),
  arrowdown: () => questions.move(1),
  a: (event) => press("a", event),
  b: (event) => press("b", event),
  t: (event) => press("tie", event),
  s: () => vote("skip"),
  x: () => vote("broken"),
  u: undo,
};

function press(choice, event) {
  if (isBusy) return;
  if (isHeard()) questions.press(choice, event.shiftKey);
  else announce($("gate").textContent);
}

function isForPage(event) {
  if (event.key === " " && event.target.matches("input")) return false; // it turns a switch
  return !(event.ctrlKey || event.metaKey || event.altKey || $("help").open);
}

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!isForPage(event) || !(key in KEYS) || !$("keys-on").checked) return;
  if ($("listen").hidden) {
    if (key === "u" && !$("done").hidden) undo();
    return;
  }
  event.preventDefault();
  if (!event.repeat || key.startsWith("arrow")) KEYS[key](event);
});
document.addEventListener("keyup", (event) => {
  // Else the space bar would also press the focused button.
  if (event.key === " " && isForPage(event) && !$("listen").hidden && $("keys-on").checked) event.preventDefault();
});

$("play-a").addEventListener("click", () => (player.isPlaying && player.side === 0 ? player.pause() : player.play(0)));
$("play-b").addEventListener("click", () => (player.isPlaying && player.side === 1 ? player.pause() : player.play(1)));
["wave-a", "wave-b"].forEach((id, side) => {
  $(id).addEventListener("click", (event) => {
    const box = $(id).getBoundingClientRect();
    player.playFrom(side, ((event.clientX - box.left) / box.width) * player.duration(side));
  });
});
$("matched").addEventListener("change", (event) => player.setMatched(event.target.checked));
$("undo").addEventListener("click", undo);
$("done-undo").addEventListener("click", undo);
$("skip").addEventListener("click", () => vote("skip"));
$("broken").addEventListener("click", () => vote("broken"));
$("more").addEventListener("click", () => doing(next));
$("retry").addEventListener("click", () => location.reload());
$("help-open").addEventListener("click", () => $("help").showModal());
$("sound-check").addEventListener("click", () => playTones(player.audio()));
$("begin").addEventListener("click", () =>
  doing(async () => {
    await persist(() => post("/api/consent"), onWait);
    await next();
  }),
);
addEventListener("hashchange", () => location.reload());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const wave of waves) wave.recolour();
});

isBusy = false;
doing(begin);
