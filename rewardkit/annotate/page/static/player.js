// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// Two clips that run in step: both are started together, and a switch only changes which is heard.

const FADE = 0.008; // s, so that a switch does not click
const TICK = 30; // ms
const BIN = 0.02; // s, in which what was heard is counted

/** Events: `change` when playing, side or position changes; `heard` as more is heard. */
export class Player extends EventTarget {
  constructor() {
    super();
    this.context = null;
    this.buffers = [];
    this.gains = [1, 1]; // that bring both to one loudness
    this.isMatched = true;
    this.side = 0;
    this.isPlaying = false;
    this.offset = 0; // s, where the clips stood when they were started
    this.startedAt = 0; // s, on the context's clock
    this.running = [];
    this.bins = [new Uint8Array(0), new Uint8Array(0)];
    this.markedTo = 0; // s, up to where the bins are filled
    this.credit = [0, 0]; // shares heard before, when an answer was undone
  }

  /** The audio context; a browser lets it sound once a key or button has been pressed. */
  audio() {
    this.context ??= new AudioContext({ latencyHint: "interactive" });
    return this.context;
  }

  decode(bytes) {
    return this.audio().decodeAudioData(bytes);
  }

  /** Takes two decoded clips, at rest. */
  load(buffers, gains, credit) {
    this.stop();
    this.buffers = buffers;
    this.gains = gains;
    this.credit = credit;
    this.bins = buffers.map((buffer) => new Uint8Array(Math.max(1, Math.ceil(buffer.duration / BIN))));
    this.side = 0;
    this.offset = 0;
    this.#tell("change");
    this.#tell("heard");
  }

  get position() {
    if (!this.isPlaying) return this.offset;
    return this.offset + Math.max(0, this.context.currentTime - this.startedAt);
  }

  duration(side) {
    return this.buffers[side]?.duration ?? 0;
  }

  /** The share of a side that was heard, each moment counted once. */
  heard(side) {
    const bins = this.bins[side];
    const share = bins.reduce((sum, bin) => sum + bin, 0) / bins.length;
    return Math.max(share, this.credit[side]);
  }

  /** Plays a side: from where the other one is; from the start when it is the one that plays. */
  async play(side) {
    const buffers = this.buffers;
    if (!buffers.length) return;
    const context = this.audio();
    if (context.state !== "running") await context.resume();
    if (this.buffers !== buffers) return; // another pair by now
    const at = this.position;
    const isOver = at >= this.duration(side) - 0.05;
    if (this.isPlaying && side !== this.side && !isOver) {
      this.#mark();
      this.side = side;
      this.#mix();
      this.#tell("change");
      return;
    }
    const isAgain = this.isPlaying && side === this.side;
    this.#start(side, isAgain || isOver ? 0 : at);
  }

  /** Goes on or pauses. */
  toggle() {
    if (this.isPlaying) this.pause();
    else this.play(this.side);
  }

  pause() {
    if (!this.isPlaying) return;
    this.#mark();
    const at = Math.min(this.position, this.duration(this.side));
    this.stop();
    this.offset = at;
    this.#tell("change");
  }

  /** Moves to a time; plays on when playing. */
  seek(time) {
    const to = Math.min(Math.max(0, time), Math.max(0, this.duration(this.side) - 0.05));
    if (this.isPlaying) {
      this.#mark();
      this.#start(this.side, to);
    } else {
      this.offset = to;
      this.#tell("change");
    }
  }

  /** Plays a side from a time. */
  async playFrom(side, time) {
    this.pause();
    this.offset = Math.min(Math.max(0, time), this.duration(side));
    await this.play(side);
  }

  setMatched(isMatched) {
    this.isMatched = isMatched;
    this.#mix();
  }

  gain(side) {
    return this.isMatched ? this.gains[side] : 1;
  }

  stop() {
    clearInterval(this.timer);
    for (const { source, gain } of this.running) {
      const now = this.context.currentTime;
      gain.gain.setTargetAtTime(0, now, FADE / 3);
      source.stop(now + FADE);
    }
    this.running = [];
    this.isPlaying = false;
  }

  #start(side, offset) {
    this.stop();
    const context = this.context;
    const at = context.currentTime + 0.01;
    this.side = side;
    this.running = this.buffers.map((buffer, index) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      const gain = new GainNode(context, { gain: index === side ? this.gain(index) : 0 });
      source.connect(gain).connect(context.destination);
      source.start(at, Math.min(offset, buffer.duration));
      return { source, gain };
    });
    this.offset = offset;
    this.startedAt = at;
    this.markedTo = offset;
    this.isPlaying = true;
    this.timer = setInterval(() => this.#tick(), TICK);
    this.#tell("change");
  }

  #mix() {
    const now = this.context?.currentTime ?? 0;
    this.running.forEach(({ gain }, index) => {
      gain.gain.setTargetAtTime(index === this.side ? this.gain(index) : 0, now, FADE / 3);
    });
  }

  #tick() {
    this.#mark();
    if (this.position >= this.duration(this.side)) {
      this.stop();
      this.offset = 0;
    }
    this.#tell("change");
  }

  /** Counts as heard what was played since the last time. */
  #mark() {
    const bins = this.bins[this.side];
    const to = Math.min(this.position, this.duration(this.side));
    const first = Math.floor(this.markedTo / BIN);
    const last = to >= this.duration(this.side) ? bins.length : Math.floor(to / BIN);
    if (last > first) bins.fill(1, first, last);
    this.markedTo = Math.max(last * BIN, Math.min(this.markedTo, to));
    this.#tell("heard");
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** Two soft tones, to set the volume by: about as loud as speech at -23 LUFS. */
export async function playTones(context) {
  if (context.state !== "running") await context.resume();
  [330, 440].forEach((frequency, index) => {
    const start = context.currentTime + 0.05 + index * 0.45;
    const tone = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setTargetAtTime(0.1, start, 0.02);
    gain.gain.setTargetAtTime(0, start + 0.3, 0.05);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.8);
  });
}
