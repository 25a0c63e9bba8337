// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// Waveforms, drawn by wavesurfer.js from samples that are here already.

import WaveSurfer from "./vendor/wavesurfer/wavesurfer.esm.js";

const BARS = 600;
const nonce = document.querySelector('meta[name="style-nonce"]').content;

/** Stands in for an audio element: wavesurfer only asks it what time it is. */
class Clock extends EventTarget {
  currentTime = 0;
  paused = true;
  ended = false;
  seeking = false;
  muted = false;
  volume = 1;
  playbackRate = 1;
  readyState = 4;
  src = "";
  currentSrc = "";

  constructor(duration) {
    super();
    this.duration = duration;
  }

  play() {}
  pause() {}
  load() {}
  remove() {}
  removeAttribute() {}
  canPlayType() {
    return "";
  }
}

function colours(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    waveColor: colour("--wave"),
    progressColor: colour("--accent"),
    cursorColor: colour("--accent"),
  };
}

/** Peaks of a buffer after its gain. */
export function peaks(buffer, gain) {
  const samples = buffer.getChannelData(0);
  const step = samples.length / BARS;
  return Float32Array.from({ length: BARS }, (_, bar) => {
    let peak = 0;
    const end = Math.min(samples.length, Math.ceil((bar + 1) * step));
    for (let i = Math.floor(bar * step); i < end; i++) peak = Math.max(peak, Math.abs(samples[i]));
    return peak * gain;
  });
}

/** One clip's waveform. */
export class Wave {
  /**
   * @param element Where to draw.
   * @param heights Peaks in 0 to `most`.
   * @param most What fills the height: that of the pair, so that both have one scale.
   * @param duration Of the clip, in s.
   * @param longest Of the pair's longer clip, so that both have one time scale.
   */
  constructor(element, heights, most, duration, longest) {
    this.element = element;
    element.replaceChildren();
    element.style.setProperty("--share", `${(100 * duration) / longest}%`);
    this.clock = new Clock(duration);
    this.surfer = WaveSurfer.create({
      container: element,
      height: "auto",
      peaks: [heights.map((height) => height / (most || 1))],
      duration,
      media: this.clock,
      cspNonce: nonce,
      interact: false,
      hideScrollbar: true,
      barWidth: 2,
      barGap: 2,
      barRadius: 2,
      barMinHeight: 1,
      cursorWidth: 2,
      ...colours(element),
    });
  }

  /** Moves the cursor to a time, in s. */
  show(time) {
    const at = Math.min(time, this.clock.duration);
    if (at === this.clock.currentTime) return;
    this.clock.currentTime = at;
    this.clock.dispatchEvent(new Event("timeupdate"));
  }

  recolour() {
    this.surfer.setOptions(colours(this.element));
  }

  destroy() {
    this.surfer.destroy();
  }
}
